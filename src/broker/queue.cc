#include "broker/queue.h"

#include <algorithm>

#include "base/assert.h"
#include "base/log.h"
#include "broker/move_source.h"
#include "broker/shard.h"

namespace millrace::broker {

namespace {

// What a message costs in a consumer's window beside its bytes.
constexpr std::uint64_t kDeliveryOverhead = 64;
// The log hears of settled records in steps: each telling is an entry in the journal.
constexpr std::int64_t kTrimStep = 512;
constexpr base::Bytes kTrimBytes = base::mib(1);

storage::LogOptions options_of(const catalog::Queue& queue, const BrokerOptions& options) {
  storage::LogOptions result;
  result.durability = queue.stored() ? options.durability : storage::Durability::memory;
  result.segment_bytes = options.segment_bytes;
  return result;
}

void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount) {
  if (amount > 0) counter.fetch_add(amount, std::memory_order_relaxed);
}

}  // namespace

Queue::Queue(Shard& shard, QueueSchedule& schedule, const catalog::Queue& definition)
    : shard_(shard),
      schedule_(schedule),
      definition_(definition),
      log_options_(options_of(definition, shard.options())),
      state_(definition.stored()) {}

Queue::~Queue() = default;

QueueEngine::Policy Queue::policy() const {
  QueueEngine::Policy policy;
  policy.delivery_limit = definition_.settings.delivery_limit;
  policy.dead_letters = definition_.settings.dead_letter_exchange.has_value();
  return policy;
}

void Queue::bind(storage::Log& log) {
  MILLRACE_ASSERT(log_ == nullptr && log.id().value == definition_.id.value);
  log_ = &log;
  // Where damage took the log's end, the state still knows which offsets had messages.
  log.raise_next(state_.named_end());
  engine_ = std::make_unique<QueueEngine>(state_, policy(), log.committed_end());
  engine_->add_bytes(engine_->ready() == 0 ? 0 : log.size().value);
  const auto on_loaded = [this] { schedule_.wants_work(*this); };
  const auto on_skipped = [this](Offset first, Offset last, bool damaged) { skipped(first, last, damaged); };
  fresh_reader_ = std::make_unique<RecordReader>(log, on_loaded, on_skipped);
  back_reader_ = std::make_unique<RecordReader>(log, on_loaded, on_skipped);
  trimmed_ = log.start();
  log.set_needed([this](Offset first, Offset last) { return state_.settlement().any_unsettled(first, last); });
  moves_ = std::make_unique<MoveSource>(shard_, schedule_, *this);
  if (!state_.intents().empty()) moves_->resume();
}

// ---- Records come in

bool Queue::is_full_for(std::uint32_t records) const {
  const catalog::QueueSettings& settings = definition_.settings;
  if (settings.overflow == catalog::Overflow::drop_head) return false;
  if (settings.max_length.has_value()) {
    const auto uncommitted = static_cast<std::uint64_t>(log_->appended_end().value - log_->committed_end().value);
    if (engine_->ready() + uncommitted + records > *settings.max_length) return true;
  }
  return settings.max_length_bytes.has_value() && engine_->bytes() >= *settings.max_length_bytes;
}

storage::Result<Offset> Queue::append(bytes::Slab batch) {
  const Offset expected = log_->appended_end();
  const std::size_t size = batch.size();
  auto offset = shard_.store().append(*log_, std::move(batch));
  if (!offset.has_value()) return offset;
  if (*offset > expected) {
    engine_->add_hole(expected, *offset - Offset(1));
    schedule_.changed(*this);
  }
  engine_->add_bytes(size - std::min(size, model::kBatchHeaderSize));
  return offset;
}

void Queue::committed() {
  engine_->set_committed_end(log_->committed_end());
  enforce_length();
  schedule_.wants_work(*this);
}

void Queue::enforce_length() {
  const catalog::QueueSettings& settings = definition_.settings;
  if (settings.overflow != catalog::Overflow::drop_head) return;
  const std::uint64_t most = settings.max_length.value_or(UINT64_MAX);
  const std::uint64_t most_bytes = settings.max_length_bytes.value_or(UINT64_MAX);
  dying_.clear();
  bool dropped = false;
  while (engine_->ready() > most || (engine_->bytes() > most_bytes && engine_->ready() > 0)) {
    if (!engine_->next().has_value()) break;
    engine_->drop_head(dying_);
    dropped = true;
  }
  if (!dropped) return;
  schedule_.changed(*this);
  bury(dying_);
}

// ---- Requests

Result<void> Queue::consume(const ConsumeRequest& request) {
  const ConsumeOptions& options = request.options;
  if (definition_.exclusive_owner.has_value() && *definition_.exclusive_owner != options.connection.value) {
    return base::fail(BrokerErrc::locked, "the queue is exclusive to another connection");
  }
  if (exclusive_consumer_.has_value() || (options.exclusive && engine_->consumer_count() > 0)) {
    return base::fail(BrokerErrc::in_use, "the queue is consumed exclusively, or has consumers already");
  }
  const std::uint32_t slot = engine_->add_consumer({.id = request.consumer,
                                                    .priority = options.priority,
                                                    .prefetch = options.prefetch,
                                                    .window = Consumers::kWindowBytes,
                                                    .auto_ack = options.auto_ack});
  if (members_.size() <= slot) members_.resize(slot + 1);
  members_[slot] = {request, nullptr, true};
  if (options.exclusive) exclusive_consumer_ = request.consumer;
  had_consumer_ = true;
  schedule_.wants_work(*this);
  return {};
}

void Queue::cancel(ConsumerId consumer) {
  if (!engine_->remove_consumer(consumer)) return;
  for (Member& member : members_) {
    if (member.live && member.request.consumer == consumer) member = {};
  }
  if (exclusive_consumer_ == consumer) exclusive_consumer_.reset();
  schedule_.wants_work(*this);
  if (definition_.auto_delete && had_consumer_ && engine_->consumer_count() == 0) {
    shard_.topology().delete_queue(id(), true, false, [](Result<std::uint64_t>) {});
  }
}

void Queue::settle(const SettleRequest& request) {
  dying_.clear();
  const QueueEngine::Settled settled =
      engine_->settle(request.consumer, request.first, request.last, request.how, dying_);
  add(shard_.counters().acknowledged, settled.accepted);
  add(shard_.counters().requeued, settled.requeued);
  schedule_.changed(*this);
  if (!dying_.empty()) bury(dying_);
  if (engine_->can_deliver()) schedule_.wants_work(*this);
}

void Queue::bury(const std::vector<QueueEngine::Dying>& dying) {
  if (!dying.empty()) moves_->add(dying);
}

void Queue::return_window(ConsumerId consumer, std::uint64_t bytes) {
  engine_->return_window(consumer, bytes);
  if (engine_->can_deliver()) schedule_.wants_work(*this);
}

void Queue::get(ConnectionId connection, bool auto_ack, Callback<GetReply> done) {
  if (definition_.exclusive_owner.has_value() && *definition_.exclusive_owner != connection.value) {
    return done(base::fail(BrokerErrc::locked, "the queue is exclusive to another connection"));
  }
  gets_.push_back({connection, auto_ack, std::move(done)});
  schedule_.wants_work(*this);
}

std::uint64_t Queue::purge() {
  const std::uint64_t count = engine_->purge();
  fresh_reader_->release();
  back_reader_->release();
  schedule_.changed(*this);
  return count;
}

QueueStats Queue::stats() const {
  return {.ready = engine_->ready(),
          .unacknowledged = engine_->unacknowledged(),
          .consumers = static_cast<std::uint32_t>(engine_->consumer_count()),
          .bytes = engine_->bytes()};
}

// ---- Deliveries go out

void Queue::skipped(Offset first, Offset last, bool damaged) {
  const std::uint64_t lost = engine_->skip(first, last);
  schedule_.changed(*this);
  if (damaged && lost > 0) {
    base::log::warning("queue {}: records {} to {} are damaged; {} messages are skipped", definition_.name, first.value,
                       last.value, lost);
  }
}

Queue::Fetched Queue::fetch(const QueueEngine::Next& next, RecordReader::Found& found) {
  RecordReader& reader = next.given_back ? *back_reader_ : *fresh_reader_;
  switch (reader.find(next.offset, next.until, found)) {
    case RecordReader::Status::loading:
      return Fetched::wait;
    case RecordReader::Status::failed:
      schedule_.retry_later(*this);
      return Fetched::wait;
    case RecordReader::Status::none:
      skipped(next.offset, next.given_back ? next.offset : next.until - Offset(1), false);
      return Fetched::again;
    case RecordReader::Status::found:
      break;
  }
  if (found.offset == next.offset) return Fetched::found;
  skipped(next.offset, next.given_back ? next.offset : found.offset - Offset(1), false);
  return Fetched::again;
}

void Queue::add_to(DeliveryBundle& bundle, const RecordReader::Found& found, const QueueEngine::Delivered& how) {
  if (bundle.slabs.empty() || bundle.slabs.back().data() != found.slab->data()) bundle.slabs.push_back(*found.slab);
  bundle.slab_of.push_back(static_cast<std::uint32_t>(bundle.slabs.size() - 1));
  bundle.deliveries.push_back({.offset = found.offset,
                               .timestamp = found.timestamp,
                               .delivery_count = how.delivery_count,
                               .redelivered = how.redelivered,
                               .record = found.record,
                               .envelope = found.envelope});
  bundle.window_bytes += found.stored_bytes + kDeliveryOverhead;
}

bool Queue::serve_gets() {
  while (!gets_.empty()) {
    GetReply reply;
    reply.bundle.queue = ref();
    if (const auto next = engine_->next(); next.has_value()) {
      RecordReader::Found found;
      const Fetched fetched = fetch(*next, found);
      if (fetched == Fetched::wait) return false;
      if (fetched == Fetched::again) continue;
      const auto how = engine_->take(found.offset, found.stored_bytes, gets_.front().auto_ack);
      if (how.auto_ack) schedule_.changed(*this);
      add_to(reply.bundle, found, how);
      add(shard_.counters().delivered, 1);
      add(shard_.counters().redelivered, how.redelivered ? 1 : 0);
    }
    reply.remaining = engine_->ready();
    auto done = std::move(gets_.front().done);
    gets_.pop_front();
    done(std::move(reply));
  }
  return true;
}

bool Queue::deliver(WorkBudget& budget) {
  bool more = false;
  bool settled = false;
  while (engine_->can_deliver()) {
    if (budget.spent()) {
      more = true;
      break;
    }
    const auto next = engine_->next();
    if (!next.has_value()) break;
    RecordReader::Found found;
    const Fetched fetched = fetch(*next, found);
    if (fetched == Fetched::wait) break;
    if (fetched == Fetched::again) continue;
    const std::uint64_t window = found.stored_bytes + kDeliveryOverhead;
    const QueueEngine::Delivered how = engine_->deliver(found.offset, found.stored_bytes, window);
    settled = settled || how.auto_ack;
    Member& member = members_[how.slot];
    if (member.bundle == nullptr) {
      member.bundle = std::make_unique<DeliveryBundle>();
      member.bundle->queue = ref();
      member.bundle->consumer = member.request.consumer;
      with_bundle_.push_back(how.slot);
    }
    add_to(*member.bundle, found, how);
    add(shard_.counters().redelivered, how.redelivered ? 1 : 0);
    budget.take(window);
  }
  if (settled || state_.mark_pending()) schedule_.changed(*this);
  send_bundles();
  return more;
}

void Queue::send_bundles() {
  for (const std::uint32_t slot : with_bundle_) {
    Member& member = members_[slot];
    add(shard_.counters().delivered, member.bundle->deliveries.size());
    const ShardId home = member.request.home;
    auto bundle = std::exchange(member.bundle, nullptr);
    if (home == shard_.id()) {
      shard_.consumers().deliver(std::move(bundle));
    } else {
      shard_.mailbox().send(
          home, [bundle = std::move(bundle)](Shard& there) mutable { there.consumers().deliver(std::move(bundle)); });
    }
  }
  with_bundle_.clear();
}

bool Queue::work(WorkBudget& budget) {
  const bool gets_served = serve_gets();
  const bool more = gets_served && deliver(budget);
  moves_->work();
  // An idle queue holds no read buffers.
  if (engine_->ready() == 0) {
    fresh_reader_->release();
    back_reader_->release();
  }
  return more;
}

void Queue::flush(bool late) {
  if (journalled()) {
    command_.clear();
    if (state_.take_command(command_, late)) {
      shard_.store().append_command(storage::StateId(id().value), command_, log_options_.durability);
      moves_->flushed(shard_.store().current_round());
    }
  }
  const bool much = floor().value - trimmed_.value >= kTrimStep || log_->size() >= kTrimBytes;
  if (floor() > trimmed_ && (much || late || !journalled())) {
    trimmed_ = floor();
    log_->trim(trimmed_);
  }
}

Offset Queue::floor() const {
  return std::min(state_.settlement().floor(), engine_->committed_end());
}

bool Queue::has_late_work() const {
  return state_.mark_pending() || floor() > trimmed_;
}

void Queue::close(const std::string& reason) {
  for (const Member& member : members_) {
    if (!member.live) continue;
    shard_.mailbox().send(member.request.home, [consumer = member.request.consumer, reason](Shard& there) {
      there.consumers().cancelled(consumer, reason);
    });
  }
  members_.clear();
  log_->set_needed({});
  for (Get& get : gets_) get.done(base::fail(BrokerErrc::not_found, reason));
  gets_.clear();
}

}  // namespace millrace::broker
