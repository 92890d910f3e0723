#include <array>
#include <string>
#include <utility>

#include "bytes/view.h"
#include "model/batch.h"
#include "storage/segment_index.h"
#include "storage/segment_jobs.h"

namespace millrace::storage {

namespace {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

}  // namespace

Result<void> SegmentWrite::execute() {
  if (auto written = write(); !written.has_value()) return written;
  std::set<std::string> parents;
  return sync(parents);
}

Result<void> SegmentWrite::write() {
  if (create_directory_) {
    if (auto made = snapshot_.cache->disk().make_directory(*snapshot_.directory); !made.has_value()) {
      return storage_failure(std::move(made.error()));
    }
  }
  if (auto removed = remove_leftovers(); !removed.has_value()) return removed;
  note_expiry();
  for (const Part& part : parts_) {
    created_ |= part.create;
    if (auto written = write_part(part); !written.has_value()) return written;
  }
  return {};
}

Result<void> SegmentWrite::sync(std::set<std::string>& parents) {
  for (const Files& files : written_) {
    for (io::File* file : {files.data.get(), files.index.get()}) {
      if (auto synced = file->sync(); !synced.has_value()) return io_failure(std::move(synced.error()));
    }
  }
  written_.clear();
  return sync_directories(parents);
}

/// Looks into the batches, which is why it is done here and not on the loop.
void SegmentWrite::note_expiry() {
  for (Part& part : parts_) {
    Timestamp greatest = part.before.greatest_expiry;
    for (std::size_t i = part.first_batch; i < part.first_batch + part.batch_count; ++i) {
      if (greatest != kNeverExpires) {
        greatest = std::max(greatest, greatest_expiry(batches_[i].bytes.view, batches_[i].appended_at));
      }
      entries_[i].greatest_expiry = greatest;
    }
    part.after.greatest_expiry = greatest;
  }
}

Result<void> SegmentWrite::remove_leftovers() {
  io::Disk& disk = snapshot_.cache->disk();
  for (const SegmentName name : leftovers_) {
    for (const std::string& path : {index_path(*snapshot_.directory, name), segment_path(*snapshot_.directory, name)}) {
      snapshot_.cache->forget(path);
      if (!disk.exists(path)) continue;
      if (auto removed = disk.remove(path); !removed.has_value()) return storage_failure(std::move(removed.error()));
    }
  }
  if (!cut_.has_value()) return {};
  auto files = open_files(cut_->name);
  if (!files.has_value()) return std::unexpected(std::move(files.error()));
  for (auto [file, size] : {std::pair(files->index.get(), index_entry_position(cut_->entries)),
                            std::pair(files->data.get(), cut_->position)}) {
    const auto now = file->size();
    if (!now.has_value()) return storage_failure(now.error());
    if (*now <= size) continue;
    if (auto cut = file->truncate(size); !cut.has_value()) return storage_failure(std::move(cut.error()));
    if (auto synced = file->sync(); !synced.has_value()) return io_failure(std::move(synced.error()));
  }
  return {};
}

Result<SegmentWrite::Files> SegmentWrite::create_files(SegmentName name) {
  auto data = snapshot_.cache->create(segment_path(*snapshot_.directory, name));
  if (!data.has_value()) return storage_failure(std::move(data.error()));
  auto index = snapshot_.cache->create(index_path(*snapshot_.directory, name));
  if (!index.has_value()) return storage_failure(std::move(index.error()));
  return Files{std::move(*data), std::move(*index)};
}

Result<SegmentWrite::Files> SegmentWrite::open_files(SegmentName name) {
  auto data = snapshot_.cache->open(segment_path(*snapshot_.directory, name));
  if (!data.has_value()) return io_failure(std::move(data.error()));
  auto index = snapshot_.cache->open(index_path(*snapshot_.directory, name));
  if (!index.has_value()) return io_failure(std::move(index.error()));
  return Files{std::move(*data), std::move(*index)};
}

Result<void> SegmentWrite::write_part(const Part& part) {
  const SegmentName name = part.after.name;
  auto files = part.create ? create_files(name) : open_files(name);
  if (!files.has_value()) return std::unexpected(std::move(files.error()));

  bytes::ByteVector index;
  bytes::ByteVector data_header;
  std::uint64_t index_position = index_entry_position(part.before.entries);
  std::uint64_t data_position = part.before.position;
  std::vector<std::array<std::uint8_t, model::kBatchPrefixSize>> prefixes(part.batch_count);
  std::vector<bytes::ByteView> data;
  data.reserve(part.batch_count * 2 + 1);
  if (part.create) {
    encode_segment_header(data_header, snapshot_.log, name);
    encode_index_header(index, {.log = snapshot_.log,
                                .name = name,
                                .bytes_before = part.before.bytes_before,
                                .max_timestamp_before = part.before.max_timestamp_before});
    data.push_back(data_header);
    index_position = 0;
    data_position = 0;
  }
  for (std::size_t i = 0; i < part.batch_count; ++i) {
    const BatchRef& batch = batches_[part.first_batch + i];
    const bytes::ByteView stored = batch.bytes.view;
    model::write_batch_prefix(prefixes[i].data(), batch.base_offset, static_cast<std::int32_t>(stored.size() - 12),
                              batch.epoch);
    data.push_back(prefixes[i]);
    data.push_back(stored.subspan(model::kBatchPrefixSize));
    encode_index_entry(index, entries_[part.first_batch + i], snapshot_.log, name,
                       part.before.entries + static_cast<std::uint32_t>(i));
  }
  if (auto written = files->data->write_at(data_position, data); !written.has_value()) {
    return storage_failure(std::move(written.error()));
  }
  if (auto written = files->index->write_at(index_position, bytes::ByteView(index)); !written.has_value()) {
    return storage_failure(std::move(written.error()));
  }
  files->data->start_write_back();
  files->index->start_write_back();
  written_.push_back(std::move(*files));
  return {};
}

Result<void> SegmentWrite::sync_directories(std::set<std::string>& parents) {
  io::Disk& disk = snapshot_.cache->disk();
  if (created_ || !leftovers_.empty()) {
    if (auto synced = disk.sync_directory(*snapshot_.directory); !synced.has_value()) {
      return io_failure(std::move(synced.error()));
    }
  }
  if (!create_directory_) return {};
  // The log's directory in logs/, and logs/ itself, which may be as new.
  std::string parent = parent_of(*snapshot_.directory);
  for (int level = 0; level < 2 && !parent.empty(); ++level, parent = parent_of(parent)) {
    if (!parents.insert(parent).second) continue;
    if (auto synced = disk.sync_directory(parent); !synced.has_value()) return io_failure(std::move(synced.error()));
  }
  return {};
}

}  // namespace millrace::storage
