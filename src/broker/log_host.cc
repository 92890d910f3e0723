#include "broker/log_host.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/assert.h"
#include "broker/queue_host.h"
#include "broker/shard.h"
#include "broker/storage_errors.h"
#include "model/batch.h"

namespace millrace::broker {

LogHost::LogHost(Shard& shard) : shard_(shard) {
  shard_.loop().add_hook(io::Loop::Stage::deliver, this);
}

LogHost::~LogHost() {
  shard_.loop().remove_hook(this);
}

LogEnds LogHost::ends_of(const storage::Log& log) const {
  return {log.start(), log.committed_end(), log.last_stable_end(), log.epoch()};
}

Result<LogEnds> LogHost::ends(LogId log) {
  const storage::Log* found = shard_.store().find_log(log);
  if (found == nullptr) return base::fail(BrokerErrc::not_found, "no such log");
  return ends_of(*found);
}

void LogHost::append(LogId id, std::vector<bytes::Slab> batches, AppendDone done) {
  storage::Log* log = shard_.store().find_log(id);
  if (log == nullptr) return done(base::fail(BrokerErrc::not_found, "no such log"));
  Offset base = model::kNoOffset;
  for (const bytes::Slab& batch : batches) {
    const auto header = model::parse_batch_header(batch.view());
    MILLRACE_ASSERT(header.has_value(), "an unchecked batch");
    const bool sequenced = header->producer_id >= 0;
    if (sequenced) {
      const auto verdict = producers_.check(id, *header);
      if (!verdict.has_value()) return done(std::unexpected(verdict.error()));
      if (verdict->duplicate) {
        if (base == model::kNoOffset) base = verdict->base_offset;
        continue;
      }
    }
    const auto offset = shard_.queues().owns_log(id) ? shard_.queues().append_stream(ObjectId(id.value), batch)
                                                     : shard_.store().append(*log, batch);
    if (!offset.has_value()) return done(std::unexpected(to_broker(offset.error())));
    if (base == model::kNoOffset) base = *offset;
    if (sequenced) {
      shard_.store().append_command(Producers::kState, producers_.accept(id, *header, *offset),
                                    log->options().durability);
    }
  }
  touched(id);
  // A repeated batch may still be on its way to the disk: its answer waits for the round as well.
  Waiting waiting{shard_.store().current_round(), id, base, std::move(done)};
  if (log->committed_end() == log->appended_end()) return answer(std::move(waiting));
  shard_.store().want_round();
  waiting_.push_back(std::move(waiting));
}

void LogHost::answer(Waiting waiting) {
  const storage::Log* log = shard_.store().find_log(waiting.log);
  if (log == nullptr) return waiting.done(base::fail(BrokerErrc::not_found, "the log was deleted"));
  waiting.done(AppendReply{waiting.base, ends_of(*log)});
}

void LogHost::read(LogId id, Offset from, Bytes max_bytes, std::move_only_function<void(Result<ReadReply>)> done) {
  storage::Log* log = shard_.store().find_log(id);
  if (log == nullptr) return done(base::fail(BrokerErrc::not_found, "no such log"));
  const LogEnds ends = ends_of(*log);
  if (from < ends.start || from > ends.committed) {
    return done(base::fail(BrokerErrc::out_of_range, fmt::format("offset {} is outside {} .. {}", from.value,
                                                                 ends.start.value, ends.committed.value)));
  }
  const storage::Log::ReadRequest request{log->skip_quarantined(from), ends.committed, max_bytes};
  ReadReply reply{.batches = {}, .ends = ends};
  if (log->read_hot(request, reply.batches)) return done(std::move(reply));
  log->read_cold(request, [ends, done = std::move(done)](auto batches) mutable {
    if (!batches.has_value()) return done(std::unexpected(to_broker(batches.error())));
    done(ReadReply{.batches = std::move(*batches), .ends = ends});
  });
}

void LogHost::trim(LogId id, Offset start, std::move_only_function<void(Result<LogEnds>)> done) {
  storage::Log* log = shard_.store().find_log(id);
  if (log == nullptr) return done(base::fail(BrokerErrc::not_found, "no such log"));
  if (shard_.queues().owns_log(id)) return done(base::fail(BrokerErrc::locked, "the log of a queue"));
  const Offset wanted = start == model::kNoOffset ? log->committed_end() : start;
  if (wanted < Offset(0) || wanted > log->committed_end()) {
    return done(base::fail(BrokerErrc::out_of_range, "above the end of the log"));
  }
  if (wanted > log->start()) {
    log->trim(wanted);
    last_trim_ = shard_.store().current_round();
  }
  Waiting waiting{last_trim_, id, model::kNoOffset, [done = std::move(done)](Result<AppendReply> reply) mutable {
                    if (!reply.has_value()) return done(std::unexpected(reply.error()));
                    done(reply->ends);
                  }};
  if (last_trim_ <= shard_.store().committed_round() || log->options().durability == storage::Durability::memory)
    answer(std::move(waiting));
  else
    waiting_.push_back(std::move(waiting));
}

Result<Bytes> LogHost::size(LogId id) {
  const storage::Log* log = shard_.store().find_log(id);
  if (log == nullptr) return base::fail(BrokerErrc::not_found, "no such log");
  return log->size();
}

Result<EpochEnd> LogHost::epoch_end(LogId id, model::Epoch epoch) {
  const storage::Log* log = shard_.store().find_log(id);
  if (log == nullptr) return base::fail(BrokerErrc::not_found, "no such log");
  EpochEnd found{.epoch = {}, .end = model::kNoOffset, .current = log->epoch()};
  if (epoch > log->epoch()) return found;
  const auto& starts = log->epochs();
  for (std::size_t i = 0; i < starts.size() && starts[i].epoch <= epoch; ++i) {
    found.epoch = starts[i].epoch;
    found.end = i + 1 < starts.size() ? starts[i + 1].start : log->committed_end();
  }
  return found;
}

Result<std::vector<ProducerInfo>> LogHost::producers_of(LogId id) {
  if (shard_.store().find_log(id) == nullptr) return base::fail(BrokerErrc::not_found, "no such log");
  return producers_.list(id);
}

void LogHost::watch(LogId id, Offset seen, std::uint64_t key, io::Task changed) {
  const storage::Log* log = shard_.store().find_log(id);
  if (log == nullptr || log->committed_end() > seen) return changed();
  watches_[id.value].push_back({key, seen, std::move(changed)});
  // Records appended before the watch came may be about to commit.
  if (log->appended_end() > seen) touched(id);
}

void LogHost::unwatch(LogId log, std::uint64_t key) {
  const auto it = watches_.find(log.value);
  if (it == watches_.end()) return;
  std::erase_if(it->second, [key](const WatchEntry& entry) { return entry.key == key; });
  if (it->second.empty()) watches_.erase(it);
}

void LogHost::touched(LogId log) {
  if (watches_.empty() || !watches_.contains(log.value)) return;
  if (std::find(touched_.begin(), touched_.end(), log.value) == touched_.end()) touched_.push_back(log.value);
}

void LogHost::wake_watchers() {
  std::vector<io::Task> ready;
  std::erase_if(touched_, [&](std::uint64_t id) {
    const auto it = watches_.find(id);
    if (it == watches_.end()) return true;
    const storage::Log* log = shard_.store().find_log(LogId(id));
    std::erase_if(it->second, [&](WatchEntry& entry) {
      if (log != nullptr && log->committed_end() <= entry.seen) return false;
      ready.push_back(std::move(entry.changed));
      return true;
    });
    if (it->second.empty()) {
      watches_.erase(it);
      return true;
    }
    return log == nullptr || log->committed_end() == log->appended_end();
  });
  for (io::Task& task : ready) task();
}

void LogHost::committed(storage::Round round) {
  while (!waiting_.empty() && waiting_.front().round <= round) {
    Waiting ready = std::move(waiting_.front());
    waiting_.pop_front();
    answer(std::move(ready));
  }
  if (!touched_.empty()) wake_watchers();
}

void LogHost::removed(LogId log) {
  producers_.forget_log(log);
  if (!watches_.contains(log.value)) return;
  touched(log);
  wake_watchers();
}

void LogHost::on_turn_end() {
  // Memory logs commit without a round.
  if (!touched_.empty()) wake_watchers();
}

}  // namespace millrace::broker
