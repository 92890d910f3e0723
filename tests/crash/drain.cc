#include <iostream>

#include "client.h"
#include "message.h"

namespace millrace::crash {

namespace amqp = wire::amqp091;

namespace {

constexpr int kPatienceMs = 15000;
constexpr std::uint32_t kAcknowledgeEvery = 500;

std::uint32_t count(Client& client, const std::string& name) {
  amqp::QueueDeclare declare;
  declare.passive = true;
  declare.queue = name;
  return client.call<amqp::QueueDeclareOk>(declare).as<amqp::QueueDeclareOk>().message_count;
}

/// Takes everything out of one queue; the number that the server announced must come, and nothing may be left.
std::uint32_t empty_queue(Client& client, const std::string& name, Mark mark, Ledger& ledger) {
  const std::uint32_t announced = count(client, name);
  if (announced == 0) return 0;
  amqp::BasicConsume consume;
  consume.queue = name;
  consume.consumer_tag = name;
  client.call<amqp::BasicConsumeOk>(consume);
  for (std::uint32_t got = 1; got <= announced; ++got) {
    Event event;
    do {
      if (!client.next(event, kPatienceMs)) {
        throw Misbehaviour(name + ": " + std::to_string(got - 1) + " of " + std::to_string(announced) + " came");
      }
    } while (event.method != amqp::Method::basic_deliver);
    const auto deliver = event.as<amqp::BasicDeliver>();
    Identity identity;
    if (!read_message(event.body, identity)) throw Misbehaviour(name + ": a damaged body");
    ledger.write(mark, identity);
    if (got % kAcknowledgeEvery == 0 || got == announced) {
      client.add(amqp::BasicAck{deliver.delivery_tag, true});
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

}  // namespace

int drain(const Options& options) {
  Client client(options.port);
  amqp::BasicQos qos;
  qos.prefetch_count = 2 * kAcknowledgeEvery;
  client.call<amqp::BasicQosOk>(qos);
  Ledger ledger(options.ledger);
  std::uint64_t found = 0;
  for (std::uint32_t n = 0; n < options.queues; ++n) {
    found += empty_queue(client, queue_name(options, n), Mark::found, ledger);
  }
  const std::uint64_t dead = empty_queue(client, dead_letter_name(options), Mark::found_dead_letter, ledger);
  std::cout << "found " << found << " dead " << dead << std::endl;
  return 0;
}

}  // namespace millrace::crash
