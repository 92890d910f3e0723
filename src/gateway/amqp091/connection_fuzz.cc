#include <cstdlib>

#include "base/assert.h"
#include "broker/fuzz_world_test.h"
#include "broker/queue_host.h"
#include "gateway/amqp091/gateway.h"
#include "wire/amqp091/field_table.h"
#include "wire/amqp091/frame.h"
#include "wire/amqp091/frame_writer.h"
#include "wire/amqp091/properties.h"

// A whole connection: valid and invalid frames, as the input says, against a real broker in a simulated world. Whatever
// was sent, afterwards the connection is gone and holds no message.
namespace millrace::gateway::amqp091 {
namespace {

namespace wire = ::millrace::wire::amqp091;

constexpr std::uint16_t kPort = 5672;

Options limited() {
  Options options;
  options.max_message_bytes = 100'000;
  return options;
}

struct World : broker::FuzzWorld<Gateway, Options> {
  World() : FuzzWorld(kPort, limited()) {
    broker->shard(0).authorizer().credentials().remember("guest", "hash", "guest");
  }
};

void open_connection(World& world) {
  bytes::ByteVector out(std::begin(wire::kProtocolHeader), std::end(wire::kProtocolHeader));
  wire::ConnectionStartOk start;
  start.response = std::string_view("\0guest\0guest", 12);
  wire::append_method(out, 0, start);
  wire::append_method(out, 0, wire::ConnectionTuneOk{8, 8192, 0});
  wire::append_method(out, 0, wire::ConnectionOpen{"/"});
  wire::append_method(out, 1, wire::ChannelOpen{});
  wire::append_method(out, 2, wire::ChannelOpen{});
  wire::QueueDeclare declare;
  declare.queue = "q";
  wire::append_method(out, 1, declare);
  wire::append_method(out, 2, wire::BasicConsume{0, "q", "c"});
  world.client->send(out);
}

/// A request that makes sense, chosen by `what` and filled by `how`.
void append_request(bytes::ByteVector& out, std::uint16_t channel, std::uint8_t what, std::uint8_t how) {
  const std::string_view names[] = {"q", "r", "", "amq.topic", "amq.rabbitmq.reply-to", "x"};
  const std::string_view name = names[how % std::size(names)];
  const bool flag = (how & 0x80) != 0;
  switch (what % 20) {
    case 0:
      return wire::append_method(out, channel, wire::QueueDeclare{0, name, flag, (how & 0x40) != 0, (how & 0x20) != 0});
    case 1:
      return wire::append_method(out, channel, wire::QueueDelete{0, name, flag});
    case 2:
      return wire::append_method(out, channel, wire::QueuePurge{0, name});
    case 3:
      return wire::append_method(out, channel, wire::QueueBind{0, "q", name, "k", flag});
    case 4:
      return wire::append_method(out, channel, wire::QueueUnbind{0, "q", name, "k"});
    case 5:
      return wire::append_method(out, channel, wire::ExchangeDeclare{0, name, flag ? "fanout" : "topic"});
    case 6:
      return wire::append_method(out, channel, wire::ExchangeDelete{0, name, flag});
    case 7:
      return wire::append_method(out, channel, wire::BasicConsume{0, name, flag ? "" : "t", false, (how & 0x40) != 0});
    case 8:
      return wire::append_method(out, channel, wire::BasicCancel{flag ? "c" : "t"});
    case 9:
      return wire::append_method(out, channel, wire::BasicGet{0, name, flag});
    case 10:
      return wire::append_method(out, channel, wire::BasicAck{static_cast<std::uint64_t>(how & 0x1F), flag});
    case 11:
      return wire::append_method(out, channel,
                                 wire::BasicNack{static_cast<std::uint64_t>(how & 0x0F), flag, (how & 0x40) != 0});
    case 12:
      return wire::append_method(out, channel, wire::BasicRecover{!flag || how > 0x90});
    case 13:
      return wire::append_method(out, channel, wire::ConfirmSelect{flag});
    case 14:
      return wire::append_method(out, channel, wire::BasicQos{0, static_cast<std::uint16_t>(how & 0x7)});
    case 15:
      return wire::append_method(out, channel, wire::ChannelClose{200, "bye"});
    case 16:
      return wire::append_method(out, channel, wire::ChannelCloseOk{});
    case 17:
      return wire::append_method(out, channel, wire::ChannelOpen{});
    case 18:
      return wire::append_method(out, 0, wire::ConnectionClose{200, "bye"});
    default: {
      const std::string body(how, 'b');
      const wire::BasicPublish publish{0, flag ? "amq.topic" : "", name, (how & 0x40) != 0};
      return wire::append_with_content(out, channel, publish, {wire::kEmptyPropertyBlock, bytes::as_bytes(body)}, 8192);
    }
  }
}

void append_frame(bytes::ByteVector& out, wire::FrameType type, std::uint16_t channel, bytes::ByteView payload) {
  std::uint8_t* to = wire::grow(out, wire::kFrameHeaderSize);
  wire::put_frame_start(to, type, channel, payload.size());
  out.insert(out.end(), payload.begin(), payload.end());
  wire::append_frame_end(out);
}

/// One step of the input; its octets: what to do, then arguments.
void step(World& world, bytes::Reader& in) {
  const std::uint8_t kind = in.u8();
  const auto channel = static_cast<std::uint16_t>((kind >> 4) % 4);
  bytes::ByteVector out;
  switch (kind & 0x07) {
    case 0: {
      const bytes::ByteView raw = in.view(std::min<std::size_t>(in.u8(), in.remaining()));
      out.assign(raw.begin(), raw.end());
      break;
    }
    case 1:
    case 2:
    case 3: {
      const auto type = static_cast<wire::FrameType>(kind & 0x07);
      append_frame(out, type, channel, in.view(std::min<std::size_t>(in.u8(), in.remaining())));
      break;
    }
    case 4: {
      const std::uint8_t size = in.u8();
      wire::append_header(out, channel, size, wire::kEmptyPropertyBlock);
      break;
    }
    case 5:
      world.world.run_for(base::Nanos(std::int64_t{in.u8()} * 100'000));
      break;
    default: {
      const std::uint8_t what = in.u8();
      append_request(out, channel, what, in.u8());
    }
  }
  if (!out.empty()) world.client->send(out);
}

}  // namespace
}  // namespace millrace::gateway::amqp091

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace;
  constexpr std::size_t kMaxInput = 4096;
  if (size == 0 || size > kMaxInput) return 0;
  gateway::amqp091::World world;
  bytes::Reader in(bytes::ByteView(data, size));
  if ((in.u8() & 1) != 0) gateway::amqp091::open_connection(world);
  while (!in.at_end()) gateway::amqp091::step(world, in);
  world.world.run_for(base::Nanos(50'000'000));
  world.client->close();
  const bool gone = world.world.run_until([&] { return world.gateway->connections() == 0; });
  MILLRACE_ASSERT(gone, "the connection is still there");
  world.world.run_for(base::Nanos(100'000'000));
  broker::Shard& shard = world.broker->shard(0);
  for (const catalog::Queue* queue : shard.catalog().queues()) {
    const broker::QueueStats stats = shard.queues().stats_of(queue->id);
    MILLRACE_ASSERT(stats.unacknowledged == 0 && stats.consumers == 0, "{}: {} held by nobody", queue->name,
                    stats.unacknowledged);
  }
  return 0;
}
