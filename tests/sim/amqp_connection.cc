#include "amqp_connection.h"

#include <fmt/format.h>

#include "server.h"

namespace millrace::simtest {

namespace amqp = wire::amqp091;

namespace {

constexpr std::uint32_t kFrameMax = 4096;  // bodies take several frames
constexpr std::uint16_t kConnectionForced = 320;
constexpr base::Nanos kAmqpReconnect{2'000'000};

}  // namespace

AmqpConnection::AmqpConnection(sim::SimWorld& world, sim::SimWire& wire, Oracle& oracle, const Plan& plan,
                               std::uint64_t number)
    : world_(world), oracle_(oracle), plan_(plan), number_(number), random_(plan.seed * 1000 + number), wire_(wire) {}

AmqpConnection::~AmqpConnection() = default;

void AmqpConnection::start() {
  timer_ = world_.after(world_.random_delay(base::Nanos(0), kAmqpReconnect), [this] { tick(); });
}

void AmqpConnection::stop() {
  timer_.cancel();
  client_.reset();
}

void AmqpConnection::connect() {
  client_ = wire_.connect(kAmqpPort);
  client_->on_data = [this](bytes::ByteView data) { on_data(data); };
  ready_ = false;
  given_up_ = false;
  in_.clear();
  awaits_header_ = false;
  body_left_ = 0;
  connected();
  client_->send(bytes::ByteView(amqp::kProtocolHeader));
}

void AmqpConnection::tick() {
  base::Nanos pause(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(plan_.think_nanos)) + 1));
  if (client_ == nullptr || !client_->is_open() || given_up_) {
    connect();
    pause = kAmqpReconnect;
  } else {
    if (plan_.slow_readers && random_.chance(1, 40)) client_->pause();
    if (random_.chance(1, 4)) client_->resume();
    if (ready_) act();
  }
  timer_ = world_.after(pause, [this] { tick(); });
}

void AmqpConnection::publish(std::string_view routing_key, const amqp::BasicProperties& properties,
                             bytes::ByteView body) {
  bytes::ByteVector block;
  bytes::Writer writer(block);
  properties.encode(writer);
  amqp::BasicPublish method;
  method.routing_key = routing_key;
  bytes::ByteVector out;
  amqp::append_with_content(out, kChannel, method, {block, body}, kFrameMax);
  client_->send(out);
}

void AmqpConnection::on_data(bytes::ByteView data) {
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

void AmqpConnection::take_frame(const amqp::Frame& frame) {
  if (frame.type == amqp::FrameType::method) {
    if (awaits_header_ || body_left_ != 0) return oracle_.fail("the server sent a method inside a content");
    bytes::Reader in(frame.payload);
    const amqp::Method method = amqp::read_method(in);
    return take_any_method(method, in);
  }
  if (frame.type == amqp::FrameType::header) {
    const auto header = amqp::ContentHeader::decode(frame.payload);
    if (!header || !awaits_header_) return oracle_.fail("the server sent an unexpected content header");
    awaits_header_ = false;
    properties_.assign(header->property_block.begin(), header->property_block.end());
    body_.clear();
    body_left_ = header->body_size;
  } else if (frame.type == amqp::FrameType::body) {
    if (frame.payload.size() > body_left_) return oracle_.fail("the server sent more body than it announced");
    body_.insert(body_.end(), frame.payload.begin(), frame.payload.end());
    body_left_ -= frame.payload.size();
  } else {
    return;
  }
  if (body_left_ == 0) content_complete();
}

void AmqpConnection::content_complete() {
  const auto properties = amqp::BasicProperties::decode(properties_);
  if (!properties.has_value()) return oracle_.fail("the server sent malformed properties");
  take_content(*properties, body_);
}

void AmqpConnection::take_any_method(amqp::Method method, bytes::Reader& in) {
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
    opened();
  } else if (method == amqp::Method::connection_close) {
    const auto close = amqp::ConnectionClose::decode(in);
    send(0, amqp::ConnectionCloseOk{});
    if (close->reply_code == kConnectionForced) return;
    oracle_.fail(fmt::format("the server closed a connection: {} {}", close->reply_code, close->reply_text));
  } else if (method == amqp::Method::basic_cancel) {
    oracle_.fail("the server cancelled a consumer");
  } else {
    take_method(method, in);
  }
}

}  // namespace millrace::simtest
