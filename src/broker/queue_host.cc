#include "broker/queue_host.h"

#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>

#include "base/assert.h"
#include "base/log.h"
#include "broker/move_source.h"
#include "broker/move_state.h"
#include "broker/queue.h"
#include "broker/shard.h"
#include "broker/stream_host.h"
#include "broker/topic_queue.h"

namespace millrace::broker {

namespace {

// Per queue and turn; then the next queue has its chance.
constexpr std::uint32_t kQueueMessages = 2048;
constexpr std::uint64_t kQueueBytes = std::uint64_t{512} << 10;
// How long a delivery mark, or a few settled records, may wait for other changes to travel with.
constexpr base::Millis kLateDelay{100};

}  // namespace

struct QueueHost::State final : QueueSchedule {
  explicit State(Shard& owner) : shard(owner), streams(owner) {}

  Shard& shard;
  bool open = false;
  /// Parts of queues over topics are among them, by their own numbers.
  boost::unordered_flat_map<std::uint64_t, std::unique_ptr<Queue>> queues;
  boost::unordered_flat_map<std::uint64_t, std::unique_ptr<TopicQueue>> topic_queues;
  StreamHost streams;
  DeadLetterRewriters dead_letter_rewriters;
  MoveState moves;
  // The last round that holds an entry of the table of moves.
  storage::Round last_move_round;

  // Lists hold ids: a queue may go while it is in one.
  std::deque<ObjectId> work;
  std::vector<ObjectId> changed_queues;
  std::vector<ObjectId> flushing;
  std::vector<ObjectId> late_queues;
  std::vector<ObjectId> retrying;
  std::vector<ObjectId> memory_touched;
  std::vector<ObjectId> touched_before;  // kept for its memory
  std::vector<ObjectId> moving;
  struct Touched {
    storage::Round round;
    ObjectId queue;
  };
  std::deque<Touched> touched;
  struct Answer {
    storage::Round round;
    io::Task task;
  };
  std::deque<Answer> answers;
  io::Timer late_timer;
  io::Timer retry_timer;
  bool wake_posted = false;
  bytes::ByteVector command;

  Queue* find(ObjectId id) const {
    const auto it = queues.find(id.value);
    return it == queues.end() ? nullptr : it->second.get();
  }
  TopicQueue* find_whole(ObjectId id) const {
    if (topic_queues.empty()) return nullptr;
    const auto it = topic_queues.find(id.value);
    return it == topic_queues.end() ? nullptr : it->second.get();
  }
  void add_parts(TopicQueue& whole, const catalog::Queue& definition);
  void bind_part(Queue& part);
  void remove(ObjectId id);
  /// Makes sure that there is another turn.
  void wake() {
    if (std::exchange(wake_posted, true)) return;
    shard.loop().post([] {});
  }
  void wants_work(Queue& queue) override {
    if (std::exchange(queue.in_work_list, true)) return;
    work.push_back(queue.id());
  }
  void changed(Queue& queue) override {
    if (std::exchange(queue.in_changed_list, true)) return;
    changed_queues.push_back(queue.id());
  }
  void retry_later(Queue& queue) override {
    retrying.push_back(queue.id());
    if (retry_timer) return;
    retry_timer = shard.loop().call_after(base::to_nanos(kRetryDelay), [this] {
      retry_timer = {};
      for (const ObjectId id : std::exchange(retrying, {})) {
        if (Queue* again = find(id)) wants_work(*again);
      }
    });
  }
  const DeadLetterRewriters& rewriters() const override { return dead_letter_rewriters; }

  void answer_when_durable(storage::Round round, io::Task task) {
    if (round <= shard.store().committed_round()) return task();
    answers.push_back({round, std::move(task)});
  }
  /// Remembers a queue whose moves wait for a round.
  void note_moves(Queue& queue) {
    if (!queue.moves()->waits_for_commit() || std::exchange(queue.in_moving_list, true)) return;
    moving.push_back(queue.id());
  }
  bool flush(Queue& queue, bool late);
  void flush_late();
  void flush_moves();
  void work_all();
  void show_memory_records();
  void touch(Queue& queue);
  bool append_all(Queue& queue, const bytes::Slab& batch);
  bool append_all(ObjectId id, const bytes::Slab& batch);
  void ask_about_moves();
};

QueueHost::QueueHost(Shard& shard) : state_(std::make_unique<State>(shard)) {
  shard.loop().add_hook(io::Loop::Stage::deliver, this);
}

QueueHost::~QueueHost() {
  state_->shard.loop().remove_hook(this);
}

DeadLetterRewriters& QueueHost::dead_letter_rewriters() {
  return state_->dead_letter_rewriters;
}

// ---- What exists

void QueueHost::create(const catalog::Queue& definition) {
  State& state = *state_;
  if (definition.shard != state.shard.id()) return;
  if (definition.kind == catalog::QueueKind::stream) return state.streams.create(definition);
  if (definition.source.has_value()) {
    auto& whole = state.topic_queues[definition.id.value];
    whole = std::make_unique<TopicQueue>(definition.id);
    return state.add_parts(*whole, definition);
  }
  auto [it, added] = state.queues.emplace(definition.id.value, std::make_unique<Queue>(state.shard, state, definition));
  MILLRACE_ASSERT(added, "queue {} is created twice", definition.id.value);
  if (!state.open) return;
  Queue& queue = *it->second;
  queue.bind(*state.shard.store().create_log(LogId(definition.id.value), queue.log_options()));
  if (queue.journalled()) state.shard.store().attach_state(storage::StateId(definition.id.value), &queue.state());
}

void QueueHost::add_parts(const catalog::Queue& definition) {
  if (TopicQueue* whole = state_->find_whole(definition.id)) state_->add_parts(*whole, definition);
}

/// Those that are not there yet.
void QueueHost::State::add_parts(TopicQueue& whole, const catalog::Queue& definition) {
  const std::vector<catalog::QueuePart>& parts = definition.source->parts;
  for (std::size_t i = whole.parts().size(); i < parts.size(); ++i) {
    auto part = std::make_unique<Queue>(shard, *this, whole.definition_of(definition, parts[i]), parts[i], whole);
    Queue& added = *queues.emplace(parts[i].id.value, std::move(part)).first->second;
    if (open) bind_part(added);
    whole.add(added);
  }
}

void QueueHost::State::bind_part(Queue& part) {
  if (part.journalled()) shard.store().attach_state(storage::StateId(part.id().value), &part.state());
  part.bind_source();
}

void QueueHost::set_settings(ObjectId id, const catalog::QueueSettings& settings) {
  if (TopicQueue* whole = state_->find_whole(id)) return whole->set_settings(settings);
  Queue* queue = state_->find(id);
  if (queue == nullptr) return state_->streams.set_settings(id, settings);
  if (queue->definition().settings != settings) queue->set_settings(settings);
}

void QueueHost::remove(const catalog::Queue& definition) {
  if (!definition.source.has_value()) return state_->remove(definition.id);
  // What its parts are asked is answered as for any queue; then nobody asks the whole.
  for (const catalog::QueuePart& part : definition.source->parts) state_->remove(part.id);
  state_->topic_queues.erase(definition.id.value);
}

void QueueHost::State::remove(ObjectId id) {
  moves.remove_source(id);
  const auto it = queues.find(id.value);
  if (it == queues.end()) return streams.remove(id);
  const std::unique_ptr<Queue> queue = std::move(it->second);
  queues.erase(it);
  queue->close("the queue was deleted");
  if (queue->journalled()) shard.store().drop_state(storage::StateId(id.value));
  if (!queue->is_part()) shard.store().delete_log(LogId(id.value));
}

storage::StateMachine* QueueHost::recovery_machine(storage::StateId id) {
  if (id == MoveState::kState) return &state_->moves;
  Queue* queue = state_->find(ObjectId(id.value));
  return queue != nullptr && queue->journalled() ? &queue->state() : nullptr;
}

const storage::LogOptions* QueueHost::recovery_log_options(LogId log) {
  Queue* queue = state_->find(ObjectId(log.value));
  return queue == nullptr ? state_->streams.recovery_log_options(log) : &queue->log_options();
}

void QueueHost::recovered() {
  State& state = *state_;
  MILLRACE_ASSERT(!state.open);
  state.open = true;
  storage::Store& store = state.shard.store();
  store.attach_state(MoveState::kState, &state.moves);
  state.streams.recovered();
  for (const auto& [number, queue] : state.queues) {
    if (queue->is_part()) {
      state.bind_part(*queue);
      continue;
    }
    storage::Log* log = store.find_log(LogId(number));
    if (log == nullptr) log = store.create_log(LogId(number), queue->log_options());
    queue->bind(*log);
    if (queue->journalled()) store.attach_state(storage::StateId(number), &queue->state());
  }
  state.ask_about_moves();
  state.wake();
}

void QueueHost::State::ask_about_moves() {
  std::vector<ObjectId> gone;
  for (const auto& [source, offsets] : moves.entries()) {
    const catalog::Queue* queue = shard.catalog().find_holder(source);
    if (queue == nullptr) {
      gone.push_back(source);
      continue;
    }
    shard.mailbox().send(queue->shard, [home = shard.id(), origin = source,
                                        asked = std::vector<Offset>(offsets.begin(), offsets.end())](Shard& there) {
      auto finished = there.queues().finished_moves(origin, asked);
      there.mailbox().send(home, [origin, finished = std::move(finished)](Shard& here) {
        here.queues().forget_moves(origin, finished);
      });
    });
  }
  for (const ObjectId source : gone) moves.remove_source(source);
}

// ---- Publish path

void QueueHost::State::touch(Queue& queue) {
  if (queue.log_options().durability == storage::Durability::memory) {
    if (std::exchange(queue.in_touched_list, true)) return;
    memory_touched.push_back(queue.id());
    wake();
    return;
  }
  const storage::Round round = shard.store().current_round();
  if (std::exchange(queue.touched_round, round) == round) return;
  touched.push_back({round, queue.id()});
}

bool QueueHost::append(ObjectId id, const bytes::Slab& batch, std::uint32_t records,
                       std::vector<std::uint32_t>& refused) {
  Queue* queue = state_->find(id);
  if (queue == nullptr) return !state_->streams.has_log(id) || state_->streams.append(id, batch);
  if (!queue->offer(batch, records, refused)) return false;
  state_->touch(*queue);
  return true;
}

bool QueueHost::takes(ObjectId id, std::span<const bytes::Slab> batches) const {
  const Queue* queue = state_->find(id);
  return queue == nullptr || queue->has_room(batches);
}

/// Whatever the limits. False when there is no space.
bool QueueHost::State::append_all(Queue& queue, const bytes::Slab& batch) {
  if (!queue.append(batch).has_value()) return false;
  touch(queue);
  return true;
}

bool QueueHost::State::append_all(ObjectId id, const bytes::Slab& batch) {
  if (Queue* queue = find(id)) return append_all(*queue, batch);
  return !streams.has_log(id) || streams.append(id, batch);
}

bool QueueHost::append_decided(ObjectId id, const bytes::Slab& batch) {
  Queue* queue = state_->find(id);
  if (queue == nullptr && !state_->streams.has_log(id)) return false;
  if (!state_->append_all(id, batch)) {
    base::log::error("queue {}: messages of a transaction were not taken", id.value);
    return false;
  }
  return queue == nullptr || queue->log_options().durability != storage::Durability::memory;
}

storage::Result<Offset> QueueHost::append_stream(ObjectId id, bytes::Slab batch) {
  Queue* queue = state_->find(id);
  MILLRACE_ASSERT(queue != nullptr);
  auto offset = queue->append(std::move(batch));
  if (offset.has_value()) state_->touch(*queue);
  return offset;
}

StreamHost& QueueHost::streams() {
  return state_->streams;
}

bool QueueHost::owns_log(LogId log) const {
  return state_->queues.contains(log.value);
}

void QueueHost::committed(storage::Round round) {
  State& state = *state_;
  while (!state.touched.empty() && state.touched.front().round <= round) {
    const ObjectId id = state.touched.front().queue;
    state.touched.pop_front();
    if (Queue* queue = state.find(id)) queue->committed();
  }
  while (!state.answers.empty() && state.answers.front().round <= round) {
    io::Task task = std::move(state.answers.front().task);
    state.answers.pop_front();
    task();
  }
  for (const ObjectId id : std::exchange(state.moving, {})) {
    Queue* queue = state.find(id);
    if (queue == nullptr) continue;
    queue->in_moving_list = false;
    queue->moves()->committed(round);
    state.note_moves(*queue);
  }
}

Result<std::uint64_t> QueueHost::can_delete(ObjectId id, bool if_unused, bool if_empty) {
  const bool consumed = state_->find(id) != nullptr || state_->find_whole(id) != nullptr;
  // A stream goes whatever it holds and whoever reads it.
  if (!consumed && state_->streams.owns(id)) return 0;
  if (!consumed) return base::fail(BrokerErrc::not_found, "no such queue");
  const TopicQueue* whole = state_->find_whole(id);
  if (if_empty && whole != nullptr && !whole->is_known()) {
    return base::fail(BrokerErrc::not_empty, "nobody knows yet what the queue has");
  }
  const QueueStats stats = stats_of(id);
  if (if_unused && stats.consumers > 0) return base::fail(BrokerErrc::in_use, "the queue has consumers");
  if (if_empty && stats.ready > 0) return base::fail(BrokerErrc::not_empty, "the queue has messages");
  return stats.ready;
}

QueueStats QueueHost::stats_of(ObjectId id) const {
  if (const Queue* queue = state_->find(id)) return queue->stats();
  if (const TopicQueue* whole = state_->find_whole(id)) return whole->stats();
  return state_->streams.stats(id).value_or(QueueStats{});
}

// ---- Requests

Result<void> QueueHost::consume(const ConsumeRequest& request) {
  const ObjectId id = request.options.queue.queue;
  if (Queue* queue = state_->find(id)) return queue->consume(request);
  if (TopicQueue* whole = state_->find_whole(id)) return whole->consume(request);
  return state_->streams.consume(request);
}

void QueueHost::cancel(ObjectId id, ConsumerId consumer, Callback<void> done) {
  bool last = false;
  if (Queue* queue = state_->find(id)) {
    last = queue->cancel(consumer);
  } else if (TopicQueue* whole = state_->find_whole(id)) {
    last = whole->cancel(consumer);
  } else {
    state_->streams.cancel(id, consumer);
  }
  if (!last) return done({});
  state_->shard.topology().delete_queue(id, true, false,
                                        [done = std::move(done)](const Result<std::uint64_t>&) mutable { done({}); });
}

void QueueHost::settle(const std::vector<SettleRequest>& requests) {
  for (const SettleRequest& request : requests) {
    Queue* queue = state_->find(request.queue);
    queue != nullptr ? queue->settle(request) : state_->streams.settle(request);
  }
}

void QueueHost::settle_recovered(const std::vector<SettleRequest>& requests) {
  for (const SettleRequest& request : requests) {
    if (Queue* queue = state_->find(request.queue)) queue->settle_recovered(request);
  }
}

bool QueueHost::flush(ObjectId id) {
  Queue* queue = state_->find(id);
  return queue != nullptr && state_->flush(*queue, false);
}

void QueueHost::answer_when_durable(storage::Round round, io::Task task) {
  state_->answer_when_durable(round, std::move(task));
}

void QueueHost::return_window(const std::vector<WindowReturn>& returns) {
  for (const WindowReturn& one : returns) {
    if (Queue* queue = state_->find(one.queue)) {
      queue->return_window(one.consumer, one.bytes);
    } else if (TopicQueue* whole = state_->find_whole(one.queue)) {
      whole->return_window(one.consumer, one.bytes);
    } else {
      state_->streams.return_window(one);
    }
  }
}

void QueueHost::set_allowance(ObjectId id, ConsumerId consumer, std::uint32_t most) {
  if (Queue* queue = state_->find(id)) queue->set_allowance(consumer, most);
  if (TopicQueue* whole = state_->find_whole(id)) whole->set_allowance(consumer, most);
}

void QueueHost::get(ObjectId id, ConnectionId connection, bool auto_ack, Callback<GetReply> done) {
  if (Queue* queue = state_->find(id)) return queue->get(connection, auto_ack, std::move(done));
  if (TopicQueue* whole = state_->find_whole(id)) return whole->get(connection, auto_ack, std::move(done));
  done(base::fail(BrokerErrc::not_found, "no such queue"));
}

void QueueHost::purge(ObjectId id, Callback<std::uint64_t> done) {
  TopicQueue* whole = state_->find_whole(id);
  if (whole == nullptr) return purge_known(id, std::move(done));
  whole->look([this, id, done = std::move(done)](Result<QueueStats> seen) mutable {
    if (!seen.has_value()) return done(std::unexpected(seen.error()));
    purge_known(id, std::move(done));
  });
}

void QueueHost::purge_known(ObjectId id, Callback<std::uint64_t> done) {
  std::vector<Queue*> parts;
  if (const TopicQueue* whole = state_->find_whole(id)) parts = whole->parts();
  if (Queue* queue = state_->find(id)) parts.push_back(queue);
  if (parts.empty()) return done(base::fail(BrokerErrc::not_found, "no such queue"));
  std::uint64_t count = 0;
  for (Queue* part : parts) {
    count += part->purge();
    if (part->journalled()) state_->flush(*part, false);
  }
  if (count == 0 || !parts.front()->journalled()) return done(count);
  state_->answers.push_back(
      {state_->shard.store().current_round(), [done = std::move(done), count]() mutable { done(count); }});
}

void QueueHost::stats(ObjectId id, Callback<QueueStats> done) {
  if (TopicQueue* whole = state_->find_whole(id)) {
    whole->used();
    return whole->look(std::move(done));
  }
  Queue* queue = state_->find(id);
  if (queue == nullptr) return done(state_->streams.stats(id));
  queue->used();
  done(queue->stats());
}

void QueueHost::used(ObjectId id) {
  if (Queue* queue = state_->find(id)) queue->used();
  if (TopicQueue* whole = state_->find_whole(id)) whole->used();
}

// ---- Dead-letter moves

void QueueHost::receive_move(const MoveRequest& request) {
  State& state = *state_;
  storage::Store& store = state.shard.store();
  bool accepted = true;
  storage::Round round = state.last_move_round;
  if (!state.moves.contains(request.source, request.offset)) {
    // Room for all copies, or for none: a move that is tried again must not double the first ones.
    accepted = store.has_space(base::Bytes(request.batch.size() * request.targets.size()));
    if (accepted) {
      for (const ObjectId target : request.targets) {
        if (!state.append_all(target, request.batch)) {
          base::log::error("queue {}: a dead letter of queue {} was not taken", target.value, request.source.value);
        }
      }
      // Of a source that is gone nobody asks again.
      if (state.shard.catalog().find_holder(request.source) != nullptr) state.moves.add(request.source, request.offset);
      state.flush_moves();
      round = state.last_move_round = store.current_round();
    }
  }
  state.answer_when_durable(accepted ? round : storage::Round(0), [&state, accepted, source = request.source,
                                                                   offset = request.offset, to = request.source_shard] {
    state.shard.mailbox().send(to, [from = state.shard.id(), source, offset, accepted](Shard& there) {
      there.queues().move_answered(from, source, offset, accepted);
    });
  });
}

void QueueHost::move_answered(ShardId from, ObjectId source, Offset offset, bool accepted) {
  if (Queue* queue = state_->find(source)) queue->moves()->answered(from, offset, accepted);
}

void QueueHost::forget_moves(ObjectId source, const std::vector<Offset>& offsets) {
  for (const Offset offset : offsets) state_->moves.remove(source, offset);
}

std::vector<Offset> QueueHost::finished_moves(ObjectId source, const std::vector<Offset>& offsets) const {
  Queue* queue = state_->find(source);
  if (queue == nullptr) return offsets;
  std::vector<Offset> finished;
  for (const Offset offset : offsets) {
    const bool open = queue->state().intents().contains(offset) || queue->moves()->needs_memory_of(offset);
    if (!open) finished.push_back(offset);
  }
  return finished;
}

std::size_t QueueHost::remembered_moves() const {
  std::size_t count = 0;
  for (const auto& [source, offsets] : state_->moves.entries()) count += offsets.size();
  return count;
}

// ---- The end of a turn

bool QueueHost::State::flush(Queue& queue, bool late) {
  const bool journalled = queue.flush(late);
  note_moves(queue);
  if (!queue.has_late_work() || std::exchange(queue.in_late_list, true)) return journalled;
  late_queues.push_back(queue.id());
  if (!late_timer) late_timer = shard.loop().call_after(base::to_nanos(kLateDelay), [this] { flush_late(); });
  return journalled;
}

void QueueHost::State::flush_late() {
  late_timer = {};
  for (const ObjectId id : std::exchange(late_queues, {})) {
    Queue* queue = find(id);
    if (queue == nullptr) continue;
    queue->in_late_list = false;
    flush(*queue, true);
  }
}

void QueueHost::State::flush_moves() {
  command.clear();
  if (moves.take_command(command)) shard.store().append_command(MoveState::kState, command);
}

void QueueHost::State::show_memory_records() {
  touched_before.swap(memory_touched);
  for (const ObjectId id : touched_before) {
    Queue* queue = find(id);
    if (queue == nullptr) continue;
    if (queue->readable_end() > queue->engine().committed_end()) queue->committed();
    if (queue->log().committed_end() < queue->log().appended_end()) {
      memory_touched.push_back(id);
    } else {
      queue->in_touched_list = false;
    }
  }
  touched_before.clear();
}

void QueueHost::State::work_all() {
  WorkBudget turn = kTurnBudget;
  for (std::size_t left = work.size(); left > 0 && !turn.spent(); --left) {
    const ObjectId id = work.front();
    work.pop_front();
    Queue* queue = find(id);
    if (queue == nullptr) continue;
    queue->in_work_list = false;
    WorkBudget share{std::min(turn.messages, kQueueMessages), std::min(turn.bytes, kQueueBytes)};
    const WorkBudget before = share;
    if (queue->work(share)) wants_work(*queue);
    turn.messages -= before.messages - share.messages;
    turn.bytes -= before.bytes - share.bytes;
  }
}

void QueueHost::on_turn_end() {
  State& state = *state_;
  if (!state.open) return;
  state.wake_posted = false;
  state.show_memory_records();
  state.work_all();
  state.flushing.swap(state.changed_queues);
  for (const ObjectId id : state.flushing) {
    Queue* queue = state.find(id);
    if (queue == nullptr) continue;
    queue->in_changed_list = false;
    state.flush(*queue, false);
  }
  state.flushing.clear();
  state.flush_moves();
  // A sink that settled while it was called in this stage waits for the next turn, too.
  const bool left = !state.work.empty() || !state.memory_touched.empty() || !state.changed_queues.empty();
  if (left || state.shard.consumers().pending()) state.wake();
}

}  // namespace millrace::broker
