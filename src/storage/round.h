#pragma once

#include <cstdint>
#include <vector>

#include "bytes/slab.h"
#include "bytes/view.h"
#include "storage/journal_format.h"

namespace millrace::storage {

/// Gathers the entries of one commit round and encodes them as they go to the journal.
///
/// Entries lie in one growing buffer; large batches stay in their slabs and are written from there. Filled on the loop;
/// then seal() and parts() run on the worker that writes the round, while the loop fills another builder.
class RoundBuilder {
 public:
  /// Batches up to this size are copied: cheaper than a part of their own in the gathered write.
  static constexpr std::size_t kCopyLimit = 2048;

  RoundBuilder() { reset(0); }
  void reset(std::uint64_t round);
  std::uint64_t round() const { return round_; }
  bool empty() const { return positions_.empty(); }
  /// Bytes of header and entries so far; the file needs round_up() of it.
  std::uint64_t size() const { return meta_.size() + slab_bytes_; }

  void add_batch(LogId log, Offset base, Epoch epoch, Timestamp appended_at, const bytes::Slab& batch);
  void add_log_flushed(const LogFlushedEntry& entry);
  void add_log_unflushed(const LogUnflushedEntry& entry);
  void add_state(EntryType type, StateId state, bytes::ByteView bytes);
  void add_log_meta(const LogMetaEntry& entry);
  void add_log_trim(LogId log, Offset start);
  void add_log_deleted(LogId log);
  void add_state_dropped(StateId state);
  void add_recovery_mark(std::uint64_t valid_through);
  void add_clean_stop();
  /// The last entry. Its checksum is filled in by seal().
  void add_record(const std::vector<RoundRecordEntry::LogEnd>& ends, std::uint64_t oldest_file);

  /// Lets the caller append a payload to the returned buffer; end_entry() must follow before any other call.
  bytes::ByteVector& begin_entry(EntryType type);
  void end_entry();

  /// Computes all checksums and the padding: the round is complete. Call once.
  void seal(std::uint64_t file_sequence, std::uint64_t position, std::uint64_t synced);
  /// What to write, in order; a multiple of kRoundAlignment in all. Valid until reset().
  const std::vector<bytes::ByteView>& parts() const { return parts_; }

 private:
  struct Piece {
    std::size_t meta_end;  // the slab's bytes follow meta_[.., meta_end)
    bytes::Slab slab;
    bytes::ByteView view;
  };
  void add_id(EntryType type, std::uint64_t id);

  std::uint64_t round_ = 0;
  bytes::ByteVector meta_;
  std::vector<std::size_t> positions_;  // of the entries in meta_
  std::vector<Piece> pieces_;
  std::uint64_t slab_bytes_ = 0;
  bool has_record_ = false;
  std::vector<bytes::ByteView> parts_;
};

}  // namespace millrace::storage
