#include "storage/check.h"

#include <algorithm>
#include <set>

#include "storage/segment_index.h"
#include "storage/store.h"

namespace millrace::storage {

namespace {

/// The batches that are only in the journal must go on where the segments end, up to the recorded end.
void check_tail(LogId id, CheckedLog& log, CheckReport& report) {
  auto& batches = log.batches;
  // Copies that retirement made have the same offsets and a later round.
  std::ranges::sort(batches, [](const CheckedLog::Batch& a, const CheckedLog::Batch& b) {
    return a.base != b.base ? a.base < b.base : a.round > b.round;
  });
  Offset expected = std::max(log.flushed, log.start);
  Offset previous_base = model::kNoOffset;
  for (const CheckedLog::Batch& batch : batches) {
    if (batch.base == previous_base) continue;
    previous_base = batch.base;
    if (batch.last < expected) continue;
    if (batch.base < log.flushed || (batch.base < expected && batch.base >= log.start)) {
      report.problem("log {:016x}: batch {}..{} in the journal overlaps what ends at {}", id.value, batch.base.value,
                     batch.last.value, expected.value);
    }
    expected = Offset(batch.last.value + 1);
  }
  if (expected < log.end) {
    report.problem("log {:016x}: offsets {}..{} were recorded and are in no batch", id.value, expected.value,
                   log.end.value - 1);
  }
}

Result<std::set<LogId>> list_logs(io::Disk& disk, const std::string& directory, CheckReport& report) {
  std::set<LogId> found;
  const std::string logs = logs_directory(directory);
  if (!disk.exists(logs)) return found;
  const auto names = disk.list(logs);
  if (!names.has_value()) return storage_failure(names.error());
  for (const std::string& name : *names) {
    if (const auto id = parse_log_directory(name); id.has_value()) {
      found.insert(*id);
    } else {
      report.note("unknown entry {}/{}", logs, name);
    }
  }
  return found;
}

}  // namespace

Result<bool> check_store(io::Disk& disk, const std::string& directory, const std::function<void(std::string)>& print) {
  constexpr std::size_t kOpenFiles = 16;
  FileCache cache(disk, kOpenFiles, io::OpenMode::read);
  CheckReport report(print);
  CheckedLogs logs;
  if (auto journal = check_journal(cache, directory, report, logs); !journal.has_value()) {
    return std::unexpected(std::move(journal.error()));
  }
  const auto directories = list_logs(disk, directory, report);
  if (!directories.has_value()) return std::unexpected(directories.error());
  SegmentTotals totals;
  std::uint64_t live = 0;
  std::uint64_t journal_batches = 0;
  for (auto& [id, log] : logs) {
    if (!log.known || log.deleted) continue;
    ++live;
    journal_batches += log.batches.size();
    if (directories->contains(id)) {
      auto checked = check_segments(cache, directory, id, log, report, totals);
      if (!checked.has_value()) return std::unexpected(std::move(checked.error()));
    } else if (log.flushed > log.start) {
      report.problem("log {:016x}: offsets {}..{} are missing: there is no directory", id.value, log.start.value,
                     log.flushed.value - 1);
    }
    check_tail(id, log, report);
  }
  for (const LogId id : *directories) {
    const auto found = logs.find(id);
    if (found == logs.end() || !found->second.known || found->second.deleted) {
      report.note("log {:016x}: its directory is a leftover", id.value);
    }
  }
  report.total("{} logs, {} segments with {} batches of {} bytes, {} batches in the journal", live, totals.segments,
               totals.batches, totals.bytes, journal_batches);
  if (totals.unrecorded > 0) {
    report.note("{} batches in segments were never confirmed; the next start removes them", totals.unrecorded);
  }
  report.total("{} findings of damage", report.problems());
  return report.problems() == 0;
}

}  // namespace millrace::storage
