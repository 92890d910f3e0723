#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "storage/journal_format.h"

namespace millrace::storage {

/// A round as found in a journal file. Entries point into the file's bytes.
struct ScannedRound {
  RoundHeader header;
  std::uint64_t position = 0;
  /// Entries that verify, in order, without the round record.
  std::vector<EntryView> entries;
  std::optional<RoundRecordEntry> record;
  /// Everything verifies and the record says that nothing is missing.
  bool whole = false;

  std::uint64_t end() const { return position + round_up(kRoundHeaderSize + header.body_length); }
};

/// Walks the rounds of one journal file, whose bytes are all in memory, and steps over damage.
class JournalScanner {
 public:
  JournalScanner(bytes::ByteView file, std::uint64_t sequence) : file_(file), sequence_(sequence) {}
  /// Finds the next round whose header is readable; false at the end of the file.
  bool next(ScannedRound& round);

 private:
  void read_body(ScannedRound& round) const;

  bytes::ByteView file_;
  std::uint64_t sequence_;
  std::uint64_t at_ = kJournalHeaderSize;
  std::uint64_t last_round_ = 0;
};

}  // namespace millrace::storage
