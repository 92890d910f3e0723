#include "amqp_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "server.h"
#include "wire/amqp091/properties.h"

namespace millrace::simtest {

namespace amqp = wire::amqp091;

namespace {

constexpr std::uint32_t kFrameMax = 4096;  // bodies take several frames
constexpr std::uint16_t kChannel = 1;
constexpr std::uint16_t kConnectionForced = 320;
constexpr base::Nanos kReconnect{2'000'000};
constexpr std::size_t kMostUnconfirmed = 200;

std::string queue_name(std::size_t number, const Plan& plan) {
  return number == plan.queues ? "dead" : fmt::format("q{}", number);
}

}  // namespace

AmqpClient::AmqpClient(sim::SimWorld& world, sim::SimWire& wire, Oracle& oracle, const Plan& plan, std::uint64_t number,
                       bool consumes)
    : world_(world),
      wire_(wire),
      oracle_(oracle),
      plan_(plan),
      number_(number),
      consumes_(consumes),
      random_(plan.seed * 1000 + number) {}

AmqpClient::~AmqpClient() = default;

void AmqpClient::start() {
  timer_ = world_.after(world_.random_delay(base::Nanos(0), kReconnect), [this] { tick(); });
}

void AmqpClient::stop() {
  timer_.cancel();
  client_.reset();
}

template <class M>
void AmqpClient::send(std::uint16_t channel, const M& method) {
  bytes::ByteVector out;
  amqp::append_method(out, channel, method);
  client_->send(out);
}

void AmqpClient::connect() {
  client_ = wire_.connect(kAmqpPort);
  client_->on_data = [this](bytes::ByteView data) { on_data(data); };
  ready_ = false;
  getting_ = false;
  in_.clear();
  stream_ = oracle_.new_stream();
  last_tag_ = 0;
  published_.clear();
  ledger_ = std::make_unique<SettleLedger>(oracle_, plan_.queues + 1);
  held_.clear();
  seen_.clear();
  awaits_header_ = false;
  body_left_ = 0;
  client_->send(bytes::ByteView(amqp::kProtocolHeader));
}

void AmqpClient::tick() {
  base::Nanos pause(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(plan_.think_nanos)) + 1));
  if (client_ == nullptr || !client_->is_open()) {
    connect();
    pause = kReconnect;
  } else {
    if (plan_.slow_readers && random_.chance(1, 40)) client_->pause();
    if (random_.chance(1, 4)) client_->resume();
    if (ready_) act();
  }
  timer_ = world_.after(pause, [this] { tick(); });
}

void AmqpClient::act() {
  const std::uint64_t dice = random_.below(100);
  if (!consumes_ || dice < 25) {
    for (std::uint64_t left = random_.between(1, 8); left > 0; --left) publish();
  } else if (dice < 95) {
    for (std::uint64_t left = random_.between(1, 5); left > 0; --left) settle();
  } else {
    get();
  }
}

void AmqpClient::publish() {
  if (published_.size() >= kMostUnconfirmed) return;
  const std::size_t queue = random_.below(plan_.queues);
  const MessageId id = oracle_.sent(queue, stream_);
  const bytes::ByteVector body = oracle_.make_body(id, random_.below(plan_.largest_body));
  amqp::BasicProperties properties;
  properties.delivery_mode = amqp::kDeliveryModePersistent;
  bytes::ByteVector block;
  bytes::Writer writer(block);
  properties.encode(writer);
  const std::string name = queue_name(queue, plan_);
  amqp::BasicPublish method;
  method.routing_key = name;
  bytes::ByteVector out;
  amqp::append_with_content(out, kChannel, method, {block, body}, kFrameMax);
  published_.push_back({++last_tag_, id, queue, ledger_->mark(queue)});
  client_->send(out);
}

void AmqpClient::confirmed(std::uint64_t tag, bool multiple, bool stored) {
  const auto settle_one = [&](const Published& published) {
    if (stored) {
      oracle_.confirmed(published.id);
      ledger_->proven(published.queue, published.settled);
    } else {
      oracle_.refused(published.id);
    }
  };
  if (tag > last_tag_) return oracle_.fail(fmt::format("publish {} was confirmed and never sent", tag));
  for (auto it = published_.begin(); it != published_.end() && it->tag <= tag;) {
    if (!multiple && it->tag != tag) {
      ++it;
      continue;
    }
    settle_one(*it);
    it = published_.erase(it);
  }
}

void AmqpClient::note(const Held& held, bool accept) {
  if (accept) {
    oracle_.accepted(held.id, held.queue, Settled::asked);
  } else {
    oracle_.rejected(held.id, held.queue, Settled::asked);
  }
  ledger_->add(held.queue, held.id, !accept);
}

void AmqpClient::settle() {
  if (held_.empty()) return;
  const std::size_t index = random_.below(held_.size());
  const Held chosen = held_[index];
  const std::uint64_t dice = random_.below(20);
  const bool multiple = dice % 5 == 0;
  const auto hit = [&](const Held& held) { return multiple ? held.tag <= chosen.tag : held.tag == chosen.tag; };
  if (dice < 12) {
    for (const Held& held : held_) {
      if (hit(held)) note(held, true);
    }
    send(kChannel, amqp::BasicAck{chosen.tag, multiple});
  } else {
    const bool requeue = dice < 16;
    for (const Held& held : held_) {
      if (hit(held) && !requeue) note(held, false);
    }
    send(kChannel, amqp::BasicNack{chosen.tag, multiple, requeue});
  }
  std::erase_if(held_, hit);
}

void AmqpClient::get() {
  if (getting_) return;
  getting_ = true;
  got_queue_ = random_.below(plan_.queues + 1);
  const std::string name = queue_name(got_queue_, plan_);
  amqp::BasicGet method;
  method.queue = name;
  send(kChannel, method);
}

void AmqpClient::on_data(bytes::ByteView data) {
  in_.insert(in_.end(), data.begin(), data.end());
  std::size_t used = 0;
  while (!oracle_.failed()) {
    const auto parsed = amqp::parse_frame(bytes::ByteView(in_).subspan(used), 1 << 20);
    if (parsed.status == amqp::FrameStatus::malformed) return oracle_.fail("the server sent a malformed frame");
    if (parsed.status == amqp::FrameStatus::need_more) break;
    used += parsed.frame.size;
    take_frame(parsed.frame);
  }
  in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(used));
}

void AmqpClient::take_frame(const amqp::Frame& frame) {
  if (frame.type == amqp::FrameType::method) {
    if (awaits_header_ || body_left_ != 0) return oracle_.fail("the server sent a method inside a content");
    bytes::Reader in(frame.payload);
    const amqp::Method method = amqp::read_method(in);
    return take_method(method, in);
  }
  if (frame.type == amqp::FrameType::header) {
    const auto header = amqp::ContentHeader::decode(frame.payload);
    if (!header || !awaits_header_) return oracle_.fail("the server sent an unexpected content header");
    awaits_header_ = false;
    body_.clear();
    body_left_ = header->body_size;
  } else if (frame.type == amqp::FrameType::body) {
    if (frame.payload.size() > body_left_) return oracle_.fail("the server sent more body than it announced");
    body_.insert(body_.end(), frame.payload.begin(), frame.payload.end());
    body_left_ -= frame.payload.size();
  } else {
    return;
  }
  if (body_left_ == 0) take_content();
}

void AmqpClient::take_content() {
  const MessageId id = oracle_.delivered({.queue = content_queue_, .body = body_, .redelivered = content_redelivered_});
  if (id == 0) return;
  // A dead letter is another message than the one it was.
  const bool fresh = seen_.insert({content_queue_, id}).second;
  if (!fresh && !content_redelivered_) {
    oracle_.fail(fmt::format("message {} came again on one connection without being marked so", id));
  }
  held_.push_back({content_tag_, content_queue_, id});
}

void AmqpClient::subscribe() {
  for (std::size_t queue = 0; consumes_ && queue <= plan_.queues; ++queue) {
    if (random_.chance(1, 3)) continue;
    const std::string name = queue_name(queue, plan_);
    const std::string tag = fmt::format("c{}", queue);
    amqp::BasicConsume consume;
    consume.queue = name;
    consume.consumer_tag = tag;
    consume.no_wait = true;
    send(kChannel, consume);
  }
  ready_ = true;
}

void AmqpClient::take_handshake(amqp::Method method, bytes::Reader& in) {
  if (method == amqp::Method::connection_start) {
    amqp::ConnectionStartOk start;
    const std::string plain("\0guest\0guest", 12);
    start.response = plain;
    send(0, start);
  } else if (method == amqp::Method::connection_tune) {
    const auto tune = amqp::ConnectionTune::decode(in);
    amqp::ConnectionTuneOk answer;
    answer.channel_max = tune->channel_max;
    answer.frame_max = kFrameMax;
    send(0, answer);
    send(0, amqp::ConnectionOpen{});
  } else if (method == amqp::Method::connection_open_ok) {
    send(kChannel, amqp::ChannelOpen{});
  } else if (method == amqp::Method::channel_open_ok) {
    send(kChannel, amqp::ConfirmSelect{});
  } else if (method == amqp::Method::confirm_select_ok) {
    amqp::BasicQos qos;
    qos.prefetch_count = static_cast<std::uint16_t>(random_.between(1, 40));
    send(kChannel, qos);
  } else if (method == amqp::Method::basic_qos_ok) {
    subscribe();
  }
}

void AmqpClient::take_method(amqp::Method method, bytes::Reader& in) {
  switch (method) {
    case amqp::Method::basic_ack: {
      const auto ack = amqp::BasicAck::decode(in);
      return confirmed(ack->delivery_tag, ack->multiple, true);
    }
    case amqp::Method::basic_nack: {
      const auto nack = amqp::BasicNack::decode(in);
      return confirmed(nack->delivery_tag, nack->multiple, false);
    }
    case amqp::Method::basic_deliver: {
      const auto deliver = amqp::BasicDeliver::decode(in);
      content_queue_ = std::stoul(std::string(deliver->consumer_tag.substr(1)));
      content_tag_ = deliver->delivery_tag;
      content_redelivered_ = deliver->redelivered;
      awaits_header_ = true;
      return;
    }
    case amqp::Method::basic_get_ok: {
      const auto got = amqp::BasicGetOk::decode(in);
      getting_ = false;
      content_queue_ = got_queue_;
      content_tag_ = got->delivery_tag;
      content_redelivered_ = got->redelivered;
      awaits_header_ = true;
      return;
    }
    case amqp::Method::basic_get_empty:
      getting_ = false;
      return;
    case amqp::Method::connection_close: {
      const auto close = amqp::ConnectionClose::decode(in);
      send(0, amqp::ConnectionCloseOk{});
      if (close->reply_code == kConnectionForced) return;
      return oracle_.fail(fmt::format("the server closed a connection: {} {}", close->reply_code, close->reply_text));
    }
    case amqp::Method::channel_close: {
      const auto close = amqp::ChannelClose::decode(in);
      return oracle_.fail(fmt::format("the server closed a channel: {} {}", close->reply_code, close->reply_text));
    }
    case amqp::Method::basic_cancel:
      return oracle_.fail("the server cancelled a consumer");
    default:
      return take_handshake(method, in);
  }
}

}  // namespace millrace::simtest
