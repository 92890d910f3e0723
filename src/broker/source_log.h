#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "broker/logs.h"
#include "broker/types.h"
#include "storage/log.h"

namespace millrace::broker {

class Shard;

/// The log of a topic's partition, on whatever shard, as a queue on this shard reads it: only what is decided, and only
/// that. The queue takes nothing away, and what retention takes away it hears of. Everything is always read "cold".
///
/// It knows what it was told last: the end grows with commits over there, the start is asked for now and then.
class SourceLog final : public storage::Log {
 public:
  /// `on_change` runs when start() or readable_end() have changed, or were learned.
  SourceLog(Shard& shard, LogRef log, std::function<void()> on_change);
  ~SourceLog() override;

  /// Begins to follow the log.
  void open();
  /// Whether anything was told yet.
  bool known() const;
  /// Runs `done` when what is known is not older than this call.
  void look(io::Task done);
  /// The log reaches up to `end` at least: something tells of what lies below.
  void assume(Offset end);
  /// Whether the transaction of a batch that was read was aborted.
  bool is_aborted(const model::BatchHeader& header) const;

  LogId id() const override;
  const storage::LogOptions& options() const override;
  void set_options(const storage::LogOptions& options) override;
  Offset start() const override;
  Offset appended_end() const override;
  Offset committed_end() const override;
  Offset last_stable_end() const override;
  void set_undecided_from(Offset first) override;
  storage::Epoch epoch() const override;
  bool read_hot(const ReadRequest& request, std::vector<storage::BatchRef>& out) override;
  void read_cold(const ReadRequest& request, ReadCallback done) override;
  Offset skip_quarantined(Offset from) const override;
  /// What lies below is not read again. The log itself keeps it: others read it as well.
  void trim(Offset start) override;
  void raise_next(Offset next) override;
  void set_needed(std::function<bool(Offset first, Offset last)> needed) override;
  /// Not for queues.
  void find_time(Timestamp timestamp, TimeCallback done) override;
  void find_max_time(TimeCallback done) override;
  bool find_expired(const ExpiryRequest& request, ExpiryCallback done) override;
  const std::vector<EpochStart>& epochs() const override;
  base::Bytes size() const override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace millrace::broker
