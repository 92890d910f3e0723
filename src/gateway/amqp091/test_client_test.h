#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "auth/password.h"
#include "broker/sim_broker_test.h"
#include "gateway/amqp091/dead_letter_rewriter.h"
#include "gateway/amqp091/gateway.h"
#include "testing/sim_network.h"
#include "wire/amqp091/field_table.h"
#include "wire/amqp091/frame.h"
#include "wire/amqp091/frame_writer.h"
#include "wire/amqp091/properties.h"

// A broker with this gateway in a simulated world, and clients that speak raw frames to it. For tests only.
namespace millrace::gateway::amqp091 {

namespace wire = ::millrace::wire::amqp091;

class GatewayWorld {
 public:
  static constexpr std::uint16_t kPort = 5672;

  /// `prepare` may change `broker.options` and `options` before anything starts.
  explicit GatewayWorld(std::uint64_t seed, std::size_t shards = 2,
                        const std::function<void(GatewayWorld&)>& prepare = {})
      : broker(seed, shards), wire(broker.world) {
    options.connection_count = std::make_shared<std::atomic<std::uint32_t>>(0);
    if (prepare) prepare(*this);
    broker.rewriter = std::make_shared<const DeadLetterRewriter>();
    broker.start();
    for (std::size_t i = 0; i < shards; ++i) {
      gateways.push_back(std::make_unique<Gateway>(broker.shard(i), options));
      networks.push_back(std::make_unique<sim::SimNetwork>(wire, static_cast<sim::SimLoop&>(broker.shard(i).loop())));
    }
    listener = std::move(*networks[0]->listen({"*", kPort}, [this](std::unique_ptr<io::PendingConnection> pending) {
      const std::size_t to = next++ % gateways.size();
      broker.shard(to).loop().post(
          [this, to, p = std::move(pending)]() mutable { gateways[to]->accept(networks[to]->adopt(std::move(p))); });
    }));
    put_user("test", "secret");
    permit("test", ".*", ".*", ".*");
  }
  ~GatewayWorld() {
    listener.reset();
    gateways.clear();
    networks.clear();
    broker.stop();
  }

  void put_user(const std::string& name, const std::string& password, std::vector<std::string> tags = {}) {
    execute({.commands = {catalog::PutUser{{name, auth::hash_password(password, 1), std::move(tags)}}}});
  }
  void permit(const std::string& user, const std::string& configure, const std::string& write,
              const std::string& read) {
    execute({.commands = {catalog::PutPermission{{user, broker.vhost(), configure, write, read}}}});
  }
  void execute(catalog::Transaction transaction) {
    const auto done = broker.wait<void>([&](auto callback) {
      broker.shard(0).topology().execute(std::move(transaction), std::move(callback));
      broker.shard(0).loop().post([] {});
    });
    ASSERT_TRUE(done.has_value()) << done.error().detail;
  }
  std::size_t connections() const {
    std::size_t count = 0;
    for (const auto& gateway : gateways) count += gateway->connections();
    return count;
  }

  broker::SimBroker broker;
  sim::SimWire wire;
  Options options;
  std::vector<std::unique_ptr<Gateway>> gateways;
  std::vector<std::unique_ptr<sim::SimNetwork>> networks;
  std::unique_ptr<io::Listener> listener;
  std::size_t next = 0;
};

/// A message as a client gets it.
struct ReceivedMessage {
  std::string properties;
  std::string body;
};

class TestClient {
 public:
  explicit TestClient(GatewayWorld& world, bool from_loopback = true)
      : world_(world), socket_(world.wire.connect(GatewayWorld::kPort, from_loopback)) {
    socket_->on_data = [this](bytes::ByteView data) { take(data); };
  }

  sim::SimClient& socket() { return *socket_; }
  void send_raw(bytes::ByteView data) { socket_->send(data); }
  template <class M>
  void send(std::uint16_t channel, const M& method) {
    bytes::ByteVector out;
    wire::append_method(out, channel, method);
    send_raw(out);
  }
  void publish(std::uint16_t channel, const wire::BasicPublish& method, std::string_view body,
               const wire::BasicProperties& properties = {}) {
    bytes::ByteVector block;
    bytes::Writer writer(block);
    properties.encode(writer);
    bytes::ByteVector out;
    wire::append_with_content(out, channel, method, {block, bytes::as_bytes(body)}, frame_max);
    send_raw(out);
  }

  /// The next frame, which must be this method on this channel. Its texts live as long as the client.
  template <class M>
  M expect(std::uint16_t channel) {
    world_.broker.world.run_until([this] { return !frames_.empty() || !socket_->is_open(); });
    if (frames_.empty()) {
      ADD_FAILURE() << "connection closed instead of " << M::kName << ": " << socket_->close_reason();
      return M{};
    }
    const Frame frame = pop();
    const bytes::ByteView payload = bytes::as_bytes(kept_.back());
    bytes::Reader in(payload);
    const wire::Method method = wire::read_method(in);
    EXPECT_EQ(frame.type, wire::FrameType::method);
    EXPECT_EQ(frame.channel, channel);
    if (method != M::kMethod) {
      ADD_FAILURE() << "got " << wire::name_of(method) << " instead of " << M::kName << ": " << close_text(payload);
      return M{};
    }
    const auto decoded = M::decode(in);
    EXPECT_TRUE(decoded.has_value());
    return decoded.value_or(M{});
  }
  /// The content behind a method.
  ReceivedMessage expect_content(std::uint16_t channel) {
    ReceivedMessage message;
    if (!wait_frame()) return message;
    EXPECT_EQ(frames_.front().type, wire::FrameType::header);
    EXPECT_EQ(frames_.front().channel, channel);
    const auto header = wire::ContentHeader::decode(bytes::as_bytes(frames_.front().payload));
    EXPECT_TRUE(header.has_value());
    message.properties = bytes::as_text(header->property_block);
    const std::uint64_t size = header->body_size;
    frames_.pop_front();
    while (message.body.size() < size && wait_frame()) {
      EXPECT_EQ(frames_.front().type, wire::FrameType::body);
      EXPECT_EQ(frames_.front().channel, channel);
      EXPECT_LE(frames_.front().payload.size() + wire::kFrameOverhead, frame_max);
      message.body += frames_.front().payload;
      frames_.pop_front();
    }
    EXPECT_EQ(message.body.size(), size);
    return message;
  }
  void expect_channel_close(std::uint16_t channel, wire::ReplyCode code, std::string_view text = {}) {
    const auto close = expect<wire::ChannelClose>(channel);
    EXPECT_EQ(close.reply_code, static_cast<std::uint16_t>(code)) << close.reply_text;
    if (!text.empty()) {
      EXPECT_EQ(close.reply_text, text);
    }
    send(channel, wire::ChannelCloseOk{});
  }
  void expect_connection_close(wire::ReplyCode code, std::string_view text = {}) {
    const auto close = expect<wire::ConnectionClose>(0);
    EXPECT_EQ(close.reply_code, static_cast<std::uint16_t>(code)) << close.reply_text;
    if (!text.empty()) {
      EXPECT_EQ(close.reply_text, text);
    }
    if (socket_->is_open()) send(0, wire::ConnectionCloseOk{});
    expect_end();
  }
  void expect_end() {
    EXPECT_TRUE(world_.broker.world.run_until([this] { return !socket_->is_open(); }));
    EXPECT_TRUE(frames_.empty());
  }
  /// Whether the next frame is this method. Takes nothing out.
  template <class M>
  bool next_is(const M&) {
    return wait_frame() && next_method() == M::kMethod;
  }
  /// Nothing comes within so much virtual time.
  bool silent(std::int64_t milliseconds = 50) {
    world_.broker.world.run_for(base::to_nanos(base::Millis(milliseconds)));
    return frames_.empty();
  }

  // The handshake in steps and as a whole.
  void send_header() { send_raw(wire::kProtocolHeader); }
  void start_ok(std::string_view mechanism, std::string_view response, bool failure_close = true) {
    wire::FieldTable capabilities{{"authentication_failure_close", failure_close},
                                  {"consumer_cancel_notify", true},
                                  {"connection.blocked", true}};
    const bytes::ByteVector properties = wire::FieldTable{{"capabilities", capabilities}}.content();
    wire::ConnectionStartOk ok;
    ok.client_properties = wire::FieldTableView::trusted(properties);
    ok.mechanism = mechanism;
    ok.response = response;
    send(0, ok);
  }
  void login(std::string_view user = "test", std::string_view password = "secret") {
    send_header();
    expect<wire::ConnectionStart>(0);
    std::string response(1, '\0');
    response += user;
    response += '\0';
    response += password;
    start_ok("PLAIN", response);
  }
  void open(std::string_view user = "test", std::string_view password = "secret", std::uint16_t heartbeat = 0) {
    login(user, password);
    expect<wire::ConnectionTune>(0);
    send(0, wire::ConnectionTuneOk{0, frame_max, heartbeat});
    send(0, wire::ConnectionOpen{"/"});
    expect<wire::ConnectionOpenOk>(0);
  }
  void open_channel(std::uint16_t channel) {
    send(channel, wire::ChannelOpen{});
    expect<wire::ChannelOpenOk>(channel);
  }
  void close() {
    send(0, wire::ConnectionClose{200, "bye"});
    expect<wire::ConnectionCloseOk>(0);
    expect_end();
  }
  void declare(std::uint16_t channel, std::string_view queue, bool durable = true, bool exclusive = false) {
    wire::QueueDeclare method;
    method.queue = queue;
    method.durable = durable;
    method.exclusive = exclusive;
    send(channel, method);
    EXPECT_EQ(expect<wire::QueueDeclareOk>(channel).queue, queue);
  }
  /// A durable one with arguments.
  void declare(std::uint16_t channel, std::string_view queue, const wire::FieldTable& arguments) {
    const bytes::ByteVector content = arguments.content();
    wire::QueueDeclare method;
    method.queue = queue;
    method.durable = true;
    method.arguments = wire::FieldTableView::trusted(content);
    send(channel, method);
    EXPECT_EQ(expect<wire::QueueDeclareOk>(channel).queue, queue);
  }
  std::uint32_t count(std::uint16_t channel, std::string_view queue) {
    wire::QueueDeclare method;
    method.queue = queue;
    method.passive = true;
    send(channel, method);
    return expect<wire::QueueDeclareOk>(channel).message_count;
  }
  /// Body of the next message, "(none)" when there is none.
  std::string get(std::uint16_t channel, std::string_view queue, bool no_ack = true) {
    wire::BasicGet method;
    method.queue = queue;
    method.no_ack = no_ack;
    send(channel, method);
    wait_frame();
    if (!frames_.empty() && next_method() == wire::Method::basic_get_empty) {
      expect<wire::BasicGetEmpty>(channel);
      return "(none)";
    }
    last_get = expect<wire::BasicGetOk>(channel);
    last_message = expect_content(channel);
    return last_message.body;
  }

  std::uint32_t frame_max = 8192;
  wire::BasicGetOk last_get;
  ReceivedMessage last_message;
  std::uint64_t heartbeats = 0;

 private:
  struct Frame {
    wire::FrameType type;
    std::uint16_t channel;
    std::string payload;
  };
  bool wait_frame() {
    const bool came = world_.broker.world.run_until([this] { return !frames_.empty() || !socket_->is_open(); });
    EXPECT_TRUE(came && !frames_.empty()) << "no frame";
    return !frames_.empty();
  }
  wire::Method next_method() const {
    bytes::Reader in(bytes::as_bytes(frames_.front().payload));
    return wire::read_method(in);
  }
  Frame pop() {
    Frame frame = std::move(frames_.front());
    frames_.pop_front();
    kept_.push_back(frame.payload);
    return frame;
  }
  static std::string close_text(bytes::ByteView payload) {
    bytes::Reader in(payload);
    const wire::Method method = wire::read_method(in);
    if (method == wire::Method::channel_close) return std::string(wire::ChannelClose::decode(in)->reply_text);
    if (method == wire::Method::connection_close) return std::string(wire::ConnectionClose::decode(in)->reply_text);
    return {};
  }
  void take(bytes::ByteView data) {
    input_ += bytes::as_text(data);
    constexpr std::uint32_t kLargest = 1 << 20;
    for (;;) {
      if (input_.starts_with("AMQP")) {
        protocol_header_ = input_;
        return;
      }
      const auto parse = wire::parse_frame(bytes::as_bytes(input_), kLargest);
      ASSERT_NE(parse.status, wire::FrameStatus::malformed);
      if (parse.status != wire::FrameStatus::complete) return;
      if (parse.frame.type == wire::FrameType::heartbeat) {
        ++heartbeats;
      } else {
        frames_.push_back({parse.frame.type, parse.frame.channel, bytes::to_string(parse.frame.payload)});
      }
      input_.erase(0, parse.frame.size);
    }
  }

  GatewayWorld& world_;
  std::unique_ptr<sim::SimClient> socket_;
  std::string input_;
  std::string protocol_header_;
  std::deque<Frame> frames_;
  std::deque<std::string> kept_;

 public:
  const std::string& protocol_header() const { return protocol_header_; }
};

}  // namespace millrace::gateway::amqp091
