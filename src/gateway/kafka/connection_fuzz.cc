#include "base/assert.h"
#include "broker/fuzz_world_test.h"
#include "gateway/kafka/gateway.h"
#include "model/batch_builder.h"
#include "wire/kafka/frame.h"
#include "wire/kafka/generated/all_messages.h"

// A whole connection: valid and invalid requests, as the input says, against a real broker in a simulated world.
// Whatever was sent, afterwards the connection is gone and another client is served.
namespace millrace::gateway::kafka {
namespace {

namespace wire = ::millrace::wire::kafka;

constexpr std::uint16_t kPort = 9092;

Options limited() {
  Options options;
  options.max_request_bytes = 100'000;
  options.max_batch_bytes = 50'000;
  return options;
}

struct World : broker::FuzzWorld<Gateway, Options> {
  World() : FuzzWorld(kPort, limited()) {}
};

template <class Request>
bytes::ByteVector frame(std::int16_t version, const Request& request) {
  bytes::ByteVector out;
  bytes::Writer writer(out);
  wire::encode_request(writer, version, 7, "fuzz", request);
  return out;
}

bytes::ByteVector produce(std::uint8_t how) {
  model::BatchBuilder builder;
  const std::string value(how, 'v');
  builder.start({});
  model::BatchBuilder::Record record;
  const bytes::ByteView part = bytes::as_bytes(value);
  record.value_parts = {&part, 1};
  builder.add(record);
  const bytes::Slab batch = builder.finish();
  wire::ProduceRequest request;
  request.acks = static_cast<std::int16_t>(how % 3) - 1;
  request.timeout_ms = how;
  auto& topic = request.topic_data.emplace_back();
  topic.name = (how & 0x80) != 0 ? "t" : "u";
  auto& partition = topic.partition_data.emplace_back();
  partition.index = how % 2;
  partition.records = wire::Records(batch.view());
  return frame(7, request);
}

bytes::ByteVector fetch(std::uint8_t how) {
  wire::FetchRequest request;
  request.max_wait_ms = how;
  request.min_bytes = how % 3;
  request.max_bytes = 1 << 20;
  auto& topic = request.topics.emplace_back();
  topic.topic = (how & 0x80) != 0 ? "t" : "u";
  auto& partition = topic.partitions.emplace_back();
  partition.partition = how % 2;
  partition.fetch_offset = how % 5;
  partition.partition_max_bytes = 1 << 20;
  return frame(11, request);
}

bytes::ByteVector join(std::uint8_t how) {
  wire::JoinGroupRequest request;
  request.group_id = (how & 0x40) != 0 ? "g" : "h";
  request.session_timeout_ms = 6000 + how;
  request.rebalance_timeout_ms = how * 100;
  request.member_id = (how & 0x20) != 0 ? "guess" : "";
  if ((how & 0x10) != 0) request.group_instance_id = wire::Text("instance");
  request.protocol_type = "consumer";
  request.protocols.push_back({(how & 1) != 0 ? "range" : "other", {}});
  return frame((how & 2) != 0 ? 3 : 5, request);
}

/// With the instance's name no member id is needed to leave.
bytes::ByteVector leave(std::uint8_t how) {
  wire::LeaveGroupRequest request;
  request.group_id = (how & 0x40) != 0 ? "g" : "h";
  request.members.push_back({"", wire::Text("instance"), {}});
  return frame(4, request);
}

bytes::ByteVector commit(std::uint8_t how) {
  wire::OffsetCommitRequest request;
  request.group_id = (how & 0x40) != 0 ? "g" : "h";
  auto& topic = request.topics.emplace_back();
  topic.name = "t";
  topic.partitions.push_back({.partition_index = how % 3, .committed_offset = how, .committed_metadata = {}});
  return frame(7, request);
}

/// One step of the input; its octets: what to do, then arguments.
void step(World& world, bytes::Reader& in) {
  const std::uint8_t kind = in.u8();
  bytes::ByteVector out;
  switch (kind % 9) {
    case 0: {
      const bytes::ByteView raw = in.view(std::min<std::size_t>(in.u8(), in.remaining()));
      out.assign(raw.begin(), raw.end());
      break;
    }
    case 1: {  // a request with its true size
      const bytes::ByteView raw = in.view(std::min<std::size_t>(in.u8(), in.remaining()));
      bytes::Writer writer(out);
      writer.u32(static_cast<std::uint32_t>(raw.size()));
      out.insert(out.end(), raw.begin(), raw.end());
      break;
    }
    case 2:
      out = produce(in.u8());
      break;
    case 3:
      out = fetch(in.u8());
      break;
    case 4: {
      wire::CreateTopicsRequest request;
      const std::uint8_t how = in.u8();
      auto& topic = request.topics.emplace_back();
      topic.name = "t";
      topic.num_partitions = how % 4;
      topic.replication_factor = static_cast<std::int16_t>(how % 5 == 0 ? 3 : 1);
      request.timeout_ms = 1000;
      out = frame(4, request);
      break;
    }
    case 6:
      out = join(in.u8());
      break;
    case 7:
      out = leave(in.u8());
      break;
    case 8:
      out = commit(in.u8());
      break;
    default:
      world.world.run_for(base::Nanos(std::int64_t{in.u8()} * 1'000'000));
  }
  if (!out.empty()) world.client->send(out);
}

}  // namespace
}  // namespace millrace::gateway::kafka

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace;
  constexpr std::size_t kMaxInput = 4096;
  if (size == 0 || size > kMaxInput) return 0;
  gateway::kafka::World world;
  bytes::Reader in(bytes::ByteView(data, size));
  while (!in.at_end()) gateway::kafka::step(world, in);
  world.world.run_for(base::Nanos(50'000'000));
  world.client->close();
  const bool gone = world.world.run_until([&] { return world.gateway->connections() == 0; });
  MILLRACE_ASSERT(gone, "the connection is still there");
  world.client = world.wire.connect(gateway::kafka::kPort);
  bool answered = false;
  world.client->on_data = [&](bytes::ByteView) { answered = true; };
  world.client->send(gateway::kafka::frame(1, wire::kafka::ApiVersionsRequest{}));
  MILLRACE_ASSERT(world.world.run_until([&] { return answered; }), "the next client is not served");
  return 0;
}
