#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>

#include "auth/password.h"
#include "broker/sim_broker_test.h"
#include "gateway/kafka/gateway.h"
#include "gateway/kafka/quotas.h"
#include "model/batch_builder.h"
#include "testing/sim_network.h"
#include "wire/kafka/frame.h"
#include "wire/kafka/generated/all_messages.h"

// A broker with this gateway in a simulated world, and clients that speak raw requests to it. For tests only.
namespace millrace::gateway::kafka {

namespace wire = ::millrace::wire::kafka;

class GatewayWorld {
 public:
  static constexpr std::uint16_t kPort = 9092;

  explicit GatewayWorld(std::uint64_t seed, Options with = {}, std::size_t shards = 2)
      : broker(seed, shards), wire(broker.world), options(std::move(with)) {
    options.connection_count = std::make_shared<std::atomic<std::uint32_t>>(0);
    options.quotas = std::make_shared<QuotaBuckets>();
    broker.start();
    open_gateways(shards);
    put_user("test", "secret");
    permit("test", ".*", ".*", ".*");
  }
  ~GatewayWorld() {
    close_gateways();
    broker.stop();
  }
  /// As after a crash of the machine; clients have to connect again.
  void restart() {
    const std::size_t shards = gateways.size();
    close_gateways();
    broker.kill();
    options.connection_count->store(0);
    broker.start();
    open_gateways(shards);
  }

  void put_user(const std::string& name, const std::string& password) {
    execute({.commands = {catalog::PutUser{{name, auth::hash_password(password, 1), {}}}}});
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

 private:
  void open_gateways(std::size_t shards) {
    for (std::size_t i = 0; i < shards; ++i) {
      gateways.push_back(std::make_unique<Gateway>(broker.shard(i), options));
      networks.push_back(std::make_unique<sim::SimNetwork>(wire, static_cast<sim::SimLoop&>(broker.shard(i).loop())));
    }
    listener = std::move(*networks[0]->listen({"*", kPort}, [this](std::unique_ptr<io::PendingConnection> pending) {
      const std::size_t to = next++ % gateways.size();
      broker.shard(to).loop().post(
          [this, to, p = std::move(pending)]() mutable { gateways[to]->accept(networks[to]->adopt(std::move(p))); });
    }));
  }
  void close_gateways() {
    listener.reset();
    gateways.clear();
    networks.clear();
  }
};

inline wire::FetchRequest::Partition want(std::int32_t partition, std::int64_t offset) {
  wire::FetchRequest::Partition wanted;
  wanted.partition = partition;
  wanted.fetch_offset = offset;
  wanted.partition_max_bytes = 1 << 20;
  return wanted;
}

class TestClient {
 public:
  explicit TestClient(GatewayWorld& world, bool from_loopback = true)
      : world_(world), socket_(world.wire.connect(GatewayWorld::kPort, from_loopback)) {
    socket_->on_data = [this](bytes::ByteView data) { take(data); };
  }

  sim::SimClient& socket() { return *socket_; }
  template <class Request>
  void send(std::int16_t version, const Request& request) {
    bytes::ByteVector out;
    bytes::Writer writer(out);
    wire::encode_request(writer, version, next_correlation_++, "tester", request);
    socket_->send(out);
  }
  /// The next answer, which must be this one. Its texts live as long as the client.
  template <class Response>
  Response expect(std::int16_t version, std::int64_t seconds = 60) {
    Response response;
    world_.broker.world.run_until([this] { return !frames_.empty() || !socket_->is_open(); },
                                  base::Nanos(seconds * 1'000'000'000));
    if (frames_.empty()) {
      ADD_FAILURE() << "no " << Response::kName << ": " << socket_->close_reason();
      return response;
    }
    kept_.push_back(std::move(frames_.front()));
    frames_.pop_front();
    bytes::Reader in(bytes::as_bytes(kept_.back()));
    wire::ResponseHeader header;
    EXPECT_TRUE(header.decode(in, Response::kApiKey, version));
    EXPECT_EQ(header.correlation_id, next_answer_++);
    EXPECT_TRUE(wire::decode_exact(response, in, version)) << Response::kName;
    return response;
  }
  template <class Response, class Request>
  Response ask(std::int16_t version, const Request& request) {
    send(version, request);
    return expect<Response>(version);
  }
  /// The last request gets none.
  void no_answer() { ++next_answer_; }
  bool silent(std::int64_t milliseconds = 50) {
    world_.broker.world.run_for(base::to_nanos(base::Millis(milliseconds)));
    return frames_.empty();
  }
  void expect_end() {
    EXPECT_TRUE(world_.broker.world.run_until([this] { return !socket_->is_open(); }));
    EXPECT_TRUE(frames_.empty());
  }
  std::size_t waiting() const { return frames_.size(); }

  /// Logs in with PLAIN; the answer's error.
  wire::ErrorCode login(std::string_view user = "test", std::string_view password = "secret") {
    wire::SaslHandshakeRequest handshake;
    handshake.mechanism = "PLAIN";
    EXPECT_EQ(ask<wire::SaslHandshakeResponse>(1, handshake).error_code, wire::ErrorCode::none);
    std::string text(1, '\0');
    text += user;
    text += '\0';
    text += password;
    wire::SaslAuthenticateRequest request;
    request.auth_bytes = bytes::as_bytes(text);
    return ask<wire::SaslAuthenticateResponse>(2, request).error_code;
  }
  wire::CreateTopicsResponse::Topic create_topic(std::string_view name, std::int32_t partitions = 1) {
    wire::CreateTopicsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    topic.num_partitions = partitions;
    topic.replication_factor = 1;
    const auto response = ask<wire::CreateTopicsResponse>(7, request);
    EXPECT_EQ(response.topics.size(), 1U);
    return response.topics.at(0);
  }
  /// Produces one batch with these values; the partition's answer.
  wire::ProduceResponse::PartitionResponse produce(std::string_view topic, std::int32_t partition,
                                                   const std::vector<std::string>& values,
                                                   const model::BatchBuilder::Options& options = {}) {
    const bytes::Slab batch = make_batch(values, options);
    wire::ProduceRequest request;
    request.acks = -1;
    request.timeout_ms = 1000;
    auto& to = request.topic_data.emplace_back();
    to.name = topic;
    auto& part = to.partition_data.emplace_back();
    part.index = partition;
    part.records = wire::Records(batch.view());
    const auto response = ask<wire::ProduceResponse>(12, request);
    return response.responses.at(0).partition_responses.at(0);
  }
  bytes::Slab make_batch(const std::vector<std::string>& values, const model::BatchBuilder::Options& options = {}) {
    model::BatchBuilder builder;
    builder.start(options);
    for (const std::string& value : values) {
      const bytes::ByteView part = bytes::as_bytes(value);
      model::BatchBuilder::Record record;
      record.timestamp = world_.broker.world.clock().wall();
      record.value_parts = {&part, 1};
      builder.add(record);
    }
    return builder.finish();
  }

 private:
  void take(bytes::ByteView data) {
    input_ += bytes::as_text(data);
    constexpr std::size_t kLargest = std::size_t{16} << 20;
    for (;;) {
      bytes::ByteView frame;
      const auto state = wire::find_frame(bytes::as_bytes(input_), kLargest, frame);
      ASSERT_NE(state, wire::FrameState::malformed);
      if (state != wire::FrameState::complete) return;
      frames_.push_back(bytes::to_string(frame));
      input_.erase(0, wire::kFrameSizeBytes + frame.size());
    }
  }

  GatewayWorld& world_;
  std::unique_ptr<sim::SimClient> socket_;
  std::string input_;
  std::deque<std::string> frames_;
  std::deque<std::string> kept_;
  std::int32_t next_correlation_ = 100;
  std::int32_t next_answer_ = 100;
};

}  // namespace millrace::gateway::kafka
