#include "broker/queue.h"

#include <algorithm>
#include <limits>

#include "base/assert.h"
#include "broker/log_host.h"
#include "broker/move_source.h"
#include "broker/queue_host.h"
#include "broker/shard.h"
#include "broker/source_log.h"
#include "broker/topic_queue.h"

namespace millrace::broker {

namespace {

// The log hears of settled records in steps: each telling is an entry in the journal.
constexpr std::int64_t kTrimStep = 512;
constexpr base::Bytes kTrimBytes = base::mib(1);
// Of records that came back and wait, where the queue does not say.
constexpr base::Millis kShortestRetry{1'000};
constexpr base::Millis kLongestRetry{86'400'000};
// Somebody may set the clock while records wait.
constexpr base::Millis kLongestLook{600'000};

storage::LogOptions options_of(const catalog::Queue& queue, const BrokerOptions& options) {
  storage::LogOptions result;
  result.durability = queue.stored() ? options.durability_of(queue.settings) : storage::Durability::memory;
  result.segment_bytes = options.segment_bytes;
  return result;
}

}  // namespace

Queue::Queue(Shard& shard, QueueSchedule& schedule, const catalog::Queue& definition)
    : shard_(shard),
      schedule_(schedule),
      definition_(definition),
      catalog_id_(definition.id),
      log_options_(options_of(definition, shard.options())),
      state_(definition.stored()) {}

Queue::Queue(Shard& shard, QueueSchedule& schedule, const catalog::Queue& definition, const catalog::QueuePart& part,
             TopicQueue& whole)
    : Queue(shard, schedule, definition) {
  catalog_id_ = whole.id();
  whole_ = &whole;
  first_ = part.start;
  source_ = std::make_unique<SourceLog>(shard, LogRef{part.log, part.shard}, [this] { source_changed(); });
}

Queue::~Queue() {
  shard_.count_state_bytes(counted_memory_, 0);
}

QueueEngine::Policy Queue::policy() const {
  QueueEngine::Policy policy;
  policy.delivery_limit = definition_.settings.delivery_limit;
  policy.dead_letters = definition_.settings.dead_letter_exchange.has_value();
  policy.max_priority = definition_.settings.max_priority.value_or(0);
  policy.held_max = shard_.options().unacknowledged_bytes;
  policy.single_active_consumer = definition_.settings.single_active_consumer;
  policy.active_gives_way =
      definition_.kind == catalog::QueueKind::counting && definition_.settings.single_active_consumer;
  policy.delayed_retry = definition_.settings.delayed_retry.value_or(catalog::DelayedRetry::none);
  return policy;
}

std::unique_ptr<RecordReader> Queue::make_reader(RecordReader::SkippedCallback on_skipped) {
  return std::make_unique<RecordReader>(
      *log_, [this] { schedule_.wants_work(*this); }, std::move(on_skipped),
      [this](const model::BatchHeader& header) {
        if (source_ != nullptr) return source_->is_aborted(header);
        return shard_.log_host().producers().is_aborted(log_->id(), header.producer_id, header.base_offset);
      });
}

std::unique_ptr<RecordReader> Queue::make_reader() {
  return make_reader([this](Offset first, Offset last, bool damaged) { skipped(first, last, damaged); });
}

void Queue::bind(storage::Log& log) {
  MILLRACE_ASSERT(log_ == nullptr && (is_part() || log.id().value == definition_.id.value));
  log_ = &log;
  // Where damage took the log's end, the state still knows which offsets had messages.
  log.raise_next(state_.named_end());
  if (first_ > state_.settlement().floor()) state_.settle(Offset(0), first_ - Offset(1));
  offered_end_ = readable_end();
  buried_end_ = readable_end();
  engine_ = std::make_unique<QueueEngine>(state_, policy(), readable_end());
  state_.count_exactly(inspects());
  if (!inspects() && engine_->ready() > 0) engine_->add_bytes(log.size().value);
  fresh_reader_ = make_reader();
  back_reader_ = make_reader();
  if (inspects()) {
    // Damage took what was counted: who knows how large it was.
    if (state_.counted_end() > readable_end()) engine_->forget_count();
    recovered_end_ = readable_end();
    start_inspection(readable_end());
  }
  trimmed_ = log.start();
  log.set_needed([this](Offset first, Offset last) { return state_.settlement().any_unsettled(first, last); });
  moves_ = std::make_unique<MoveSource>(shard_, schedule_, *this);
  if (!state_.intents().empty() || !state_.refused().empty() || !state_.doomed().empty()) moves_->resume();
  for (const auto& [due, offset] : state_.waiting()) retries_.emplace(due, offset);
  watch_retries();
  used();
  count_memory();
  // Some of what was recovered may have expired meanwhile, or be more than fits.
  if (engine_->ready() > 0) schedule_.wants_work(*this);
}

void Queue::bind_source() {
  // What the state tells of was there.
  source_->assume(state_.named_end());
  bind(*source_);
  // Also over a restart: what went meanwhile is missed.
  expected_ = std::max(first_, state_.settlement().floor());
  schedule_.changed(*this);
  source_->open();
}

/// The log has grown, or lost its beginning.
void Queue::source_changed() {
  engine_->set_committed_end(readable_end());
  const Offset start = std::min(source_->start(), readable_end());
  if (start > expected_) {
    expected_ = start;
    lose(state_.settlement().floor(), start - Offset(1), false);
  }
  schedule_.wants_work(*this);
}

bool Queue::is_known() const {
  return source_->known();
}

void Queue::look(io::Task done) {
  source_->look(std::move(done));
}

// ---- Requests

Result<void> Queue::consume(const ConsumeRequest& request, std::shared_ptr<ConsumerCredit> credit) {
  const ConsumeOptions& options = request.options;
  if (definition_.exclusive_owner.has_value() && *definition_.exclusive_owner != options.connection.value) {
    return base::fail(BrokerErrc::locked, "the queue is exclusive to another connection");
  }
  const bool refuses_exclusive = definition_.settings.single_active_consumer || engine_->consumer_count() > 0;
  if (exclusive_consumer_.has_value() || (options.exclusive && refuses_exclusive)) {
    return base::fail(BrokerErrc::in_use, "the queue is consumed exclusively, or has consumers already");
  }
  const std::uint32_t slot = engine_->add_consumer({.id = request.consumer,
                                                    .priority = options.priority,
                                                    .prefetch = options.prefetch,
                                                    .window = request.window,
                                                    .auto_ack = options.auto_ack,
                                                    .credit = std::move(credit)});
  if (members_.size() <= slot) members_.resize(slot + 1);
  members_[slot] = {request, nullptr, true};
  if (options.exclusive) exclusive_consumer_ = request.consumer;
  had_consumer_ = true;
  schedule_.wants_work(*this);
  return {};
}

bool Queue::cancel(ConsumerId consumer) {
  if (!engine_->remove_consumer(consumer)) return false;
  for (Member& member : members_) {
    if (member.live && member.request.consumer == consumer) member = {};
  }
  if (exclusive_consumer_ == consumer) exclusive_consumer_.reset();
  used();
  schedule_.wants_work(*this);
  return definition_.auto_delete && had_consumer_ && engine_->consumer_count() == 0;
}

void Queue::settle(const SettleRequest& request) {
  dying_.clear();
  const QueueEngine::Settled settled =
      engine_->settle(request.consumer, request.first, request.last, request.how, dying_);
  add(shard_.counters().acknowledged, settled.accepted);
  add(shard_.counters().requeued, settled.requeued);
  schedule_.changed(*this);
  if (!dying_.empty()) bury(dying_);
  wait_for_retries();
  // The other parts have their turn first.
  if (whole_ != nullptr) whole_->wake_others(*this, request.consumer);
  // What came back may have expired, or be too much now.
  if (settled.requeued > 0 || engine_->can_deliver()) schedule_.wants_work(*this);
}

// ---- Records that wait before they are tried again. Until when is stored, in the server's time.

/// The more often its delivery failed, the longer.
void Queue::wait_for_retries() {
  if (engine_->policy().delayed_retry == catalog::DelayedRetry::none) return;
  const std::int64_t least = definition_.settings.retry_min.value_or(kShortestRetry).value;
  const std::int64_t most = definition_.settings.retry_max.value_or(kLongestRetry).value;
  const Timestamp now = shard_.loop().clock().wall();
  for (const QueueEngine::Retry& retry : engine_->take_retries()) {
    const std::int64_t times = std::max<std::int64_t>(retry.failures, 1);
    const std::int64_t delay = least > most / times ? most : least * times;
    const Timestamp due(now.value + std::min(delay, std::numeric_limits<std::int64_t>::max() - now.value));
    state_.set_due(retry.offset, due);
    retries_.emplace(due, retry.offset);
  }
  watch_retries();
}

void Queue::watch_retries() {
  if (retries_.empty() || (retry_timer_ && retry_at_ <= retries_.begin()->first)) return;
  retry_at_ = retries_.begin()->first;
  const std::int64_t left = retry_at_.value - shard_.loop().clock().wall().value;
  const Millis delay(std::clamp<std::int64_t>(left, 0, kLongestLook.value));
  retry_timer_ = shard_.loop().call_after(base::to_nanos(delay), [this] {
    retry_timer_ = {};
    const Timestamp until = shard_.loop().clock().wall();
    while (!retries_.empty() && retries_.begin()->first <= until) {
      engine_->retry(retries_.begin()->second);
      retries_.erase(retries_.begin());
    }
    watch_retries();
    schedule_.wants_work(*this);
  });
}

void Queue::settle_recovered(const SettleRequest& request) {
  if (request.how != SettleHow::accept && request.how != SettleHow::reject) return;
  if (is_part()) {
    // It was delivered, so it is there, although nobody has told so yet.
    source_->assume(request.last + Offset(1));
    engine_->set_committed_end(readable_end());
  }
  dying_.clear();
  engine_->settle_ready(request.first, request.last, request.how == SettleHow::reject, dying_);
  schedule_.changed(*this);
  bury(dying_);
}

void Queue::bury(const std::vector<QueueEngine::Dying>& dying) {
  if (!dying.empty()) moves_->add(dying);
}

void Queue::return_window(ConsumerId consumer, std::uint64_t bytes) {
  engine_->return_window(consumer, bytes);
  if (engine_->can_deliver()) schedule_.wants_work(*this);
}

void Queue::wake(ConsumerId consumer) {
  engine_->wake(consumer);
  if (engine_->can_deliver()) schedule_.wants_work(*this);
}

void Queue::set_allowance(ConsumerId consumer, std::uint32_t most) {
  engine_->set_allowance(consumer, most);
  if (engine_->can_deliver()) schedule_.wants_work(*this);
}

void Queue::get(ConnectionId connection, bool auto_ack, Callback<GetReply> done) {
  if (definition_.exclusive_owner.has_value() && *definition_.exclusive_owner != connection.value) {
    return done(base::fail(BrokerErrc::locked, "the queue is exclusive to another connection"));
  }
  used();
  gets_.push_back({connection, auto_ack, std::move(done)});
  schedule_.wants_work(*this);
}

std::uint64_t Queue::purge() {
  const std::uint64_t count = engine_->purge();
  release_readers();
  schedule_.changed(*this);
  return count;
}

QueueStats Queue::stats() const {
  return {.ready = engine_->ready(),
          .unacknowledged = engine_->unacknowledged(),
          .consumers = static_cast<std::uint32_t>(engine_->consumer_count()),
          .bytes = engine_->bytes(),
          .lost = lost_};
}

// ---- Queues that go when they are not used

void Queue::used() {
  const auto& expires = definition_.settings.expires;
  if (!expires.has_value()) return;
  used_at_ = shard_.loop().clock().monotonic();
  if (!use_timer_) watch_use(base::to_nanos(*expires));
}

void Queue::watch_use(base::Nanos delay) {
  use_timer_ = shard_.loop().call_after(delay, [this] {
    use_timer_ = {};
    check_use();
  });
}

void Queue::check_use() {
  const auto& expires = definition_.settings.expires;
  // With consumers it is in use; the last one that leaves starts the time again.
  if (!expires.has_value() || engine_->consumer_count() > 0) return;
  const base::Nanos left = used_at_ + base::to_nanos(*expires) - shard_.loop().clock().monotonic();
  if (left > base::Nanos(0)) return watch_use(left);
  const bool if_unused = true;
  const bool if_empty = false;
  shard_.topology().delete_queue(catalog_id_, if_unused, if_empty,
                                 [&shard = shard_, id = catalog_id_](Result<std::uint64_t> result) {
                                   if (!result.has_value()) shard.queues().used(id);  // not now: later again
                                 });
}

// ---- What becomes durable

bool Queue::flush(bool late) {
  bool written = false;
  if (journalled()) {
    command_.clear();
    if (state_.take_command(command_, late)) {
      written = true;
      shard_.store().append_command(storage::StateId(id().value), command_, log_options_.durability);
      moves_->flushed(shard_.store().current_round());
    }
  }
  const bool much = floor().value - trimmed_.value >= kTrimStep || log_->size() >= kTrimBytes;
  if (floor() > trimmed_ && (much || late || !journalled())) {
    trimmed_ = floor();
    log_->trim(trimmed_);
  }
  count_memory();
  return written;
}

void Queue::count_memory() {
  const std::uint64_t now = engine_->memory_bytes();
  shard_.count_state_bytes(std::exchange(counted_memory_, now), now);
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
