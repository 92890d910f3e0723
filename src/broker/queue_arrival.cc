#include <algorithm>

#include "base/assert.h"
#include "broker/move_source.h"
#include "broker/queue.h"
#include "broker/shard.h"

// What comes into a queue, and what does not fit into it.
namespace millrace::broker {

// ---- Appending

storage::Result<Offset> Queue::append(bytes::Slab batch) {
  const Offset expected = log_->appended_end();
  const std::size_t size = batch.size();
  const bool expiring = model::is_expiring_batch(batch.view());
  const auto header = model::parse_batch_header(batch.view());
  MILLRACE_ASSERT(header.has_value(), "an unchecked batch");
  // Of a transaction nobody can tell yet what will be messages.
  const bool decided = !header->transactional();
  Arrival arrival;
  if (inspects() && decided) read_traits(batch.view(), arrival.traits);
  auto offset = shard_.store().append(*log_, std::move(batch));
  if (!offset.has_value()) return offset;
  if (*offset > expected) {
    engine_->add_hole(expected, *offset - Offset(1));
    schedule_.changed(*this);
  }
  if (header->control()) engine_->add_hole(*offset, *offset);
  if (inspects() && !decided) {
    start_inspection(log_->appended_end());
  } else if (inspects()) {
    arrival.base = *offset;
    arrival.time = shard_.loop().clock().wall();
    arrival.end = log_->appended_end();
    for (const RecordTraits& each : arrival.traits) arriving_bytes_ += each.body_bytes;
    arrivals_.push_back(std::move(arrival));
  } else {
    engine_->add_bytes(size - std::min(size, model::kBatchHeaderSize));
  }
  if (expiring) {
    state_.mark_expiring(log_->appended_end());
    schedule_.changed(*this);
  }
  return offset;
}

Offset Queue::readable_end() const {
  return log_->readable_end(storage::Isolation::decided);
}

void Queue::committed() {
  engine_->set_committed_end(readable_end());
  take_arrivals();
  bury_refused();
  schedule_.wants_work(*this);
}

void Queue::set_settings(const catalog::QueueSettings& settings) {
  MILLRACE_ASSERT(settings.max_priority == definition_.settings.max_priority);
  const bool inspected = inspects();
  definition_.settings = settings;
  engine_->set_policy(policy());
  if (inspects() != inspected) {
    // The sizes of all records, or none of them, count from now on.
    arrivals_.clear();
    arriving_bytes_ = 0;
    inspector_.reset();
    engine_->forget_count();
    state_.count_exactly(inspects());
    if (inspects()) {
      start_inspection(log_->appended_end());
    } else if (engine_->ready() > 0) {
      engine_->add_bytes(log_->size().value);
    }
    schedule_.changed(*this);
  }
  // What was known of the head was known by the old settings.
  head_ = model::kNoOffset;
  expired_range_.reset();
  expiry_timer_ = {};
  use_timer_ = {};
  used();
  schedule_.wants_work(*this);
}

// ---- Length limits

/// Also counts what is on its way to the disk: it was accepted.
Queue::Fill Queue::fill() const {
  const auto uncommitted = static_cast<std::uint64_t>(log_->appended_end().value - readable_end().value);
  // What waits for its time has come to stay.
  const std::uint64_t waiting = definition_.settings.delays ? engine_->unacknowledged() : 0;
  return {.length = engine_->ready() + waiting + uncommitted - std::min(uncommitted, refused_uncommitted_),
          .bytes = engine_->ready_bytes() + arriving_bytes_};
}

bool Queue::offer(const bytes::Slab& batch, std::uint32_t records, std::vector<std::uint32_t>& refused) {
  const catalog::QueueSettings& settings = definition_.settings;
  const std::uint64_t most = settings.max_length.value_or(UINT64_MAX);
  const std::uint64_t most_bytes = settings.max_length_bytes.value_or(UINT64_MAX);
  const bool limited = settings.max_length.has_value() || settings.max_length_bytes.has_value();
  if (settings.overflow == catalog::Overflow::drop_head || !limited) return append(batch).has_value();
  Fill now = fill();
  if (now.length + records <= most && now.bytes + batch.size() <= most_bytes) return append(batch).has_value();

  std::vector<RecordTraits> traits;
  read_traits(batch.view(), traits);
  std::vector<bool> keep(traits.size());
  for (std::size_t i = 0; i < traits.size(); ++i) {
    keep[i] = now.length < most && now.bytes + traits[i].body_bytes <= most_bytes;
    if (!keep[i]) {
      refused.push_back(static_cast<std::uint32_t>(i));
      continue;
    }
    ++now.length;
    now.bytes += traits[i].body_bytes;
  }
  if (refused.empty()) return append(batch).has_value();
  const bool dead_letters =
      settings.overflow == catalog::Overflow::reject_publish_dead_letter && settings.dead_letter_exchange.has_value();
  if (refused.size() == traits.size() && !dead_letters) return false;
  const bool stored =
      dead_letters ? append_refused(batch, traits, refused) : append(keep_records(batch.view(), keep)).has_value();
  if (!stored) refused.clear();
  return stored;
}

bool Queue::has_room(std::span<const bytes::Slab> batches) const {
  const catalog::QueueSettings& settings = definition_.settings;
  const bool limited = settings.max_length.has_value() || settings.max_length_bytes.has_value();
  if (settings.overflow == catalog::Overflow::drop_head || !limited) return true;
  Fill now = fill();
  std::vector<RecordTraits> traits;
  for (const bytes::Slab& batch : batches) {
    read_traits(batch.view(), traits);
    now.length += traits.size();
    for (const RecordTraits& each : traits) now.bytes += each.body_bytes;
  }
  return now.length <= settings.max_length.value_or(UINT64_MAX) &&
         now.bytes <= settings.max_length_bytes.value_or(UINT64_MAX);
}

/// What is refused comes in all the same, and is on its way to the dead letters from the beginning.
bool Queue::append_refused(const bytes::Slab& batch, const std::vector<RecordTraits>& traits,
                           const std::vector<std::uint32_t>& refused) {
  const std::size_t size = batch.size();
  const auto base = append(batch);
  if (!base.has_value()) return false;
  for (const std::uint32_t index : refused) {
    state_.refuse(*base + Offset(traits[index].offset_delta));
    if (inspects()) arriving_bytes_ -= std::min(arriving_bytes_, traits[index].body_bytes);
  }
  if (!inspects()) state_.forget_bytes(size * refused.size() / traits.size());
  refused_uncommitted_ += refused.size();
  schedule_.changed(*this);
  return true;
}

void Queue::bury_refused() {
  if (refused_uncommitted_ == 0) return;
  const std::set<Offset>& refused = state_.refused();
  const std::vector<Offset> offsets(refused.lower_bound(buried_end_), refused.lower_bound(engine_->committed_end()));
  buried_end_ = engine_->committed_end();
  if (offsets.empty()) return;
  dying_.clear();
  for (const Offset offset : offsets) {
    engine_->doom(offset, DeathReason::max_length, dying_);
    --refused_uncommitted_;
  }
  schedule_.changed(*this);
  bury(dying_);
}

/// Lets heads go until the rest fits. True when there is more to be done at once.
bool Queue::enforce_length(WorkBudget& budget) {
  const catalog::QueueSettings& settings = definition_.settings;
  if (settings.overflow != catalog::Overflow::drop_head) return false;
  const std::uint64_t most = settings.max_length.value_or(UINT64_MAX);
  const std::uint64_t most_bytes = inspecting() ? UINT64_MAX : settings.max_length_bytes.value_or(UINT64_MAX);
  while (engine_->ready() > most || (engine_->ready_bytes() > most_bytes && engine_->ready() > 0)) {
    const auto next = engine_->next();
    if (!next.has_value()) break;
    if (budget.spent()) return true;
    std::uint64_t bytes = engine_->mean_bytes();
    if (inspects()) {
      RecordReader::Found found;
      const Fetched fetched = fetch(*next, found);
      if (fetched == Fetched::wait) break;
      if (fetched == Fetched::again) continue;
      bytes = size_of(found);
    }
    if (!let_go(next->offset, bytes, DeathReason::max_length)) break;
    budget.take(bytes);
  }
  return false;
}

/// Takes a ready record out. False when it has to wait there until others have reached their dead-letter queues.
bool Queue::let_go(Offset offset, std::uint64_t bytes, DeathReason reason) {
  if (engine_->dying() >= kMaxDying) {
    waits_for_moves_ = true;
    return false;
  }
  dying_.clear();
  engine_->let_go(offset, bytes, reason, dying_);
  schedule_.changed(*this);
  bury(dying_);
  return true;
}

// ---- Queues that look at each record

bool Queue::inspects() const {
  return definition_.settings.max_length_bytes.has_value() || has_levels();
}

bool Queue::has_levels() const {
  return definition_.settings.max_priority.value_or(0) > 0;
}

/// A record that is committed is known from now on.
void Queue::register_record(Offset offset, std::uint64_t bytes, std::optional<std::uint8_t> priority) {
  engine_->count(offset, bytes);
  if (!has_levels() || state_.settlement().is_settled(offset)) return;
  const std::uint8_t without =
      definition_.kind == catalog::QueueKind::counting ? catalog::kUsualPriority : std::uint8_t{0};
  state_.set_level(offset, std::min(priority.value_or(without), *definition_.settings.max_priority));
}

/// Lets a record that was registered wait until then.
void Queue::delay(Offset offset, std::uint64_t bytes, Timestamp due) {
  if (!engine_->delay(offset, bytes)) return;
  state_.delay(offset, due);
  retries_.emplace(due, offset);
  watch_retries();
}

std::uint64_t Queue::size_of(const RecordReader::Found& found) const {
  return inspects() ? found.record.value.size() : found.stored_bytes;
}

/// Everything from the mark in the state on, up to `until`, is read as soon as it is committed; what comes later is
/// seen on its way in. So a crash costs no more than reading what its last rounds brought.
void Queue::start_inspection(Offset until) {
  inspected_until_ = until;
  for (; !arrivals_.empty() && arrivals_.front().end <= inspected_until_; arrivals_.pop_front()) {
    forget_arriving(arrivals_.front());
  }
  if (!inspecting()) return;
  if (inspector_ == nullptr) {
    inspector_ = make_reader([this](Offset first, Offset last, bool damaged) { lose(first, last, damaged); });
  }
  schedule_.wants_work(*this);
}

bool Queue::inspecting() const {
  return inspects() && state_.counted_end() < inspected_until_;
}

void Queue::inspect(WorkBudget& budget) {
  while (inspecting() && !budget.spent()) {
    RecordReader::Found found;
    const Offset readable = std::min(inspected_until_, engine_->committed_end());
    const Offset from = state_.settlement().next_unsettled(state_.counted_end());
    const auto status = from < readable ? inspector_->find(from, readable, found) : RecordReader::Status::none;
    if (status == RecordReader::Status::loading) return;
    if (status == RecordReader::Status::failed) return schedule_.retry_later(*this);
    schedule_.changed(*this);
    if (status == RecordReader::Status::none) {
      state_.set_counted_end(readable);
      if (readable < inspected_until_) return;  // the next commit goes on
      break;
    }
    register_record(found.offset, size_of(found), found.envelope.priority);
    if (definition_.settings.delays) delay(found.offset, size_of(found), *deadline_of(found));
    state_.set_counted_end(found.offset + Offset(1));
    budget.take(found.stored_bytes);
  }
  if (inspecting()) return schedule_.wants_work(*this);
  inspector_.reset();
  take_arrivals();
}

/// What was refused has not been among them any more.
void Queue::forget_arriving(const Arrival& arrival) {
  for (const RecordTraits& each : arrival.traits) {
    if (state_.refused().contains(arrival.base + Offset(each.offset_delta))) continue;
    arriving_bytes_ -= std::min(arriving_bytes_, each.body_bytes);
  }
}

/// Records that were seen on their way in count when they are committed.
void Queue::take_arrivals() {
  if (arrivals_.empty() || inspecting()) return;
  for (; !arrivals_.empty() && arrivals_.front().end <= engine_->committed_end(); arrivals_.pop_front()) {
    const Arrival& arrival = arrivals_.front();
    forget_arriving(arrival);
    for (const RecordTraits& each : arrival.traits) {
      const Offset offset = arrival.base + Offset(each.offset_delta);
      register_record(offset, each.body_bytes, each.priority);
      if (definition_.settings.delays) delay(offset, each.body_bytes, deadline_of(arrival.time, each.time_to_live));
    }
    state_.set_counted_end(arrival.end);
    schedule_.changed(*this);
  }
}

}  // namespace millrace::broker
