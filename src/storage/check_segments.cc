#include <algorithm>
#include <optional>

#include "storage/check.h"
#include "storage/segment_files.h"
#include "storage/segment_index.h"

namespace millrace::storage {

namespace {

/// Reads the segments of one log one after the other.
class LogChecker {
 public:
  LogChecker(FileCache& cache, std::string directory, LogId id, const CheckedLog& log, CheckReport& report,
             SegmentTotals& totals)
      : cache_(cache), directory_(std::move(directory)), id_(id), log_(log), report_(report), totals_(totals) {}

  Result<void> run();

 private:
  Result<void> check_segment(SegmentName name, Offset end, bool last);
  bool check_headers(IndexReader& index, io::File& data);
  bool check_entries(IndexReader& index, io::File& data, Offset end, bool last);
  bool check_entry(const IndexEntry& entry, Offset end);
  void check_batch(io::File& data, const IndexEntry& entry);
  template <class... Args>
  void problem(fmt::format_string<Args...> format, Args&&... args) {
    report_.problem("log {:016x}, segment {}: {}", id_.value, name_.base.value,
                    fmt::format(format, std::forward<Args>(args)...));
  }

  FileCache& cache_;
  std::string directory_;
  LogId id_;
  const CheckedLog& log_;
  CheckReport& report_;
  SegmentTotals& totals_;
  SegmentName name_;
  IndexHeader header_;
  /// Where the next entry must begin.
  Offset expected_{0};
  std::uint64_t position_ = 0;
  Timestamp running_max_{-1};
  /// Bytes ever appended up to here, for the next segment's header to confirm.
  std::optional<std::uint64_t> bytes_ever_;
  bytes::ByteVector buffer_;
};

Result<void> LogChecker::run() {
  std::vector<std::string> foreign;
  const auto found = list_segment_files(cache_.disk(), directory_, &foreign);
  if (!found.has_value() && found.error().code == StorageErrc::damaged) {
    report_.problem("log {:016x}: {}", id_.value, found.error().detail);
    return {};
  }
  if (!found.has_value()) return std::unexpected(found.error());
  for (const std::string& file : foreign) report_.note("unknown file {}/{}", directory_, file);
  Offset covered = log_.start;
  for (auto it = found->begin(); it != found->end(); ++it) {
    const auto& [base, generations] = *it;
    const auto next = std::next(it);
    const bool last = next == found->end() || next->first >= log_.flushed;
    const Offset end = last ? std::max(log_.flushed, base) : next->first;
    const auto generation = valid_generation(cache_, directory_, id_, base, generations);
    for (const auto& [number, pair] : generations) {
      if (generation.has_value() && number != *generation) {
        report_.note("log {:016x}: generation {} of segment {} is a leftover", id_.value, number, base.value);
      }
    }
    name_ = {base, generation.value_or(0)};
    const bool trimmed =
        !generation.has_value() && is_trimmed_leftover(cache_, directory_, id_, base, generations, log_.start);
    if (base >= log_.flushed || end <= log_.start || trimmed) {
      // Beyond what was confirmed, or below the start: removed at the next start.
      report_.note("log {:016x}: segment {} is a leftover", id_.value, base.value);
      continue;
    }
    if (!generation.has_value()) {
      problem("a file is missing, so offsets {}..{} are", base.value, end.value - 1);
      bytes_ever_.reset();
    } else if (auto checked = check_segment(name_, end, last); !checked.has_value()) {
      if (checked.error().code != StorageErrc::damaged) return checked;
      problem("{}", checked.error().detail);
      bytes_ever_.reset();
    }
    covered = end;
  }
  if (covered < log_.flushed) {
    report_.problem("log {:016x}: offsets {}..{} are missing from its segments", id_.value, covered.value,
                    log_.flushed.value - 1);
  }
  return {};
}

Result<void> LogChecker::check_segment(SegmentName name, Offset end, bool last) {
  ++totals_.segments;
  auto index = IndexReader::open(cache_, directory_, id_, name);
  if (!index.has_value()) return std::unexpected(std::move(index.error()));
  auto data = cache_.open(segment_path(directory_, name));
  if (!data.has_value()) return storage_failure(std::move(data.error()));
  const auto header = index->header();
  if (!header.has_value() && header.error().code == StorageErrc::newer_version) {
    return std::unexpected(header.error());
  }
  const bool headers = check_headers(*index, **data);
  const bool entries = check_entries(*index, **data, end, last);
  if (!headers || !entries) {
    bytes_ever_.reset();
    return {};
  }
  const std::uint64_t bytes = name.generation == 0 ? position_ - kSegmentHeaderSize : header_.original_bytes;
  bytes_ever_ = header_.bytes_before + bytes;
  return {};
}

bool LogChecker::check_headers(IndexReader& index, io::File& data) {
  bytes::ByteVector data_header(kSegmentHeaderSize);
  data_header.resize(read_patiently(data, 0, data_header));
  bool good = true;
  if (const auto checked = check_segment_header(data_header, id_, name_); !checked.has_value()) {
    problem("data file: {}", checked.error().detail);
    good = false;
  }
  const auto header = index.header();
  if (!header.has_value()) {
    problem("index file: {}", header.error().detail);
    return false;
  }
  header_ = *header;
  if (bytes_ever_.has_value() && header_.bytes_before != *bytes_ever_) {
    problem("{} bytes should come before it, there are {}", header_.bytes_before, *bytes_ever_);
  }
  if (name_.generation > 0 && header_.entries != index.count()) {
    problem("the index has {} entries instead of {}", index.count(), header_.entries);
  }
  return good;
}

bool LogChecker::check_entries(IndexReader& index, io::File& data, Offset end, bool last) {
  expected_ = name_.base;
  position_ = kSegmentHeaderSize;
  running_max_ = Timestamp(-1);
  bool good = true;
  std::uint32_t bad = 0;
  bool unrecorded = false;
  for (std::uint32_t slot = 0; slot < index.count(); ++slot) {
    const auto entry = index.entry(slot);
    if (!entry.has_value()) {
      ++bad;
      continue;
    }
    if (last && entry->base >= end) {
      unrecorded = true;
      ++totals_.unrecorded;
      continue;
    }
    if (bad > 0) {
      problem("index entries of offsets {}..{} are damaged", expected_.value, entry->base.value - 1);
      position_ = entry->position;
      running_max_ = entry->running_max;
      good = false;
      bad = 0;
    }
    good = check_entry(*entry, end) && good;
    check_batch(data, *entry);
    expected_ = entry->end();
    position_ = entry->end_position();
  }
  // A rewritten segment may end in a hole, and so may one that another follows.
  const bool must_reach_end = last && (name_.generation == 0 || header_.end < end);
  if ((must_reach_end || (bad > 0 && !last)) && expected_ < end) {
    problem("index entries of offsets {}..{} are missing", expected_.value, end.value - 1);
    return false;
  }
  const auto size = data.size();
  if (good && size.has_value() && *size != position_) {
    if (last && *size > position_) {
      if (!unrecorded) report_.note("log {:016x}: unconfirmed bytes at the end of its data", id_.value);
    } else {
      problem("its data has {} bytes, its index names {}", *size, position_);
      good = false;
    }
  }
  return good;
}

bool LogChecker::check_entry(const IndexEntry& entry, Offset end) {
  bool good = true;
  if (entry.base < expected_ || entry.last >= end) {
    problem("entry {}..{} lies outside of {}..{}", entry.base.value, entry.last.value, expected_.value, end.value - 1);
    good = false;
  }
  if (entry.position != position_) {
    problem("entry {} points at {} instead of {}", entry.base.value, entry.position, position_);
    good = false;
  }
  running_max_ = std::max(running_max_, entry.max_timestamp);
  if (entry.running_max != running_max_) {
    problem("entry {} has the running timestamp {} instead of {}", entry.base.value, entry.running_max.value,
            running_max_.value);
    good = false;
  }
  return good;
}

void LogChecker::check_batch(io::File& data, const IndexEntry& entry) {
  ++totals_.batches;
  totals_.bytes += entry.length;
  const auto size = data.size();
  std::string reason = "its bytes are missing";
  if (size.has_value() && *size >= entry.end_position()) {
    buffer_.resize(entry.length);
    const std::size_t read = read_patiently(data, entry.position, buffer_);
    if (read == entry.length && batch_matches(entry, buffer_, reason)) {
      if (entry.greatest_expiry < greatest_expiry(buffer_, entry.appended_at)) {
        problem("entry {} says that its messages are over their time before they are", entry.base.value);
      }
      return;
    }
    if (read != entry.length) reason = "its bytes cannot be read";
  }
  problem("offsets {}..{}: {}", entry.base.value, entry.last.value, reason);
}

}  // namespace

Result<void> check_segments(FileCache& cache, const std::string& directory, LogId id, const CheckedLog& log,
                            CheckReport& report, SegmentTotals& totals) {
  return LogChecker(cache, log_directory(directory, id), id, log, report, totals).run();
}

}  // namespace millrace::storage
