#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "io/file.h"
#include "storage/log_impl.h"
#include "storage/round.h"

namespace millrace::storage {

/// One commit round on its way: gathered on the loop, sealed, written by a worker, then committed on the loop.
///
/// Shared with the worker so that the bytes live as long as the write, even when the store is destroyed.
struct CommitRound {
  RoundBuilder builder;
  /// Every log that the round changes; they live at least until the round is committed.
  std::vector<LogImpl*> touched;
  std::vector<LogImpl*> direct;
  /// States whose newest snapshot, or first command, is in this round.
  std::vector<StateId> state_bases;
  bool needs_sync = false;
  /// Written even when it has no entries.
  bool wanted = false;

  // From here on set when it is sealed.
  std::vector<RoundRecordEntry::LogEnd> ends;  // of touched, in the same order
  struct Trimmed {
    LogImpl* log;
    Offset start;
  };
  std::vector<Trimmed> trimmed;
  struct Write {
    LogImpl* log = nullptr;
    Offset until;
    SegmentWrite write;
    Result<void> result;
  };
  std::vector<std::unique_ptr<Write>> writes;
  std::shared_ptr<io::File> file;
  /// The file before, when it has rounds that were not synced.
  std::shared_ptr<io::File> sync_first;
  std::uint64_t file_sequence = 0;
  std::uint64_t position = 0;
  /// Size that the file must get before the write; 0: it is large enough.
  std::uint64_t grow_to = 0;
  std::uint64_t synced = 0;
  io::Result<void> result;
  /// The file could not grow: nothing was written, try again later.
  bool no_space = false;
  bool sealed = false;
  std::uint64_t sync_nanos = 0;
  int pending = 0;
  bool published = false;

  void reset(std::uint64_t round);
  /// Seals the round and writes it to the journal; on the worker. May be called again after no_space.
  void write(const io::Clock& clock);
};

}  // namespace millrace::storage
