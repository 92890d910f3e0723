#include "broker/move_source.h"

#include <algorithm>
#include <string>

#include "base/log.h"
#include "broker/queue.h"
#include "broker/queue_host.h"
#include "broker/shard.h"
#include "bytes/term_hash.h"
#include "model/batch_builder.h"

namespace millrace::broker {

namespace {

std::uint64_t shard_set(const MoveRoute& route) {
  std::uint64_t set = 0;
  for (const QueueRef& target : route.targets) set |= std::uint64_t{1} << target.shard.value;
  return set;
}

/// A dying message as the exchanges of its way see it: with this death in its headers already.
class DyingFacts final : public MessageFacts {
 public:
  DyingFacts(const DeadLetterRewriter* rewriter, const RecordReader::Found& found, DeathInfo death)
      : rewriter_(rewriter), found_(found), death_(std::move(death)) {}
  void headers(model::HeaderList& out) const override {
    if (rewriter_ != nullptr) rewriter_->headers(rewritten(), out);
  }
  std::int64_t hash_number(catalog::HashSource source, std::string_view header) const override {
    return rewriter_ == nullptr ? bytes::kUndefinedHash : rewriter_->hash_number(rewritten(), source, header);
  }
  std::optional<bytes::ByteView> record_key() const override {
    return found_.record.has_key ? std::optional(found_.record.key) : std::nullopt;
  }

 private:
  bytes::ByteView rewritten() const {
    if (rewritten_.empty()) rewritten_ = rewriter_->rewrite(found_.envelope.native, death_);
    return rewritten_;
  }

  const DeadLetterRewriter* rewriter_;
  const RecordReader::Found& found_;
  DeathInfo death_;
  mutable bytes::ByteVector rewritten_;
};

}  // namespace

MoveSource::MoveSource(Shard& shard, QueueSchedule& schedule, Queue& queue)
    : shard_(shard),
      schedule_(schedule),
      queue_(queue),
      reader_(
          queue.log(), [this] { schedule_.wants_work(queue_); },
          [this](Offset first, Offset last, bool) { lost(first, last); }) {}

void MoveSource::add(const std::vector<QueueEngine::Dying>& dying) {
  for (const QueueEngine::Dying& one : dying) waiting_.emplace(one.offset, one.reason);
  schedule_.wants_work(queue_);
}

void MoveSource::resume() {
  for (const auto& [offset, intent] : queue_.state().intents()) waiting_.emplace(offset, intent.reason);
  for (const Offset offset : queue_.state().refused()) waiting_.emplace(offset, DeathReason::max_length);
  for (const auto& [offset, reason] : queue_.state().doomed()) waiting_.emplace(offset, reason);
  schedule_.wants_work(queue_);
}

void MoveSource::lost(Offset first, Offset last) {
  for (auto it = waiting_.lower_bound(first); it != waiting_.end() && it->first <= last;) {
    base::log::warning("queue {}: record {} cannot be read and is not dead-lettered", queue_.id().value,
                       it->first.value);
    const Offset offset = it->first;
    it = waiting_.erase(it);
    finish(offset, 0);
  }
}

void MoveSource::work() {
  for (const Offset offset : std::exchange(refused_, {})) send(offset);
  while (!waiting_.empty() && in_flight_.size() < kMaxInFlight && in_flight_bytes_ < kMaxInFlightBytes) {
    const auto [offset, reason] = *waiting_.begin();
    RecordReader::Found found;
    switch (reader_.find(offset, waiting_.rbegin()->first + Offset(1), found)) {
      case RecordReader::Status::loading:
        return;
      case RecordReader::Status::failed:
        schedule_.retry_later(queue_);
        return;
      case RecordReader::Status::none:
        lost(offset, offset);
        continue;
      case RecordReader::Status::found:
        break;
    }
    if (found.offset != offset) {
      lost(offset, found.offset - Offset(1));
      continue;
    }
    waiting_.erase(offset);
    begin(offset, reason, found);
  }
  if (waiting_.empty()) reader_.release();
}

std::shared_ptr<const MoveRoute> MoveSource::decide(DeathReason reason, Timestamp time,
                                                    const RecordReader::Found& found) const {
  auto route = std::make_shared<MoveRoute>();
  const catalog::Queue& queue = queue_.definition();
  const catalog::QueueSettings& settings = queue.settings;
  if (!settings.dead_letter_exchange.has_value()) return route;
  route->exchange = *settings.dead_letter_exchange;
  const DeadLetterRewriter* rewriter = schedule_.rewriters().find(found.envelope.protocol);
  std::vector<std::string> keys;
  if (settings.dead_letter_routing_key.has_value()) {
    keys.push_back(*settings.dead_letter_routing_key);
    route->own_keys = false;
  } else if (rewriter != nullptr) {
    keys = rewriter->extra_routing_keys(found.envelope.native, found.envelope.hidden);
    keys.insert(keys.begin(), rewriter->routing_key(found.envelope.native));
  } else {
    keys.push_back(bytes::to_string(found.record.key));
  }
  route->routing_key = keys.front();
  const catalog::Exchange* exchange = shard_.catalog().find_exchange(queue.vhost, route->exchange);
  if (exchange == nullptr) return route;

  std::vector<Death> deaths;
  if (rewriter != nullptr) deaths = rewriter->deaths(found.envelope.native);
  deaths.insert(deaths.begin(), Death{queue.name, reason});
  const std::vector<std::string_view> more(keys.begin() + 1, keys.end());
  const DyingFacts facts(rewriter, found,
                         {queue.name, reason, time, route->exchange, route->routing_key, route->own_keys});
  for (const QueueRef& target : shard_.router().route(*exchange, keys.front(), more, &facts).queues) {
    const catalog::Queue* named = shard_.catalog().find_queue(target.queue);
    // A topic does not give dead letters, and what was only delayed has not died.
    if (reason != DeathReason::due && named != nullptr && is_dead_letter_cycle(named->name, deaths)) continue;
    route->targets.push_back(target);
  }
  return route;
}

void MoveSource::begin(Offset offset, DeathReason reason, const RecordReader::Found& found) {
  const auto known = queue_.state().intents().find(offset);
  const bool resumed = known != queue_.state().intents().end();
  MoveIntent intent;
  if (resumed) {
    intent = known->second;
  } else {
    const Timestamp now = shard_.loop().clock().wall();
    intent = {reason, now, decide(reason, now, found)};
    if (intent.route->targets.empty()) {
      finish(offset, 0);
      return;
    }
    queue_.state().add_intent(offset, intent);
    queue_.engine().decide_dying(offset);
    schedule_.changed(queue_);
  }
  Move move;
  move.route = intent.route;
  move.batch = rewrite(intent, found);
  move.shards_left = shard_set(*intent.route);
  in_flight_bytes_ += move.batch.size();
  in_flight_.emplace(offset, std::move(move));
  if (resumed || !queue_.journalled()) {
    send(offset);
  } else {
    decided_.push_back(offset);
  }
}

bytes::Slab MoveSource::rewrite(const MoveIntent& intent, const RecordReader::Found& found) const {
  const model::RecordView& record = found.record;
  bytes::ByteVector header;
  bool expires = false;
  const bool enveloped = found.envelope.protocol != model::Protocol::none;
  if (enveloped) {
    const DeadLetterRewriter* rewriter = schedule_.rewriters().find(found.envelope.protocol);
    model::Envelope envelope = found.envelope;
    envelope.time_to_live.reset();
    if (intent.reason != DeathReason::due) {
      ++envelope.death_count;
    } else if (rewriter != nullptr) {
      envelope.time_to_live = rewriter->time_to_live(envelope.native);
    }
    expires = envelope.time_to_live.has_value();
    if (!intent.route->own_keys) envelope.hidden = {};
    bytes::ByteVector value;
    model::append_envelope_head(value, envelope);
    if (rewriter == nullptr) {
      value.insert(value.end(), envelope.native.begin(), envelope.native.end());
    } else {
      const MoveRoute& route = *intent.route;
      const bytes::ByteVector native = rewriter->rewrite(
          envelope.native,
          {queue_.definition().name, intent.reason, intent.time, route.exchange, route.routing_key, route.own_keys});
      value.insert(value.end(), native.begin(), native.end());
    }
    value.insert(value.end(), envelope.hidden.begin(), envelope.hidden.end());
    model::append_header(header, bytes::as_bytes(model::kEnvelopeKey), true, value);
  }
  const bytes::ByteView headers[] = {header, record.headers};
  const bytes::ByteView value_parts[] = {record.value};
  model::BatchBuilder builder;
  builder.start({.enveloped = enveloped});
  builder.add({.timestamp = found.timestamp,
               .has_key = record.has_key,
               .key = record.key,
               .has_value = record.has_value,
               .value_parts = value_parts,
               .header_count = record.header_count + (enveloped ? 1 : 0),
               .header_parts = headers,
               .expires = expires});
  return builder.finish();
}

void MoveSource::send(Offset offset) {
  const auto it = in_flight_.find(offset);
  if (it == in_flight_.end()) return;
  const Move& move = it->second;
  for (std::uint16_t shard = 0; shard < kMaxShards; ++shard) {
    if ((move.shards_left >> shard & 1) == 0) continue;
    MoveRequest request{queue_.id(), shard_.id(), offset, {}, move.batch};
    for (const QueueRef& target : move.route->targets) {
      if (target.shard.value == shard) request.targets.push_back(target.queue);
    }
    if (shard >= shard_.shard_count()) {
      // A target of a time with more shards: its queue cannot exist any more.
      shard_.mailbox().send(shard_.id(), [shard, id = queue_.id(), offset](Shard& self) {
        self.queues().move_answered(ShardId(shard), id, offset, true);
      });
      continue;
    }
    shard_.mailbox().send(ShardId(shard),
                          [request = std::move(request)](Shard& there) { there.queues().receive_move(request); });
  }
}

void MoveSource::answered(ShardId from, Offset offset, bool accepted) {
  const auto it = in_flight_.find(offset);
  if (it == in_flight_.end()) return;
  const std::uint64_t bit = std::uint64_t{1} << from.value;
  if ((it->second.shards_left & bit) == 0) return;
  if (!accepted) {
    if (std::find(refused_.begin(), refused_.end(), offset) == refused_.end()) refused_.push_back(offset);
    schedule_.retry_later(queue_);
    return;
  }
  it->second.shards_left &= ~bit;
  if (it->second.shards_left != 0) return;
  const std::uint64_t shards = shard_set(*it->second.route);
  in_flight_bytes_ -= it->second.batch.size();
  in_flight_.erase(it);
  shard_.counters().dead_lettered.fetch_add(1, std::memory_order_relaxed);
  finish(offset, shards);
}

void MoveSource::finish(Offset offset, std::uint64_t shards) {
  queue_.engine().finish_dying(offset);
  schedule_.changed(queue_);
  queue_.move_finished();
  if (!waiting_.empty()) schedule_.wants_work(queue_);
  if (shards == 0) return;
  if (queue_.journalled()) {
    settled_.push_back({offset, shards});
  } else {
    forget({{offset, shards}});
  }
}

void MoveSource::flushed(storage::Round round) {
  for (const Offset offset : decided_) deciding_.push_back({round, offset});
  decided_.clear();
  for (const Forget& one : settled_) settling_.emplace_back(round, one);
  settled_.clear();
}

void MoveSource::committed(storage::Round round) {
  while (!deciding_.empty() && deciding_.front().round <= round) {
    send(deciding_.front().offset);
    deciding_.pop_front();
  }
  std::vector<Forget> done;
  while (!settling_.empty() && settling_.front().first <= round) {
    done.push_back(settling_.front().second);
    settling_.pop_front();
  }
  if (!done.empty()) forget(done);
}

void MoveSource::forget(const std::vector<Forget>& done) {
  for (std::size_t shard = 0; shard < shard_.shard_count(); ++shard) {
    std::vector<Offset> offsets;
    for (const Forget& one : done) {
      if ((one.shards >> shard & 1) != 0) offsets.push_back(one.offset);
    }
    if (offsets.empty()) continue;
    shard_.mailbox().send(ShardId(static_cast<std::uint16_t>(shard)),
                          [source = queue_.id(), offsets = std::move(offsets)](Shard& there) {
                            there.queues().forget_moves(source, offsets);
                          });
  }
}

bool MoveSource::needs_memory_of(Offset offset) const {
  const auto is_it = [offset](const Forget& one) { return one.offset == offset; };
  return std::any_of(settled_.begin(), settled_.end(), is_it) ||
         std::any_of(settling_.begin(), settling_.end(), [&](const auto& entry) { return is_it(entry.second); });
}

}  // namespace millrace::broker
