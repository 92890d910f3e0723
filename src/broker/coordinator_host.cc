#include "broker/coordinator_host.h"

#include <algorithm>
#include <memory>

#include "base/assert.h"
#include "base/log.h"
#include "broker/group_host.h"
#include "broker/log_host.h"
#include "broker/placement.h"
#include "broker/shard.h"
#include "broker/work_budget.h"

namespace millrace::broker {

namespace {

// How often names are looked for that are not used any more, and how many of them one look takes.
constexpr Millis kIdExpiryInterval{60'000};
constexpr std::size_t kExpiryNames = 10'000;

/// From this epoch on a producer gets a new number: the last one is for fencing it off.
constexpr std::int16_t kLastEpoch = INT16_MAX - 1;

constexpr std::int32_t kDeciderEpoch = 0;

bool exhausted(std::int16_t epoch) {
  return epoch >= kLastEpoch;
}

std::int16_t next_epoch(std::int16_t epoch) {
  return epoch == INT16_MAX ? epoch : static_cast<std::int16_t>(epoch + 1);
}

auto fenced() {
  return base::fail(BrokerErrc::fenced, "another producer of this name has begun");
}
auto concurrent() {
  return base::fail(BrokerErrc::concurrent, "the transaction before is being finished");
}
auto no_transaction(const CoordinatorState::Record& record, const ProducerIdentity& asked) {
  const ProducerIdentity& now = record.identity;
  return base::fail(BrokerErrc::no_transaction,
                    fmt::format("the transaction is in another state ({}): epoch {} asks, {} is the producer's, {} was",
                                static_cast<int>(record.phase), asked.epoch, now.epoch, record.previous.epoch));
}

/// Nothing when it does not exist any more.
std::optional<LogRef> log_of(const catalog::State& catalog, const TopicPartition& partition) {
  if (const catalog::Topic* topic = catalog.find_topic(partition.topic)) {
    const auto index = static_cast<std::size_t>(partition.partition);
    if (partition.partition < 0 || index >= topic->partitions.size()) return std::nullopt;
    return LogRef{topic->partitions[index].log, topic->partitions[index].shard};
  }
  const catalog::Queue* queue = catalog.find_queue(partition.topic);
  if (queue == nullptr || partition.partition != 0) return std::nullopt;
  return LogRef{LogId(queue->id.value), queue->shard};
}

bool contains_all(const CoordinatorState::Record& record, const JoinTransactionRequest& request) {
  return std::all_of(request.partitions.begin(), request.partitions.end(),
                     [&](const TopicPartition& each) { return record.partitions.contains(each); }) &&
         std::all_of(request.groups.begin(), request.groups.end(),
                     [&](const GroupKey& each) { return record.groups.contains(each); });
}

}  // namespace

CoordinatorHost::CoordinatorHost(Shard& shard, const CoordinatorOptions& options) : shard_(shard), options_(options) {}

CoordinatorHost::~CoordinatorHost() = default;

Timestamp CoordinatorHost::wall() const {
  return shard_.loop().clock().wall();
}

void CoordinatorHost::recovered() {
  shard_.loop().post([this] {
    std::vector<ProducerName> decided;
    for (const auto& [name, record] : state_.records()) {
      if (record.decided() && !running_.contains(name)) decided.push_back(name);
    }
    for (const ProducerName& name : decided) {
      running_.try_emplace(name);
      carry_out(name);
    }
    look_at_time();
    schedule_expiry();
  });
}

void CoordinatorHost::append(const bytes::ByteVector& command) {
  shard_.store().append_command(CoordinatorState::kState, command);
  last_change_ = shard_.store().current_round();
}

void CoordinatorHost::when_durable(io::Task task) {
  if (last_change_ <= shard_.store().committed_round()) return task();
  answers_.push_back({last_change_, std::move(task)});
}

void CoordinatorHost::committed(storage::Round round) {
  while (!answers_.empty() && answers_.front().round <= round) {
    io::Task task = std::move(answers_.front().task);
    answers_.pop_front();
    task();
  }
}

// ---- Beginning

void CoordinatorHost::begin(BeginRequest request, Callback<ProducerIdentity> done) {
  if (request.timeout.value <= 0 || request.timeout > options_.max_timeout) {
    return done(base::fail(BrokerErrc::out_of_range, "the time-out of transactions"));
  }
  if (request.name.name.size() > kMaxProducerName) return done(base::fail(BrokerErrc::too_large, "the name"));
  if (allocating_.contains(request.name)) return done(concurrent());
  if (const Record* record = state_.find(request.name)) {
    return begin_known(std::move(request), *record, std::move(done));
  }
  // Whoever comes back after its name was forgotten begins anew.
  if (state_.records().size() >= options_.max_producers) {
    return done(base::fail(BrokerErrc::too_many, "too many producers with transactions"));
  }
  begin_with_new_id(std::move(request), std::move(done));
}

void CoordinatorHost::begin_known(BeginRequest request, const Record& record, Callback<ProducerIdentity> done) {
  if (record.decided()) return done(concurrent());
  const ProducerIdentity known = request.known;
  if (known.id >= 0) {
    const bool current = known == record.identity;
    // It asked before, and did not get the answer.
    const bool again = !record.open() && known == record.previous;
    if (!current && !again) return done(fenced());
    if (again) return when_durable([done = std::move(done), now = record.identity]() mutable { done(now); });
  }
  if (record.open()) {
    const ProducerName name = request.name;
    request.known = {};
    return abort_fenced(name, record, [this, request = std::move(request), done = std::move(done)]() mutable {
      begin(std::move(request), std::move(done));
    });
  }
  if (exhausted(record.identity.epoch)) return begin_with_new_id(std::move(request), std::move(done));
  const ProducerIdentity next{record.identity.id, next_epoch(record.identity.epoch)};
  put_begun(request, next, record.identity, std::move(done));
}

void CoordinatorHost::allocate(const ProducerName& name, Callback<ObjectId> done) {
  allocating_.insert(name);
  shard_.topology().allocate_id([this, name, done = std::move(done)](Result<ObjectId> id) mutable {
    allocating_.erase(name);
    done(std::move(id));
  });
}

void CoordinatorHost::begin_with_new_id(BeginRequest request, Callback<ProducerIdentity> done) {
  const ProducerName name = request.name;
  allocate(name, [this, request = std::move(request), done = std::move(done)](Result<ObjectId> id) mutable {
    if (!id.has_value()) return done(std::unexpected(std::move(id.error())));
    const Record* record = state_.find(request.name);
    const ProducerIdentity previous = record == nullptr ? ProducerIdentity{} : record->identity;
    put_begun(request, {static_cast<std::int64_t>(id->value), 0}, previous, std::move(done));
  });
}

void CoordinatorHost::put_begun(const BeginRequest& request, ProducerIdentity identity, ProducerIdentity previous,
                                Callback<ProducerIdentity> done) {
  Record record;
  record.identity = identity;
  record.previous = previous;
  record.timeout = request.timeout;
  record.changed_at = wall();
  append(state_.put(request.name, record, true));
  when_durable([done = std::move(done), identity]() mutable { done(identity); });
}

// ---- Joining

void CoordinatorHost::join(JoinTransactionRequest request, Callback<void> done) {
  const Record* record = state_.find(request.name);
  if (record == nullptr || record->identity.id != request.identity.id) {
    return done(base::fail(BrokerErrc::unknown_producer, "the name has no such producer"));
  }
  if (record->identity.epoch != request.identity.epoch) return done(fenced());
  if (record->decided() || allocating_.contains(request.name)) return done(concurrent());
  const bool all = record->open() && contains_all(*record, request);
  if (request.verify_only && !all) return done(no_transaction(*record, request.identity));
  if (!all) {
    const bool fresh = !record->open();
    const std::size_t known = fresh ? 0 : record->partitions.size() + record->groups.size();
    if (known + request.partitions.size() + request.groups.size() > kMaxParticipants) {
      return done(base::fail(BrokerErrc::too_many, "too many partitions in one transaction"));
    }
    if (fresh) {
      Record opened = *record;
      opened.phase = TransactionPhase::open;
      opened.started_at = opened.changed_at = wall();
      append(state_.put(request.name, opened, true));
      arm();
    }
    append(state_.add(request.name, request.partitions, request.groups));
  }
  when_durable([done = std::move(done)]() mutable { done({}); });
}

// ---- Deciding

/// With growing epochs an old one tells a repeated request from the next one; `repeated`: it was carried out.
Result<void> CoordinatorHost::check_end(const EndTransactionRequest& request, const Record& record,
                                        bool& repeated) const {
  const ProducerIdentity& asked = request.identity;
  const ProducerIdentity& now = record.identity;
  const bool grown = asked.id == now.id && asked.epoch + 1 == now.epoch;
  const bool renewed = asked == record.previous && asked.epoch == kLastEpoch && now.epoch == 0;
  if (asked.id != now.id && !renewed) return base::fail(BrokerErrc::unknown_producer, "the name has no such producer");
  if (allocating_.contains(request.name)) return concurrent();
  const bool ended = record.phase == TransactionPhase::committed || record.phase == TransactionPhase::aborted;
  const bool again = request.grows && (grown || renewed) && (ended || record.decided());
  if (asked != now && !again) return fenced();
  if (record.open()) return {};
  const bool committed = record.phase == TransactionPhase::committed || record.phase == TransactionPhase::committing;
  if (record.decided()) {
    if (request.grows && !again) return fenced();
    if (request.commit != committed) return no_transaction(record, asked);
    return concurrent();
  }
  repeated = again || (ended && !request.grows);
  if (repeated) {
    if (request.commit != committed) return no_transaction(record, asked);
    return {};
  }
  // Nothing is open: there is nothing to commit, and only who grows may abort it.
  if (request.commit || !request.grows) return no_transaction(record, asked);
  return {};
}

void CoordinatorHost::end(EndTransactionRequest request, Callback<ProducerIdentity> done) {
  const Record* record = state_.find(request.name);
  if (record == nullptr) return done(base::fail(BrokerErrc::unknown_producer, "no producer has this name"));
  bool repeated = false;
  if (auto checked = check_end(request, *record, repeated); !checked.has_value()) {
    base::log::info("transaction of {}: its {} is refused: {}", request.name.name, request.commit ? "commit" : "abort",
                    checked.error().detail);
    return done(std::unexpected(std::move(checked.error())));
  }
  if (repeated) return when_durable([done = std::move(done), now = record->identity]() mutable { done(now); });
  if (request.grows) return end_growing(request, *record, std::move(done));
  const ProducerIdentity identity = record->identity;
  decide(request.name, *record, request.commit, [done = std::move(done), identity]() mutable { done(identity); });
}

void CoordinatorHost::end_growing(const EndTransactionRequest& request, Record record,
                                  Callback<ProducerIdentity> done) {
  const auto go_on = [this, name = request.name, commit = request.commit](Record decided,
                                                                          Callback<ProducerIdentity> answer) {
    decided.previous = decided.identity;
    decided.identity.epoch = next_epoch(decided.identity.epoch);
    const ProducerIdentity after = decided.next.id >= 0 ? decided.next : decided.identity;
    decide(name, std::move(decided), commit, [answer = std::move(answer), after]() mutable { answer(after); });
  };
  if (!exhausted(record.identity.epoch)) return go_on(std::move(record), std::move(done));
  allocate(request.name, [this, request, go_on, done = std::move(done)](Result<ObjectId> id) mutable {
    if (!id.has_value()) return done(std::unexpected(std::move(id.error())));
    const Record* now = state_.find(request.name);
    if (now == nullptr || now->identity != request.identity || now->decided()) return done(fenced());
    Record renewed = *now;
    renewed.next = {static_cast<std::int64_t>(id->value), 0};
    go_on(std::move(renewed), std::move(done));
  });
}

void CoordinatorHost::abort_fenced(const ProducerName& name, const Record& record, io::Task after) {
  Record fenced = record;
  fenced.previous = {};
  fenced.identity.epoch = next_epoch(fenced.identity.epoch);
  decide(name, std::move(fenced), false, std::move(after));
}

void CoordinatorHost::decide(const ProducerName& name, Record record, bool commit, io::Task after) {
  const bool fresh = !record.open();
  record.phase = commit ? TransactionPhase::committing : TransactionPhase::aborting;
  record.changed_at = wall();
  append(state_.put(name, record, fresh));
  Running& running = running_[name];
  if (after) running.after.push_back(std::move(after));
  when_durable([this, name] { carry_out(name); });
}

// ---- Carrying out

void CoordinatorHost::carry_out(const ProducerName& name) {
  const Record* record = state_.find(name);
  MILLRACE_ASSERT(record != nullptr && record->decided(), "no decision of {}", name.name);
  Running& running = running_.at(name);
  running.left = record->partitions.size() + record->groups.size() + 1;
  for (const TopicPartition& partition : record->partitions) end_in_partition(name, partition);
  for (const GroupKey& group : record->groups) end_in_group(name, group);
  participant_done(name);
}

void CoordinatorHost::end_in_partition(const ProducerName& name, TopicPartition partition) {
  const Record& record = *state_.find(name);
  const auto log = log_of(shard_.catalog(), partition);
  if (!log.has_value()) return participant_done(name);
  const model::Marker marker{record.identity.id, record.identity.epoch, record.phase == TransactionPhase::committing,
                             kDeciderEpoch};
  shard_.logs().end_transaction(
      *log, marker, [this, name, partition](Result<void> result) { ended_in_partition(name, partition, result); });
}

void CoordinatorHost::ended_in_partition(const ProducerName& name, TopicPartition partition,
                                         const Result<void>& result) {
  if (result.has_value()) return participant_done(name);
  if (result.error().code == BrokerErrc::refused) {
    base::log::warning("transaction of {}: not open any more in a partition: {}", name.name, result.error().detail);
    return participant_done(name);
  }
  // No space: what was decided waits for it.
  std::vector<io::Timer>& retries = running_.at(name).retries;
  retries.push_back(shard_.loop().call_after(base::to_nanos(kRetryDelay),
                                             [this, name, partition] { end_in_partition(name, partition); }));
}

void CoordinatorHost::end_in_group(const ProducerName& name, const GroupKey& group) {
  const Record& record = *state_.find(name);
  const bool commit = record.phase == TransactionPhase::committing;
  const ShardId to = shard_of_name(group.vhost, group.name, shard_.shard_count());
  shard_.mailbox().send(to,
                        [this, name, group, commit, producer = record.identity.id, home = shard_.id()](Shard& there) {
                          there.group_host().end_transaction(group, producer, commit, [this, name, home, &there] {
                            there.mailbox().send(home, [this, name](Shard&) { participant_done(name); });
                          });
                        });
}

void CoordinatorHost::participant_done(const ProducerName& name) {
  const auto it = running_.find(name);
  MILLRACE_ASSERT(it != running_.end() && it->second.left > 0);
  if (--it->second.left == 0) complete(name);
}

void CoordinatorHost::complete(const ProducerName& name) {
  Record record = *state_.find(name);
  record.phase = record.phase == TransactionPhase::committing ? TransactionPhase::committed : TransactionPhase::aborted;
  if (record.next.id >= 0) record.identity = record.next;
  record.next = {};
  record.started_at = Timestamp(-1);
  record.changed_at = wall();
  append(state_.put(name, record, true));
  // The answers need not wait for this: after a crash all of it is done once more, and changes nothing.
  std::vector<io::Task> after = std::move(running_.at(name).after);
  running_.erase(name);
  for (io::Task& task : after) task();
}

// ---- Looking

void CoordinatorHost::describe(ProducerName name, Callback<TransactionDescription> done) {
  const Record* record = state_.find(name);
  if (record == nullptr) return done(base::fail(BrokerErrc::not_found, "no producer has this name"));
  TransactionDescription description;
  description.identity = record->identity;
  description.phase = record->phase;
  description.timeout = record->timeout;
  description.started_at = record->started_at;
  description.partitions.assign(record->partitions.begin(), record->partitions.end());
  done(std::move(description));
}

std::vector<TransactionSummary> CoordinatorHost::list(ObjectId vhost) const {
  std::vector<TransactionSummary> all;
  for (const auto& [name, record] : state_.records()) {
    if (name.vhost == vhost) all.push_back({name.name, record.identity.id, record.phase, record.started_at});
  }
  return all;
}

// ---- Time

void CoordinatorHost::look_at_time() {
  const Timestamp now = wall();
  while (!state_.deadlines().empty() && state_.deadlines().begin()->first <= now) {
    const ProducerName name = state_.deadlines().begin()->second;
    base::log::info("the transaction of {} took too long and is aborted", name.name);
    abort_fenced(name, *state_.find(name), {});
  }
  arm();
}

/// The one timer for all: it fires when the first of the open transactions has taken too long.
void CoordinatorHost::arm() {
  const auto& deadlines = state_.deadlines();
  if (deadlines.empty()) return timer_.cancel();
  const Timestamp next = deadlines.begin()->first;
  if (timer_ && timer_at_ <= next) return;  // it looks again when it fires
  const std::int64_t left = std::max<std::int64_t>(next.value - wall().value, 0);
  timer_at_ = next;
  timer_ = shard_.loop().call_after(base::to_nanos(Millis(left)), [this] {
    timer_ = {};
    look_at_time();
  });
}

void CoordinatorHost::schedule_expiry() {
  expiry_timer_ = shard_.loop().call_after(base::to_nanos(kIdExpiryInterval), [this] {
    expire_some();
    schedule_expiry();
  });
}

void CoordinatorHost::expire_some() {
  const Timestamp now = wall();
  std::vector<ProducerName> old;
  std::size_t looked = 0;
  auto it = state_.records().upper_bound(expiry_cursor_);
  for (; it != state_.records().end() && looked < kExpiryNames; ++it, ++looked) {
    const Record& record = it->second;
    if (record.open() || record.decided() || allocating_.contains(it->first)) continue;
    if (record.changed_at.value + options_.retention.value <= now.value) old.push_back(it->first);
  }
  expiry_cursor_ = it == state_.records().end() ? ProducerName{} : it->first;
  for (const ProducerName& name : old) append(state_.remove(name));
}

}  // namespace millrace::broker
