#include "broker/publisher.h"

#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <set>
#include <vector>

#include "base/assert.h"
#include "broker/publish_turn.h"
#include "broker/shard.h"
#include "bytes/varint.h"
#include "model/batch_builder.h"

namespace millrace::broker {

// One turn's publishes of a tracker; `waiting_for` shards have not answered yet.
struct TrackerEntry {
  std::uint64_t last_sequence = 0;
  std::uint64_t shards = 0;
  std::uint32_t waiting_for = 0;
  bool open = true;
};

struct PublishTracker::State {
  Listener* listener = nullptr;
  std::uint64_t last_sequence = 0;
  std::uint64_t confirmed = 0;
  std::uint64_t first_entry = 0;  // number of entries.front()
  std::deque<TrackerEntry> entries;
  struct Waiter {
    std::uint64_t sequence;
    io::Task task;
  };
  std::deque<Waiter> waiters;

  bool open_entry() const { return !entries.empty() && entries.back().open; }

  void settle_front() {
    std::uint64_t upto = confirmed;
    while (!entries.empty() && !entries.front().open && entries.front().waiting_for == 0) {
      upto = entries.front().last_sequence;
      entries.pop_front();
      ++first_entry;
    }
    if (upto == confirmed) return;
    confirmed = upto;
    if (listener != nullptr) listener->on_confirmed(upto);
    while (!waiters.empty() && waiters.front().sequence <= confirmed) {
      io::Task task = std::move(waiters.front().task);
      waiters.pop_front();
      task();
    }
  }
};

PublishTracker::PublishTracker(Shard&, Listener* listener) : state_(std::make_shared<State>()) {
  state_->listener = listener;
}

PublishTracker::~PublishTracker() {
  state_->listener = nullptr;
  state_->waiters.clear();
}

std::uint64_t PublishTracker::last_sequence() const {
  return state_->last_sequence;
}

std::uint64_t PublishTracker::unsettled() const {
  return state_->last_sequence - state_->confirmed;
}

void PublishTracker::when_settled(io::Task task) {
  if (unsettled() == 0) {
    task();
    return;
  }
  state_->waiters.push_back({state_->last_sequence, std::move(task)});
}

struct Publisher::State {
  using TrackerState = std::shared_ptr<PublishTracker::State>;

  // Publishes of one tracker inside one batch: needed only to name them when the batch is refused.
  struct Run {
    std::uint32_t tracker = 0;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
  };
  struct OpenBatch {
    std::vector<QueueRef> queues;
    std::uint64_t shards = 0;
    model::BatchBuilder builder;
    std::vector<Run> runs;
    bool superseded = false;
  };
  struct TouchedTracker {
    TrackerState state;
    std::uint64_t entry = 0;
  };
  // What must be known when the shards answer. Used on this shard only.
  struct Turn {
    std::vector<TouchedTracker> trackers;
    std::vector<std::vector<Run>> runs;
    std::set<std::pair<std::uint32_t, std::uint32_t>> rejected;  // batch and record: already told
  };

  Shard& shard;
  // Batches of this turn in the order they were opened; `used` of them are live, the rest is kept for reuse.
  std::vector<std::unique_ptr<OpenBatch>> batches;
  std::size_t used = 0;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> batch_of_route;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> latest_batch_of_queue;
  std::uint64_t last_route = 0;
  std::uint32_t last_batch = 0;
  std::vector<TouchedTracker> trackers;
  std::uint32_t last_tracker = 0;
  bytes::ByteVector header_head;

  explicit State(Shard& owner) : shard(owner) {}

  std::uint32_t batch_for(const Route& route);
  std::uint32_t open_batch(const Route& route);
  std::uint32_t touch(const TrackerState& tracker);
  static void reject(Turn& turn, const RefusedPublish& refused);
  static void answered(const std::shared_ptr<Turn>& turn, ShardId from, const std::vector<RefusedPublish>& refused);
};

std::uint32_t Publisher::State::open_batch(const Route& route) {
  if (used == batches.size()) batches.push_back(std::make_unique<OpenBatch>());
  const auto index = static_cast<std::uint32_t>(used++);
  OpenBatch& batch = *batches[index];
  batch.queues = route.queues;
  batch.shards = route.shards;
  batch.superseded = false;
  batch.runs.clear();
  batch.builder.start({.enveloped = true});
  for (const QueueRef& queue : route.queues) {
    const auto [it, fresh] = latest_batch_of_queue.try_emplace(queue.queue.value, index);
    if (!fresh) {
      // A later record for this queue must not get into the older batch, or the queue's order would break.
      batches[it->second]->superseded = true;
      it->second = index;
    }
  }
  batch_of_route[route.id] = index;
  return index;
}

std::uint32_t Publisher::State::batch_for(const Route& route) {
  constexpr std::size_t kSealAt = std::size_t{1} << 20;  // keeps batches well below the size limit
  if (used > 0) {
    std::uint32_t index = last_batch;
    bool found = route.id == last_route;
    if (!found) {
      const auto it = batch_of_route.find(route.id);
      found = it != batch_of_route.end();
      if (found) index = it->second;
    }
    if (found && !batches[index]->superseded && batches[index]->builder.size() < kSealAt) {
      last_route = route.id;
      last_batch = index;
      return index;
    }
  }
  last_batch = open_batch(route);
  last_route = route.id;
  return last_batch;
}

std::uint32_t Publisher::State::touch(const TrackerState& tracker) {
  if (last_tracker < trackers.size() && trackers[last_tracker].state == tracker) return last_tracker;
  if (tracker->open_entry()) {
    const std::uint64_t entry = tracker->first_entry + tracker->entries.size() - 1;
    for (std::uint32_t i = 0; i < trackers.size(); ++i) {
      if (trackers[i].state == tracker && trackers[i].entry == entry) return last_tracker = i;
    }
  }
  tracker->entries.push_back({});
  trackers.push_back({tracker, tracker->first_entry + tracker->entries.size() - 1});
  return last_tracker = static_cast<std::uint32_t>(trackers.size() - 1);
}

void append_record(model::BatchBuilder& builder, const Message& message, bytes::ByteVector& header_head) {
  std::size_t native_size = 0;
  for (const auto& part : message.native) native_size += part.size();
  native_size += message.envelope.hidden.size();
  // [key length, key, value length, envelope head] and then the native parts: one record header.
  header_head.clear();
  std::uint8_t number[bytes::kMaxVarintSize];
  const bytes::ByteView key = bytes::as_bytes(model::kEnvelopeKey);
  header_head.insert(header_head.end(), number, bytes::put_varint(number, static_cast<std::int64_t>(key.size())));
  header_head.insert(header_head.end(), key.begin(), key.end());
  std::uint8_t head[model::kMaxEnvelopeHead];
  const std::size_t head_size = model::write_envelope_head(head, message.envelope);
  header_head.insert(header_head.end(), number,
                     bytes::put_varint(number, static_cast<std::int64_t>(head_size + native_size)));
  header_head.insert(header_head.end(), head, head + head_size);

  constexpr std::size_t kMaxParts = 8;
  MILLRACE_ASSERT(message.native.size() + 1 < kMaxParts);
  bytes::ByteView parts[kMaxParts] = {header_head};
  std::copy(message.native.begin(), message.native.end(), parts + 1);
  parts[message.native.size() + 1] = message.envelope.hidden;
  builder.add({.timestamp = message.timestamp,
               .has_key = message.has_key,
               .key = message.key,
               .has_value = true,
               .value_parts = message.body,
               .header_count = 1,
               .header_parts = {parts, message.native.size() + 2},
               .expires = message.envelope.time_to_live.has_value()});
}

Publisher::Publisher(Shard& shard) : state_(std::make_unique<State>(shard)) {
  shard.loop().add_hook(io::Loop::Stage::publish, this);
}

Publisher::~Publisher() {
  state_->shard.loop().remove_hook(this);
}

void Publisher::publish(PublishTracker& tracker, const Route& route, const Message& message) {
  State& state = *state_;
  const std::uint64_t sequence = ++tracker.state_->last_sequence;
  const std::uint32_t touched = state.touch(tracker.state_);
  TrackerEntry& entry = tracker.state_->entries.back();
  entry.last_sequence = sequence;
  entry.shards |= route.shards;
  if (route.queues.empty()) return;

  State::OpenBatch& batch = *state.batches[state.batch_for(route)];
  append_record(batch.builder, message, state.header_head);
  if (!batch.runs.empty() && batch.runs.back().tracker == touched && batch.runs.back().last + 1 == sequence) {
    batch.runs.back().last = sequence;
  } else {
    batch.runs.push_back({touched, sequence, sequence});
  }
}

/// Tells the publisher of each refused record once, however many queues refuse it.
void Publisher::State::reject(Turn& turn, const RefusedPublish& refused) {
  const bool all = refused.record == RefusedPublish::kAllRecords;
  std::uint64_t first_record = 0;
  for (const Run& run : turn.runs[refused.batch]) {
    const std::uint64_t records = run.last - run.first + 1;
    const std::uint64_t begin = all ? 0 : refused.record - std::min<std::uint64_t>(refused.record, first_record);
    const bool here = refused.record >= first_record;
    const std::uint64_t end = all ? records : here ? std::min(begin + 1, records) : 0;
    const TrackerState& tracker = turn.trackers[run.tracker].state;
    for (std::uint64_t i = begin; i < end; ++i) {
      const bool fresh = turn.rejected.emplace(refused.batch, static_cast<std::uint32_t>(first_record + i)).second;
      if (fresh && tracker->listener != nullptr) tracker->listener->on_rejected(run.first + i);
    }
    first_record += records;
  }
}

void Publisher::State::answered(const std::shared_ptr<Turn>& turn, ShardId from,
                                const std::vector<RefusedPublish>& refused) {
  for (const RefusedPublish& each : refused) reject(*turn, each);
  const std::uint64_t bit = std::uint64_t{1} << from.value;
  for (const TouchedTracker& touched : turn->trackers) {
    // Settled already: its shards have answered, and this one was not among them.
    if (touched.entry < touched.state->first_entry) continue;
    TrackerEntry& entry = touched.state->entries[touched.entry - touched.state->first_entry];
    if ((entry.shards & bit) == 0) continue;
    MILLRACE_ASSERT(entry.waiting_for > 0);
    --entry.waiting_for;
  }
  for (const TouchedTracker& touched : turn->trackers) touched.state->settle_front();
}

void Publisher::on_turn_end() {
  State& state = *state_;
  if (state.trackers.empty()) return;
  auto turn = std::make_shared<State::Turn>();
  turn->trackers = std::exchange(state.trackers, {});
  std::vector<std::unique_ptr<PublishBundle>> bundles(state.shard.shard_count());
  std::uint64_t published = 0;
  std::uint64_t published_bytes = 0;
  for (std::size_t i = 0; i < state.used; ++i) {
    State::OpenBatch& batch = *state.batches[i];
    const auto records = static_cast<std::uint32_t>(batch.builder.count());
    const bytes::Slab slab = batch.builder.finish();
    published += records;
    published_bytes += slab.size();
    turn->runs.push_back(std::exchange(batch.runs, {}));
    for (const QueueRef& queue : batch.queues) {
      auto& bundle = bundles[queue.shard.value];
      if (bundle == nullptr) bundle = std::make_unique<PublishBundle>();
      bundle->appends.push_back({queue.queue, slab, records, static_cast<std::uint32_t>(i)});
    }
  }
  add(state.shard.counters().published, published);
  add(state.shard.counters().published_bytes, published_bytes);
  state.used = 0;
  state.batch_of_route.clear();
  state.latest_batch_of_queue.clear();
  state.last_route = 0;
  state.last_tracker = 0;

  for (const auto& touched : turn->trackers) {
    TrackerEntry& entry = touched.state->entries[touched.entry - touched.state->first_entry];
    entry.open = false;
    entry.waiting_for = static_cast<std::uint32_t>(__builtin_popcountll(entry.shards));
  }
  for (std::size_t i = 0; i < bundles.size(); ++i) {
    if (bundles[i] == nullptr) continue;
    bundles[i]->from = state.shard.id();
    bundles[i]->done = [turn](ShardId from, const std::vector<RefusedPublish>& refused) {
      State::answered(turn, from, refused);
    };
    const ShardId target(static_cast<std::uint16_t>(i));
    if (target == state.shard.id()) {
      state.shard.receive(std::move(bundles[i]));  // no detour for the own shard
    } else {
      state.shard.mailbox().send(
          target, [bundle = std::move(bundles[i])](Shard& there) mutable { there.receive(std::move(bundle)); });
    }
  }
  // Publishes that went nowhere settle now.
  for (const auto& touched : turn->trackers) touched.state->settle_front();
}

}  // namespace millrace::broker
