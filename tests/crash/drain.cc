#include <iostream>

#include "client.h"
#include "message.h"

namespace millrace::crash {

namespace amqp = wire::amqp091;

namespace {

constexpr int kPatienceMs = 15000;
constexpr int kLookAgainMs = 100;
constexpr std::uint32_t kAcknowledgeEvery = 500;

std::uint32_t count(Client& client, const std::string& name) {
  amqp::QueueDeclare declare;
  declare.passive = true;
  declare.queue = name;
  return client.call<amqp::QueueDeclareOk>(declare).as<amqp::QueueDeclareOk>().message_count;
}

void consume_from(Client& client, const std::string& name) {
  amqp::BasicConsume consume;
  consume.queue = name;
  consume.consumer_tag = name;
  client.call<amqp::BasicConsumeOk>(consume);
}

/// Writes down a delivery; returns its tag.
std::uint64_t take(const Event& event, const std::string& name, Mark mark, Ledger& ledger) {
  const auto deliver = event.as<amqp::BasicDeliver>();
  Identity identity;
  if (!read_message(event.body, identity)) throw Misbehaviour(name + ": a damaged body");
  ledger.write(mark, identity);
  return deliver.delivery_tag;
}

/// Takes everything out of one queue; the number that the server announced must come, and nothing may be left.
std::uint64_t empty_queue(Client& client, const std::string& name, Mark mark, Ledger& ledger) {
  const std::uint32_t announced = count(client, name);
  if (announced == 0) return 0;
  consume_from(client, name);
  for (std::uint32_t got = 1; got <= announced; ++got) {
    Event event;
    do {
      if (!client.next(event, kPatienceMs)) {
        throw Misbehaviour(name + ": " + std::to_string(got - 1) + " of " + std::to_string(announced) + " came");
      }
    } while (event.method != amqp::Method::basic_deliver);
    const std::uint64_t tag = take(event, name, mark, ledger);
    if (got % kAcknowledgeEvery == 0 || got == announced) {
      client.add(amqp::BasicAck{tag, true});
      client.flush();
    }
  }
  amqp::BasicCancel cancel;
  cancel.consumer_tag = name;
  client.call<amqp::BasicCancelOk>(cancel);
  if (const std::uint32_t left = count(client, name); left != 0) {
    throw Misbehaviour(name + ": " + std::to_string(left) + " more than announced");
  }
  return announced;
}

/// The same where messages leave or come by themselves meanwhile: until nothing is left, and `least` have come or
/// nothing has changed for a long time.
std::uint64_t follow_queue(Client& client, const std::string& name, Mark mark, Ledger& ledger, std::uint64_t least) {
  consume_from(client, name);
  std::uint64_t got = 0;
  std::uint32_t left = 0;
  for (int silent_ms = 0; silent_ms < kPatienceMs;) {
    std::uint64_t tag = 0;
    for (Event event; client.next(event, kLookAgainMs);) {
      if (event.method != amqp::Method::basic_deliver) continue;
      tag = take(event, name, mark, ledger);
      if (++got % kAcknowledgeEvery == 0) client.add(amqp::BasicAck{tag, true});
      if (got % kAcknowledgeEvery == 0) client.flush();
    }
    if (tag != 0) client.add(amqp::BasicAck{tag, true});
    const std::uint32_t now = count(client, name);
    if (now == 0 && got >= least && tag == 0) return got;
    silent_ms = tag == 0 && now == left ? silent_ms + kLookAgainMs : 0;
    left = now;
  }
  return got;
}

}  // namespace

int drain(const Options& options) {
  Client client(options.port);
  amqp::BasicQos qos;
  qos.prefetch_count = 2 * kAcknowledgeEvery;
  client.call<amqp::BasicQosOk>(qos);
  Ledger ledger(options.ledger);
  const bool leaving = options.kind == Kind::expiring;
  std::uint64_t found = 0;
  for (std::uint32_t n = 0; n < options.real_queues(); ++n) {
    const std::string name = queue_name(options, n);
    found +=
        leaving ? follow_queue(client, name, Mark::found, ledger, 0) : empty_queue(client, name, Mark::found, ledger);
  }
  const std::string graves = dead_letter_name(options);
  const std::uint64_t dead = leaving ? follow_queue(client, graves, Mark::found_dead_letter, ledger, options.dead)
                                     : empty_queue(client, graves, Mark::found_dead_letter, ledger);
  std::cout << "found " << found << " dead " << dead << std::endl;
  return 0;
}

}  // namespace millrace::crash
