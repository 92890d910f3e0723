#include "amqp_stream_client.h"

#include <fmt/format.h>

#include "wire/amqp091/field_table.h"

namespace millrace::simtest {

namespace amqp = wire::amqp091;

namespace {

constexpr std::size_t kMostUnconfirmedRecords = 100;

}  // namespace

AmqpStreamClient::AmqpStreamClient(sim::SimWorld& world, sim::SimWire& wire, Oracle& oracle, LogOracle& logs,
                                   const Plan& plan, std::uint64_t number)
    : AmqpConnection(world, wire, oracle, plan, number), logs_(logs) {}

void AmqpStreamClient::connected() {
  stream_ = oracle_.new_stream();
  last_tag_ = 0;
  published_.clear();
  unsettled_ = 0;
}

void AmqpStreamClient::opened() {
  send(kChannel, amqp::ConfirmSelect{});
}

void AmqpStreamClient::act() {
  if (unsettled_ > 0 && random_.chance(1, 2)) {
    send(kChannel, amqp::BasicAck{taken_tag_, true});
    unsettled_ = 0;
  }
  if (random_.chance(1, 60)) return give_up();
  for (std::uint64_t left = random_.below(5); left > 0 && published_.size() < kMostUnconfirmedRecords; --left) {
    const std::uint64_t record = logs_.sent(plan_.partitions, stream_);
    amqp::BasicProperties properties;
    properties.delivery_mode = amqp::kDeliveryModePersistent;
    published_.push_back({++last_tag_, record});
    publish(kStreamName, properties, oracle_.make_body(record, random_.below(plan_.largest_body)));
  }
}

void AmqpStreamClient::subscribe() {
  if (random_.chance(1, 4)) next_ = 0;
  if (next_ > 0) oracle_.events().count("stream.resumed");
  amqp::FieldTable arguments;
  arguments.add("x-stream-offset", next_);
  const bytes::ByteVector content = arguments.content();
  amqp::BasicConsume consume;
  consume.queue = kStreamName;
  consume.consumer_tag = "reader";
  consume.no_wait = true;
  consume.arguments = amqp::FieldTableView::trusted(content);
  send(kChannel, consume);
  ready();
}

void AmqpStreamClient::confirmed(std::uint64_t tag, bool multiple, bool stored) {
  for (auto it = published_.begin(); it != published_.end() && it->tag <= tag;) {
    if (!multiple && it->tag != tag) {
      ++it;
      continue;
    }
    if (stored) logs_.confirmed(it->record);
    it = published_.erase(it);
  }
}

void AmqpStreamClient::take_content(const amqp::BasicProperties& properties, bytes::ByteView body) {
  ++unsettled_;
  taken_tag_ = content_tag_;
  const auto header = properties.headers.has_value() ? properties.headers->find("x-stream-offset") : std::nullopt;
  const auto offset = header.has_value() ? header->as_int() : std::nullopt;
  if (!offset.has_value()) return oracle_.fail("a record of the stream came without its offset");
  if (*offset < next_) return oracle_.fail(fmt::format("the stream gave {} to who asked for {}", *offset, next_));
  logs_.passed(plan_.partitions, next_, *offset);
  logs_.read(plan_.partitions, *offset, body);
  oracle_.events().count("stream.read");
  next_ = *offset + 1;
}

void AmqpStreamClient::take_method(amqp::Method method, bytes::Reader& in) {
  switch (method) {
    case amqp::Method::confirm_select_ok: {
      amqp::BasicQos qos;
      qos.prefetch_count = static_cast<std::uint16_t>(random_.between(1, 40));
      return send(kChannel, qos);
    }
    case amqp::Method::basic_qos_ok:
      return subscribe();
    case amqp::Method::basic_ack: {
      const auto ack = amqp::BasicAck::decode(in);
      return confirmed(ack->delivery_tag, ack->multiple, true);
    }
    case amqp::Method::basic_nack: {
      const auto nack = amqp::BasicNack::decode(in);
      return confirmed(nack->delivery_tag, nack->multiple, false);
    }
    case amqp::Method::basic_deliver: {
      content_tag_ = amqp::BasicDeliver::decode(in)->delivery_tag;
      return expect_content();
    }
    case amqp::Method::channel_close: {
      const auto close = amqp::ChannelClose::decode(in);
      return oracle_.fail(fmt::format("the server closed a channel: {} {}", close->reply_code, close->reply_text));
    }
    default:
      return;
  }
}

}  // namespace millrace::simtest
