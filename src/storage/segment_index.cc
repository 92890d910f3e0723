#include "storage/segment_index.h"

#include <algorithm>
#include <utility>

#include "storage/disk_damage.h"

namespace millrace::storage {

std::unexpected<StorageError> storage_failure(io::IoError error) {
  StorageErrc code = StorageErrc::io;
  if (error.code == io::IoErrc::no_space) code = StorageErrc::disk_full;
  if (error.code == io::IoErrc::not_found) code = StorageErrc::below_start;
  if (error.code == io::IoErrc::bad_medium) code = StorageErrc::damaged;
  return base::fail(code, std::move(error.detail));
}

std::size_t read_patiently(io::File& file, std::uint64_t position, std::span<std::uint8_t> into, bool* failed) {
  constexpr int kAttempts = 3;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (const auto count = file.read_at(position, into); count.has_value()) return *count;
  }
  if (failed != nullptr) *failed = true;
  return 0;
}

Result<IndexReader> IndexReader::open(FileCache& cache, const std::string& directory, LogId log, SegmentName name,
                                      std::optional<std::uint32_t> entries) {
  IndexReader reader;
  auto file = cache.open(index_path(directory, name));
  if (!file.has_value()) return storage_failure(std::move(file.error()));
  reader.file_ = std::move(*file);
  reader.log_ = log;
  reader.name_ = name;
  if (entries.has_value()) {
    reader.count_ = *entries;
    return reader;
  }
  const auto size = reader.file_->size();
  if (!size.has_value()) return storage_failure(size.error());
  const std::uint64_t room = *size > kIndexHeaderSize ? (*size - kIndexHeaderSize) / kIndexEntrySize : 0;
  reader.count_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(room, kMaxIndexEntries));
  return reader;
}

Result<IndexReader> IndexReader::open(const SegmentSnapshot& snapshot, std::size_t index) {
  const SegmentName name = (*snapshot.list)[index];
  std::optional<std::uint32_t> entries;
  if (snapshot.open.name == name) entries = snapshot.open.entries;
  return open(*snapshot.cache, *snapshot.directory, snapshot.log, name, entries);
}

Result<IndexHeader> IndexReader::header() {
  bytes::ByteVector buffer(kIndexHeaderSize);
  buffer.resize(read_patiently(*file_, 0, buffer, &unreadable_));
  return decode_index_header(buffer, log_, name_);
}

std::optional<IndexEntry> IndexReader::entry(std::uint32_t slot) {
  if (slot >= count_) return std::nullopt;
  const std::uint32_t first = slot / kBlockEntries * kBlockEntries;
  if (block_.empty() || first != block_first_) {
    block_.resize(std::size_t{std::min(kBlockEntries, count_ - first)} * kIndexEntrySize);
    bool failed = false;
    std::size_t read = read_patiently(*file_, index_entry_position(first), block_, &failed);
    // One bad sector must not hide the entries on the others.
    if (failed && read_around_damage(*file_, index_entry_position(first), block_)) read = block_.size();
    unreadable_ |= failed;
    std::fill(block_.begin() + static_cast<std::ptrdiff_t>(read), block_.end(), std::uint8_t{0});
    block_first_ = first;
  }
  const std::size_t at = std::size_t{slot - first} * kIndexEntrySize;
  return decode_index_entry(bytes::ByteView(block_).subspan(at, kIndexEntrySize), log_, name_, slot);
}

std::uint32_t IndexReader::next_good(std::uint32_t slot) {
  while (slot < count_ && !entry(slot).has_value()) ++slot;
  return slot;
}

std::optional<IndexEntry> IndexReader::last_good(std::uint32_t slot) {
  while (slot > 0) {
    if (const auto found = entry(--slot); found.has_value()) return found;
  }
  return std::nullopt;
}

}  // namespace millrace::storage
