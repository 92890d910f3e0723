#include <iostream>
#include <map>
#include <unordered_map>

#include "client.h"
#include "message.h"

namespace millrace::crash {

namespace amqp = wire::amqp091;

namespace {

constexpr std::uint16_t kPrefetch = 500;
constexpr std::size_t kTransactionSize = 200;

class Consumer {
 public:
  explicit Consumer(const Options& options) : options_(options), client_(options.port), random_(options.seed) {}

  void subscribe() {
    if (options_.transactions) client_.call<amqp::TxSelectOk>(amqp::TxSelect{});
    amqp::BasicQos qos;
    qos.prefetch_count = kPrefetch;
    client_.call<amqp::BasicQosOk>(qos);
    for (std::uint32_t n = 0; n < options_.real_queues(); ++n) {
      // One of five queues is left alone when there are many, so that its backlog is checked untouched.
      if (options_.real_queues() > 4 && n % 5 == 4) continue;
      const std::string name = queue_name(options_, n);
      amqp::BasicConsume consume;
      consume.queue = name;
      client_.call<amqp::BasicConsumeOk>(consume);
    }
  }

  /// Settles until the limit; then holds what was delivered, unsettled, until the server dies.
  void run() {
    for (Event event;;) {
      if (!client_.next(event, 200)) {
        commit();
        continue;
      }
      if (event.method != amqp::Method::basic_deliver) continue;
      const auto deliver = event.as<amqp::BasicDeliver>();
      Identity identity;
      if (!read_message(event.body, identity)) throw Misbehaviour("a delivery with a damaged body");
      check_order(deliver, identity);
      check_unsettled(identity);
      note(identity, Mark::delivered);
      if (options_.limit == 0 || settled_ < options_.limit) settle(deliver, identity);
      if (open_.size() >= kTransactionSize) commit();
      if (client_.unsent() > 4096) client_.flush();
    }
  }

  void write_ledger() const {
    Ledger ledger(options_.ledger);
    for (const auto& [queue, messages] : state_) {
      for (const auto& [sequence, entry] : messages) ledger.write(entry.first, {queue, sequence, entry.second});
    }
  }

  std::uint64_t settled() const { return settled_; }

 private:
  using Messages = std::unordered_map<std::uint64_t, std::pair<Mark, std::uint32_t>>;

  void note(const Identity& identity, Mark mark) {
    state_[identity.queue][identity.sequence] = {mark, identity.checksum};
  }

  /// First deliveries come in the order in which they were published.
  void check_order(const amqp::BasicDeliver& deliver, const Identity& identity) {
    if (deliver.redelivered) return;
    const auto [last, first_time] = last_.try_emplace(identity.queue, identity.sequence);
    if (!first_time && identity.sequence <= last->second) {
      throw Misbehaviour("queue " + std::to_string(identity.queue) + ": " + std::to_string(identity.sequence) +
                         " was delivered after " + std::to_string(last->second));
    }
    last->second = identity.sequence;
  }

  /// What was acknowledged or rejected on a connection never comes again on it.
  void check_unsettled(const Identity& identity) {
    const auto& messages = state_[identity.queue];
    const auto known = messages.find(identity.sequence);
    if (known == messages.end()) return;
    const Mark mark = known->second.first;
    if (mark == Mark::delivered || mark == Mark::requeued) return;
    throw Misbehaviour("queue " + std::to_string(identity.queue) + ": " + std::to_string(identity.sequence) +
                       " was delivered again after it was settled");
  }

  void settle(const amqp::BasicDeliver& deliver, const Identity& identity) {
    const std::uint64_t dice = random_.below(100);
    Mark mark = Mark::acknowledged;
    if (dice < 5) {
      mark = Mark::rejected;
      client_.add(amqp::BasicReject{deliver.delivery_tag, false});
    } else if (dice < 15 && !deliver.redelivered) {
      mark = Mark::requeued;
      client_.add(amqp::BasicNack{deliver.delivery_tag, false, true});
    } else {
      client_.add(amqp::BasicAck{deliver.delivery_tag, false});
    }
    note(identity, mark);
    if (options_.transactions) open_.emplace_back(identity, mark);
    ++settled_;
  }

  void commit() {
    if (!options_.transactions || open_.empty()) {
      client_.flush();
      return;
    }
    client_.call<amqp::TxCommitOk>(amqp::TxCommit{});
    for (const auto& [identity, mark] : open_) {
      if (mark == Mark::acknowledged) note(identity, Mark::acknowledged_committed);
      if (mark == Mark::rejected) note(identity, Mark::rejected_committed);
    }
    open_.clear();
  }

  const Options& options_;
  Client client_;
  base::Prng random_;
  std::map<std::uint32_t, Messages> state_;
  std::unordered_map<std::uint32_t, std::uint64_t> last_;
  std::vector<std::pair<Identity, Mark>> open_;
  std::uint64_t settled_ = 0;
};

}  // namespace

int consume(const Options& options) {
  Consumer consumer(options);
  consumer.subscribe();
  std::cout << "subscribed" << std::endl;
  try {
    consumer.run();
  } catch (const ConnectionLost& lost) {
    std::cout << "lost: " << lost.what() << std::endl;
  }
  std::cout << "settled " << consumer.settled() << std::endl;
  consumer.write_ledger();
  return 0;
}

int has_transactions(const Options& options) {
  Client client(options.port);
  try {
    client.call<amqp::TxSelectOk>(amqp::TxSelect{});
  } catch (const Misbehaviour& refused) {
    std::cout << "no: " << refused.what() << std::endl;
    return 0;
  }
  std::cout << "yes" << std::endl;
  return 0;
}

}  // namespace millrace::crash
