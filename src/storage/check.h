#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "io/file.h"
#include "storage/file_cache.h"
#include "storage/journal_format.h"

namespace millrace::storage {

// The parts of check_store (store.h). Nothing here writes; all of it blocks.

/// Prints findings and counts the bad ones.
class CheckReport {
 public:
  explicit CheckReport(const std::function<void(std::string)>& print) : print_(print) {}

  /// Stored data is missing or not what it was.
  template <class... Args>
  void problem(fmt::format_string<Args...> format, Args&&... args) {
    ++problems_;
    if (problems_ <= kMaxPrinted) print_("damaged: " + fmt::format(format, std::forward<Args>(args)...));
    if (problems_ == kMaxPrinted) print_("damaged: further findings are only counted");
  }
  /// What is no damage: leftovers of a crash, unknown files.
  template <class... Args>
  void note(fmt::format_string<Args...> format, Args&&... args) {
    print_("note: " + fmt::format(format, std::forward<Args>(args)...));
  }
  template <class... Args>
  void total(fmt::format_string<Args...> format, Args&&... args) {
    print_(fmt::format(format, std::forward<Args>(args)...));
  }
  std::uint64_t problems() const { return problems_; }

 private:
  static constexpr std::uint64_t kMaxPrinted = 1000;
  const std::function<void(std::string)>& print_;
  std::uint64_t problems_ = 0;
};

/// What the journal says of one log.
struct CheckedLog {
  bool known = false;
  bool deleted = false;
  Offset start{0};
  Offset end{0};
  Offset flushed{0};
  struct Batch {
    Offset base;
    Offset last;
    std::uint64_t round = 0;
  };
  /// Batches in rounds that count, in the order of the journal.
  std::vector<Batch> batches;
};
using CheckedLogs = std::map<LogId, CheckedLog>;

/// Reads all journal files of a shard and fills `logs`. Errors: newer_version, io.
Result<void> check_journal(FileCache& cache, const std::string& directory, CheckReport& report, CheckedLogs& logs);

struct SegmentTotals {
  std::uint64_t segments = 0;
  std::uint64_t batches = 0;
  std::uint64_t bytes = 0;
  std::uint64_t unrecorded = 0;  // batches that the journal does not vouch for: cut at the next start
};

/// Reads every segment of a log, and compares with what the journal says. Errors: newer_version, io.
Result<void> check_segments(FileCache& cache, const std::string& directory, LogId id, const CheckedLog& log,
                            CheckReport& report, SegmentTotals& totals);

}  // namespace millrace::storage
