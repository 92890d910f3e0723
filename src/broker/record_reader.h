#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "broker/delivery.h"
#include "broker/types.h"
#include "bytes/slab.h"
#include "model/batch.h"
#include "storage/log.h"

namespace millrace::broker {

/// Finds single records in a log, best in ascending order: a batch is read and taken apart once while the caller goes
/// through it. What is not in memory is read in the background, and the next stretch ahead of need.
///
/// Holds at most about two reads of kReadBytes (or one larger batch each), and one decompressed batch. Lives on the
/// log's shard. The log must outlive it, except that reads under way may end after both.
class RecordReader {
 public:
  enum class Status : std::uint8_t {
    found,
    loading,  // `on_loaded` will be called; ask again then
    none,     // nothing at or above `from` and below `until`
    failed,   // the system failed to read; ask again later
  };
  struct Found {
    Offset offset;
    Timestamp timestamp;
    Timestamp appended_at;
    std::uint64_t stored_bytes = 0;
    model::RecordView record;
    model::Envelope envelope;
    /// Keeps the views alive. Valid until the next call.
    const bytes::Slab* slab = nullptr;
  };
  /// Called once per range that holds nothing readable: damaged, or no messages (transaction markers, what was
  /// aborted).
  using SkippedCallback = std::function<void(Offset first, Offset last, bool damaged)>;

  /// Whether the transaction of a batch was aborted: then it has no messages either.
  using AbortedTest = std::function<bool(const model::BatchHeader&)>;

  RecordReader(storage::Log& log, std::function<void()> on_loaded, SkippedCallback on_skipped,
               AbortedTest is_aborted = {});
  ~RecordReader();
  RecordReader(const RecordReader&) = delete;
  RecordReader& operator=(const RecordReader&) = delete;

  /// The first record at or above `from` and below `until` (which must not be above the committed end).
  Status find(Offset from, Offset until, Found& found);
  /// Frees what is held in memory.
  void release();

  static constexpr std::uint64_t kReadBytes = std::uint64_t{256} << 10;
  /// Decompressed size above which a batch counts as damaged.
  static constexpr std::uint64_t kMaxPlainBytes = std::uint64_t{128} << 20;

 private:
  // What a read in the background leaves here. Shared with its callback, which may come after the reader's end.
  struct Loading {
    RecordReader* reader = nullptr;
    bool busy = false;
    Offset from;
    Offset until;
  };
  Status load(Offset from, Offset until);
  void start_cold_read(Offset from, Offset until);
  void loaded(storage::Result<std::vector<storage::BatchRef>> result);
  bool step(Offset from, Found& found);
  bool open_batch(const storage::BatchRef& batch);
  void read_ahead(Offset until);

  storage::Log& log_;
  std::function<void()> on_loaded_;
  SkippedCallback on_skipped_;
  AbortedTest is_aborted_;
  std::shared_ptr<Loading> loading_;

  std::vector<storage::BatchRef> batches_;
  std::size_t current_ = 0;
  bool opened_ = false;  // batches_[current_] is being gone through
  // What the last read in the background brought for [ahead_from_, ahead_until_); valid while have_ahead_.
  std::vector<storage::BatchRef> ahead_;
  Offset ahead_from_;
  Offset ahead_until_;
  bool have_ahead_ = false;
  bool cold_ = false;
  bool failed_ = false;

  model::BatchHeader header_;
  bool without_messages_ = false;  // nothing of the batch is to be shown, and nothing is wrong with it
  bytes::Slab slab_;
  model::RecordCursor cursor_{{}, 0};
  // The record the cursor stands on: it may be asked for again.
  model::RecordView record_;
  bool at_record_ = false;
};

/// How often a message was delivered before.
struct DeliveryHistory {
  std::uint32_t returns = 0;
  std::uint32_t failures = 0;
  bool redelivered = false;
};

/// Puts a message that was found into a bundle.
void add_delivery(DeliveryBundle& bundle, const RecordReader::Found& found, const DeliveryHistory& history);
/// What it takes of a consumer's window.
std::uint64_t window_cost(const RecordReader::Found& found);

}  // namespace millrace::broker
