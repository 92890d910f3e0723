#include "broker/transactions.h"

#include <map>
#include <unordered_map>

#include "base/assert.h"
#include "broker/queue_host.h"
#include "broker/shard.h"
#include "broker/work_budget.h"

namespace millrace::broker {

namespace {

/// What clients have gathered on one shard and not committed, at most: a commit is one entry of the journal.
constexpr base::Bytes kGatheredMax = base::mib(256);

using Parts = TransactionState::Parts;

}  // namespace

struct Transactions::State {
  struct Running {
    std::shared_ptr<const Parts> parts;
    std::uint64_t shards_left = 0;
    Callback<void> done;
    /// Decided before the process started.
    bool recovered = false;
  };
  struct Asking {
    std::shared_ptr<const Parts> parts;
    std::size_t answers_left = 0;
    std::optional<BrokerError> refusal;
    Callback<void> done;
  };

  explicit State(Shard& owner) : shard(owner) {}

  Shard& shard;
  TransactionState journal;
  std::map<TransactionId, Running> running;
  bytes::ByteVector command;
  /// The last round with a command of the journal.
  storage::Round last_round;
  std::vector<io::Timer> retries;
  std::uint64_t gathered = 0;

  void flush();
  void ask(std::shared_ptr<const Parts> parts, Callback<void> done);
  void decide(std::shared_ptr<const Parts> parts, Callback<void> done);
  void send(TransactionId id);
  void send_part(TransactionId id, std::size_t part);
  void finished(TransactionId id, std::uint64_t shards);
  /// True when something of it is journalled.
  bool do_part(const TransactionPart& part, bool recovered);
};

Transactions::Transactions(Shard& shard) : state_(std::make_unique<State>(shard)) {}

Transactions::~Transactions() = default;

TransactionState& Transactions::state() {
  return state_->journal;
}

std::size_t Transactions::open() const {
  std::size_t count = state_->journal.decided().size();
  for (const auto& [decider, ids] : state_->journal.notes()) count += ids.size();
  return count;
}

bool Transactions::take_memory(std::uint64_t bytes) {
  State& state = *state_;
  state.gathered += bytes;
  const std::uint64_t share = state.shard.options().memory_limit.value / state.shard.shard_count() / 2;
  return state.gathered <= std::min(share, kGatheredMax.value);
}

void Transactions::release_memory(std::uint64_t bytes) {
  MILLRACE_ASSERT(bytes <= state_->gathered);
  state_->gathered -= bytes;
}

void Transactions::State::flush() {
  command.clear();
  if (!journal.take_command(command)) return;
  shard.store().append_command(TransactionState::kState, command);
  last_round = shard.store().current_round();
}

// ---- Where the transaction was gathered

void Transactions::commit(Transaction transaction, Callback<void> done) {
  State& state = *state_;
  auto parts = std::make_shared<Parts>(transaction.take_parts());
  if (parts->empty()) return done({});
  if (parts->size() > 1) return state.ask(std::move(parts), std::move(done));
  const ShardId home = state.shard.id();
  const ShardId target = parts->front().shard;
  state.shard.mailbox().send(target, [home, parts = std::move(parts), done = std::move(done)](Shard& there) mutable {
    there.transactions().apply_alone(
        parts->front(), [&there, home, done = std::move(done)](Result<void> result) mutable {
          there.mailbox().send(
              home, [done = std::move(done), result = std::move(result)](Shard&) mutable { done(std::move(result)); });
        });
  });
}

void Transactions::State::ask(std::shared_ptr<const Parts> parts, Callback<void> done) {
  auto asking = std::make_shared<Asking>(Asking{parts, parts->size(), std::nullopt, std::move(done)});
  for (std::size_t i = 0; i < parts->size(); ++i) {
    shard.mailbox().send((*parts)[i].shard, [this, home = shard.id(), asking, i](Shard& there) {
      auto accepted = there.transactions().accepts((*asking->parts)[i]);
      there.mailbox().send(home, [this, asking, accepted = std::move(accepted)](Shard&) {
        if (!accepted.has_value() && !asking->refusal.has_value()) asking->refusal = accepted.error();
        if (--asking->answers_left > 0) return;
        if (asking->refusal.has_value()) return asking->done(std::unexpected(*asking->refusal));
        decide(asking->parts, std::move(asking->done));
      });
    });
  }
}

void Transactions::State::decide(std::shared_ptr<const Parts> parts, Callback<void> done) {
  std::uint64_t bytes = 0;
  for (const TransactionPart& part : *parts) bytes += part.bytes();
  if (!shard.store().has_space(base::Bytes(bytes))) {
    return done(base::fail(BrokerErrc::resource_alarm, "the disk is nearly full"));
  }
  Running one{parts, 0, std::move(done), false};
  for (const TransactionPart& part : *parts) one.shards_left |= std::uint64_t{1} << part.shard.value;
  const TransactionId id = journal.decide(std::move(parts));
  running.emplace(id, std::move(one));
  flush();
  shard.queues().answer_when_durable(last_round, [this, id] { send(id); });
}

void Transactions::State::send(TransactionId id) {
  const auto it = running.find(id);
  MILLRACE_ASSERT(it != running.end());
  for (std::size_t i = 0; i < it->second.parts->size(); ++i) send_part(id, i);
}

void Transactions::State::send_part(TransactionId id, std::size_t part) {
  const Running& one = running.at(id);
  shard.mailbox().send((*one.parts)[part].shard,
                       [parts = one.parts, part, id, decider = shard.id(), recovered = one.recovered](Shard& there) {
                         there.transactions().apply_decided(decider, id, (*parts)[part], recovered);
                       });
}

void Transactions::answered(ShardId from, TransactionId id, bool accepted) {
  State& state = *state_;
  const auto it = state.running.find(id);
  if (it == state.running.end()) return;
  State::Running& one = it->second;
  if (!accepted) {
    std::erase_if(state.retries, [](const io::Timer& timer) { return !timer; });
    state.retries.push_back(state.shard.loop().call_after(base::to_nanos(kRetryDelay), [&state, from, id] {
      const auto again = state.running.find(id);
      if (again == state.running.end()) return;
      for (std::size_t i = 0; i < again->second.parts->size(); ++i) {
        if ((*again->second.parts)[i].shard == from) state.send_part(id, i);
      }
    }));
    return;
  }
  one.shards_left &= ~(std::uint64_t{1} << from.value);
  if (one.shards_left != 0) return;
  std::uint64_t shards = 0;
  for (const TransactionPart& part : *one.parts) shards |= std::uint64_t{1} << part.shard.value;
  Callback<void> done = std::move(one.done);
  state.running.erase(it);
  state.finished(id, shards);
  if (done) done({});
}

void Transactions::State::finished(TransactionId id, std::uint64_t shards) {
  journal.finish(id);
  flush();
  shard.queues().answer_when_durable(last_round, [this, id, shards] {
    for (std::size_t i = 0; i < shard.shard_count(); ++i) {
      if ((shards >> i & 1) == 0) continue;
      shard.mailbox().send(ShardId(static_cast<std::uint16_t>(i)),
                           [decider = shard.id(), id](Shard& there) { there.transactions().forget(decider, id); });
    }
  });
}

// ---- Where its queues are

Result<void> Transactions::accepts(const TransactionPart& part) {
  Shard& shard = state_->shard;
  if (!shard.store().has_space(base::Bytes(part.bytes()))) {
    return base::fail(BrokerErrc::resource_alarm, "the disk is nearly full");
  }
  std::unordered_map<ObjectId, std::vector<bytes::Slab>> batches;
  for (const auto& append : part.appends) batches[append.queue].push_back(append.batch);
  for (const auto& [queue, list] : batches) {
    if (!shard.queues().takes(queue, list)) return base::fail(BrokerErrc::full, "a queue is full");
  }
  return {};
}

bool Transactions::State::do_part(const TransactionPart& part, bool recovered) {
  bool journalled = false;
  for (const auto& append : part.appends) {
    journalled = shard.queues().append_decided(append.queue, append.batch) || journalled;
  }
  if (recovered) {
    shard.queues().settle_recovered(part.settles);
  } else {
    shard.queues().settle(part.settles);
  }
  // With what was appended, in one round.
  for (const SettleRequest& settle : part.settles) journalled = shard.queues().flush(settle.queue) || journalled;
  return journalled;
}

void Transactions::apply_alone(const TransactionPart& part, Callback<void> done) {
  State& state = *state_;
  if (auto accepted = accepts(part); !accepted.has_value()) return done(std::move(accepted));
  const bool journalled = state.do_part(part, false);
  const storage::Round round = journalled ? state.shard.store().current_round() : storage::Round(0);
  state.shard.queues().answer_when_durable(round, [done = std::move(done)]() mutable { done({}); });
}

void Transactions::apply_decided(ShardId decider, TransactionId id, const TransactionPart& part, bool recovered) {
  State& state = *state_;
  const auto answer = [&state, decider, id](bool accepted) {
    state.shard.mailbox().send(decider, [from = state.shard.id(), id, accepted](Shard& there) {
      there.transactions().answered(from, id, accepted);
    });
  };
  if (!state.journal.noted(decider, id)) {
    if (!state.shard.store().has_space(base::Bytes(part.bytes()))) return answer(false);
    state.do_part(part, recovered);
    state.journal.note(decider, id);
    state.flush();
  }
  state.shard.queues().answer_when_durable(state.last_round, [answer] { answer(true); });
}

void Transactions::forget(ShardId decider, TransactionId id) {
  state_->journal.forget(decider, id);
  state_->flush();
}

// ---- Start

void Transactions::resume(const std::vector<Shard*>& peers) {
  State& state = *state_;
  for (const auto& [id, parts] : state.journal.decided()) {
    State::Running one{parts, 0, {}, true};
    for (const TransactionPart& part : *parts) one.shards_left |= std::uint64_t{1} << part.shard.value;
    state.running.emplace(id, std::move(one));
    for (const TransactionPart& part : *parts) {
      MILLRACE_ASSERT(part.shard.value < peers.size(), "a transaction names shard {}", part.shard.value);
      peers[part.shard.value]->transactions().apply_decided(state.shard.id(), id, part, true);
    }
  }
  const TransactionState::Notes notes = state.journal.notes();
  for (const auto& [decider, ids] : notes) {
    for (const TransactionId id : ids) {
      const bool open =
          decider.value < peers.size() && peers[decider.value]->transactions().state().decided().contains(id);
      if (!open) state.journal.forget(decider, id);
    }
  }
  state.flush();
}

}  // namespace millrace::broker
