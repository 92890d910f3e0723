#include <algorithm>
#include <limits>
#include <map>
#include <memory>

#include "base/assert.h"
#include "bytes/endian.h"
#include "storage/segment_set.h"

// A log directory whose last index and data file are any bytes. With the first byte odd the entries' checksums are
// repaired first, so that hostile fields get past them. Opening, reading, searching and rewriting must neither crash
// nor loop.
namespace {

using namespace millrace;

/// Just enough of a file system: files in a map, no faults.
class MapDisk final : public io::Disk {
 public:
  using Content = std::shared_ptr<bytes::ByteVector>;
  std::map<std::string, Content> files;

  class MapFile final : public io::File {
   public:
    explicit MapFile(Content content) : content_(std::move(content)) {}
    io::Result<std::size_t> read_at(std::uint64_t position, std::span<std::uint8_t> into) override {
      if (position >= content_->size()) return std::size_t{0};
      const std::size_t count = std::min(into.size(), content_->size() - static_cast<std::size_t>(position));
      std::copy_n(content_->begin() + static_cast<std::ptrdiff_t>(position), count, into.begin());
      return count;
    }
    io::Result<void> write_at(std::uint64_t position, std::span<const bytes::ByteView> parts) override {
      for (const bytes::ByteView part : parts) {
        if (position + part.size() > (1U << 24)) return base::fail(io::IoErrc::no_space, "large");
        if (content_->size() < position + part.size())
          content_->resize(static_cast<std::size_t>(position) + part.size());
        std::copy(part.begin(), part.end(), content_->begin() + static_cast<std::ptrdiff_t>(position));
        position += part.size();
      }
      return {};
    }
    io::Result<void> sync() override { return {}; }
    io::Result<std::uint64_t> size() override { return content_->size(); }
    io::Result<void> truncate(std::uint64_t size) override {
      content_->resize(static_cast<std::size_t>(size));
      return {};
    }
    io::Result<void> allocate(std::uint64_t) override { return {}; }

   private:
    Content content_;
  };

  io::Result<std::unique_ptr<io::File>> open(const std::string& path, io::OpenMode mode) override {
    if (mode == io::OpenMode::create_read_write) files[path] = std::make_shared<bytes::ByteVector>();
    const auto it = files.find(path);
    if (it == files.end()) return base::fail(io::IoErrc::not_found, path);
    return std::make_unique<MapFile>(it->second);
  }
  io::Result<std::vector<std::string>> list(const std::string& directory) override {
    std::vector<std::string> names;
    for (const auto& [path, content] : files) names.push_back(path.substr(directory.size() + 1));
    return names;
  }
  bool exists(const std::string&) override { return true; }
  io::Result<void> make_directory(const std::string&) override { return {}; }
  io::Result<void> rename(const std::string&, const std::string&) override { return {}; }
  io::Result<void> remove(const std::string& path) override {
    files.erase(path);
    return {};
  }
  io::Result<void> remove_tree(const std::string&) override { return {}; }
  io::Result<void> sync_directory(const std::string&) override { return {}; }
  io::Result<base::Bytes> free_space() override { return base::mib(1); }
  io::Result<std::unique_ptr<io::DirectoryLock>> lock() override { return base::fail(io::IoErrc::failed, "none"); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace::storage;
  if (size < 4) return 0;
  const std::uint8_t flags = data[0];
  const Offset recorded_end(data[1]);
  const std::size_t index_size = std::min<std::size_t>(size - 3, std::size_t{data[2]} * 32);
  const LogId log(7);
  const std::string directory = log_directory("s", log);
  const SegmentName name{Offset(0), (flags & 2) != 0 ? 1U : 0U};
  auto index = std::make_shared<bytes::ByteVector>(data + 3, data + 3 + index_size);
  auto content = std::make_shared<bytes::ByteVector>(data + 3 + index_size, data + size);
  if ((flags & 1) != 0) {
    // Keep the fields, make the checksums true.
    bytes::ByteVector repaired;
    encode_index_header(repaired,
                        {.log = log, .name = name, .bytes_before = flags, .entries = data[2], .end = recorded_end});
    for (std::uint32_t slot = 0; index_entry_position(slot + 1) <= index->size(); ++slot) {
      const std::uint8_t* field = index->data() + index_entry_position(slot);
      IndexEntry entry;
      // The largest offsets, whose last one cannot be written as an entry, are left out.
      entry.base =
          Offset(std::min(bytes::load_be<std::int64_t>(field), std::numeric_limits<std::int64_t>::max() - 255));
      entry.last = Offset(entry.base.value + field[11]);
      entry.length = bytes::load_be<std::uint32_t>(field + 12);
      entry.position = bytes::load_be<std::uint64_t>(field + 16);
      entry.epoch = Epoch(field[27]);
      entry.batch_crc = bytes::load_be<std::uint32_t>(field + 28);
      entry.appended_at = Timestamp(field[39]);
      entry.max_timestamp = Timestamp(field[47]);
      entry.running_max = Timestamp(field[55]);
      entry.greatest_expiry = Timestamp(entry.appended_at.value + field[59]);
      encode_index_entry(repaired, entry, log, name, slot);
    }
    *index = std::move(repaired);
  }
  MapDisk disk;
  disk.files[index_path(directory, name)] = index;
  disk.files[segment_path(directory, name)] = content;
  FileCache cache(disk, 4);
  (void)SegmentSet::verify_flushed(cache, directory, log, Offset(0), recorded_end).has_value();
  std::vector<QuarantinedRange> damage;
  auto opened = SegmentSet::open(
      {.cache = &cache, .directory = directory, .log = log, .start = Offset(0), .recorded_end = recorded_end}, damage);
  if (!opened.has_value()) return 0;
  SegmentSet& set = **opened;
  for (Offset at(0); at < set.end() && at < Offset(1000);) {
    SegmentRead read = set.plan_read({at, set.end(), base::kib(4)});
    const auto batches = read.execute();
    set.finish(std::move(read));
    const Offset before = at;
    if (batches.has_value() && batches->empty()) break;
    at = batches.has_value() ? batches->back().last_offset + Offset(1) : set.skip_quarantined(at);
    MILLRACE_ASSERT(at > before, "read at {} does not get on", before.value);
  }
  (void)set.plan_find_time(Offset(1), Timestamp(5)).execute().has_value();
  (void)set.plan_find_max_time(Offset(1)).execute().has_value();
  (void)set.plan_retention(Timestamp(9), {.retain_bytes = Bytes(1), .retain_time = Millis(1)}, Bytes(0))
      .execute()
      .has_value();
  (void)set.plan_find_expired({Offset(1), recorded_end, Timestamp(9), Millis(3)}).execute().has_value();
  if (auto rewrite = set.plan_rewrite(Offset(0)); rewrite.has_value()) {
    if (rewrite->load().has_value() && rewrite->choose([](Offset first, Offset) { return first.value % 4 == 0; })) {
      (void)rewrite->execute().has_value();
    }
    (void)set.finish(std::move(*rewrite)).execute().has_value();
  }
  return 0;
}
