#include "broker/log_host.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/assert.h"
#include "broker/coordinator_host.h"
#include "broker/placement.h"
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

void LogHost::recovered() {
  for (const LogId id : producers_.logs()) {
    storage::Log* log = shard_.store().find_log(id);
    // Of what is gone nothing is left to know.
    if (log == nullptr || log->options().durability == storage::Durability::memory) {
      producers_.forget_log(id);
      continue;
    }
    producers_.trimmed(id, log->start());
    refresh(*log);
  }
}

/// Tells the log from where on transactions are open.
void LogHost::refresh(storage::Log& log) {
  log.set_undecided_from(producers_.undecided_from(log.id(), log.committed_end()));
}

storage::Result<Offset> LogHost::store(storage::Log& log, const bytes::Slab& batch) {
  return shard_.queues().owns_log(log.id()) ? shard_.queues().append_stream(ObjectId(log.id().value), batch)
                                            : shard_.store().append(log, batch);
}

void LogHost::append(LogId id, std::vector<bytes::Slab> batches, AppendDone done) {
  append_checked(id, std::move(batches), false, std::move(done));
}

void LogHost::append_checked(LogId id, std::vector<bytes::Slab> batches, bool joined, AppendDone done) {
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
    if (header->transactional() && !joined && !producers_.joined(id, *header)) {
      return done(base::fail(BrokerErrc::no_transaction, "no transaction is open here"));
    }
    if (!shard_.queues().takes(ObjectId(id.value), {&batch, 1})) {
      return done(base::fail(BrokerErrc::full, "the queue is full"));
    }
    const auto offset = store(*log, batch);
    if (!offset.has_value()) return done(std::unexpected(to_broker(offset.error())));
    if (base == model::kNoOffset) base = *offset;
    if (!sequenced) continue;
    const Timestamp now = shard_.loop().clock().wall();
    shard_.store().append_command(Producers::kState, producers_.accept(id, *header, *offset, now),
                                  log->options().durability);
    if (header->transactional()) refresh(*log);
  }
  touched(id);
  // A repeated batch may still be on its way to the disk: its answer waits for the round as well.
  Waiting waiting{shard_.store().current_round(), id, base, std::move(done)};
  if (log->committed_end() == log->appended_end()) return answer(std::move(waiting));
  shard_.store().want_round();
  waiting_.push_back(std::move(waiting));
}

// ---- Transactions

void LogHost::append_in_transaction(LogId id, std::vector<bytes::Slab> batches, TransactionClaim claim,
                                    AppendDone done) {
  const auto header = model::parse_batch_header(batches.front().view());
  MILLRACE_ASSERT(header.has_value() && header->transactional(), "not a batch of a transaction");
  const std::int64_t producer = header->producer_id;
  const auto waiting = asking_.find({id.value, producer});
  if (waiting != asking_.end()) {  // keeps the order
    waiting->second.entries.push_back({std::move(batches), std::move(claim), std::move(done)});
    return;
  }
  const auto verdict = producers_.check(id, *header);
  const bool settled = !verdict.has_value() || verdict->duplicate || producers_.joined(id, *header);
  if (settled) return append_checked(id, std::move(batches), false, std::move(done));
  asking_[{id.value, producer}].entries.push_back({std::move(batches), claim, std::move(done)});
  ask(id, producer, std::move(claim));
}

/// The coordinator answers on the same way that its decision takes later: what it lets in comes before the marker.
void LogHost::ask(LogId id, std::int64_t producer, TransactionClaim claim) {
  JoinTransactionRequest request;
  request.name = std::move(claim.name);
  request.identity = claim.identity;
  request.partitions.push_back(claim.partition);
  request.verify_only = !claim.joins;
  const ShardId coordinator = shard_of_name(request.name.vhost, request.name.name, shard_.shard_count());
  shard_.mailbox().send(
      coordinator, [request = std::move(request), id, producer, home = shard_.id()](Shard& there) mutable {
        there.coordinator_host().join(std::move(request), [=, &there](Result<void> verdict) {
          there.mailbox().send(home, [=](Shard& here) { here.log_host().coordinator_answered(id, producer, verdict); });
        });
      });
}

void LogHost::coordinator_answered(LogId id, std::int64_t producer, Result<void> verdict) {
  const auto it = asking_.find({id.value, producer});
  MILLRACE_ASSERT(it != asking_.end());
  std::deque<Asking::Entry> entries = std::move(it->second.entries);
  asking_.erase(it);
  const TransactionClaim asked = entries.front().claim;
  for (Asking::Entry& entry : entries) {
    // The verdict on one epoch says nothing of another.
    if (entry.claim != asked)
      append_in_transaction(id, std::move(entry.batches), std::move(entry.claim), std::move(entry.done));
    else if (!verdict.has_value())
      entry.done(std::unexpected(verdict.error()));
    else
      append_checked(id, std::move(entry.batches), true, std::move(entry.done));
  }
}

void LogHost::end_transaction(LogId id, const model::Marker& marker, std::move_only_function<void(Result<void>)> done) {
  storage::Log* log = shard_.store().find_log(id);
  if (log == nullptr) return done({});  // what was open went with it
  const auto open = producers_.can_end(id, marker);
  if (!open.has_value()) return done(std::unexpected(open.error()));
  if (*open) {
    const Timestamp now = shard_.loop().clock().wall();
    const auto offset = store(*log, model::make_marker(marker, now));
    if (!offset.has_value()) return done(std::unexpected(to_broker(offset.error())));
    shard_.store().append_command(Producers::kState, producers_.end(id, marker, *offset, now),
                                  log->options().durability);
    producers_.trimmed(id, log->start());
    refresh(*log);
    ending_.push_back(id);
    touched(id);
  }
  // An earlier marker may be on its way still.
  Waiting waiting{shard_.store().current_round(), id, model::kNoOffset,
                  [done = std::move(done)](Result<AppendReply>) mutable { done({}); }};
  if (log->committed_end() == log->appended_end()) return answer(std::move(waiting));
  shard_.store().want_round();
  waiting_.push_back(std::move(waiting));
}

void LogHost::answer(Waiting waiting) {
  const storage::Log* log = shard_.store().find_log(waiting.log);
  if (log == nullptr) return waiting.done(base::fail(BrokerErrc::not_found, "the log was deleted"));
  waiting.done(AppendReply{waiting.base, ends_of(*log)});
}

void LogHost::read(LogId id, const ReadOptions& options, std::move_only_function<void(Result<ReadReply>)> done) {
  storage::Log* log = shard_.store().find_log(id);
  if (log == nullptr) return done(base::fail(BrokerErrc::not_found, "no such log"));
  const LogEnds ends = ends_of(*log);
  const Offset from = options.from;
  if (from < ends.start || from > ends.committed) {
    return done(base::fail(BrokerErrc::out_of_range, fmt::format("offset {} is outside {} .. {}", from.value,
                                                                 ends.start.value, ends.committed.value)));
  }
  const Offset until = log->readable_end(options.isolation);
  ReadReply reply{.batches = {}, .ends = ends, .aborted = {}};
  if (from >= until) return done(std::move(reply));
  const bool decided = options.isolation == Isolation::decided;
  const auto aborted = [this, id, from, decided](const std::vector<BatchRef>& batches) {
    if (!decided || batches.empty()) return std::vector<AbortedRange>();
    return producers_.aborted(id, from, batches.back().last_offset + Offset(1));
  };
  const storage::Log::ReadRequest request{log->skip_quarantined(from), until, options.max_bytes};
  if (log->read_hot(request, reply.batches)) {
    reply.aborted = aborted(reply.batches);
    return done(std::move(reply));
  }
  log->read_cold(request, [ends, aborted, done = std::move(done)](auto batches) mutable {
    if (!batches.has_value()) return done(std::unexpected(to_broker(batches.error())));
    ReadReply found{.batches = std::move(*batches), .ends = ends, .aborted = {}};
    found.aborted = aborted(found.batches);
    done(std::move(found));
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
    producers_.trimmed(id, log->start());
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

void LogHost::watch(LogId id, const WatchOptions& options, io::Task changed) {
  const storage::Log* log = shard_.store().find_log(id);
  if (log == nullptr || log->readable_end(options.isolation) > options.seen) return changed();
  watches_[id.value].push_back({options, std::move(changed)});
  // Records appended before the watch came may be about to commit.
  if (log->appended_end() > options.seen) touched(id);
}

void LogHost::unwatch(LogId log, std::uint64_t key) {
  const auto it = watches_.find(log.value);
  if (it == watches_.end()) return;
  std::erase_if(it->second, [key](const WatchEntry& entry) { return entry.options.key == key; });
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
      if (log != nullptr && log->readable_end(entry.options.isolation) <= entry.options.seen) return false;
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
  // First: who is told of the commit looks at how far may be read.
  std::erase_if(ending_, [this](LogId id) {
    storage::Log* log = shard_.store().find_log(id);
    if (log != nullptr) refresh(*log);
    return log == nullptr || !producers_.has_ending(id);
  });
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
