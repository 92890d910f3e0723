#include "wire/amqp091/frame.h"

#include "wire/amqp091/frame_writer.h"
#include "wire/amqp091/properties.h"
#include "wire/amqp091/wire_test_support.h"

namespace millrace::wire::amqp091 {
namespace {

using bytes::ByteVector;
using bytes::ByteView;

constexpr std::uint32_t kFrameMax = 131072;

TEST(Frame, ReadsAndWritesPikasHeartbeatAndBody) {
  const ByteVector heartbeat = sample("pika_heartbeat");
  const FrameParse beat = parse_frame(heartbeat, kFrameMax);
  ASSERT_EQ(beat.status, FrameStatus::complete);
  EXPECT_EQ(beat.frame.type, FrameType::heartbeat);
  EXPECT_EQ(beat.frame.size, 8U);
  const ByteVector body = sample("pika_body");
  const FrameParse parsed = parse_frame(body, kFrameMax);
  EXPECT_EQ(parsed.frame.type, FrameType::body);
  EXPECT_EQ(bytes::as_text(parsed.frame.payload), "hello");
  ByteVector out;
  append_heartbeat(out);
  EXPECT_EQ(out, heartbeat);
  out.clear();
  append_body(out, 0x0102, bytes::as_bytes("hello"), kFrameMax);
  EXPECT_EQ(out, body);
}

TEST(Frame, AsksForMoreAtEveryCut) {
  const ByteVector body = sample("pika_body");
  for (std::size_t size = 0; size < body.size(); ++size) {
    const FrameParse parsed = parse_frame(ByteView(body).first(size), kFrameMax);
    ASSERT_EQ(parsed.status, FrameStatus::need_more);
    EXPECT_EQ(parsed.needed, size < kFrameHeaderSize ? kFrameHeaderSize : body.size());
  }
}

TEST(Frame, ParsesOneAfterTheOther) {
  ByteVector stream;
  append_heartbeat(stream);
  append_method(stream, 7, BasicAck{.delivery_tag = 3, .multiple = true});
  append_heartbeat(stream);
  ByteView rest(stream);
  std::vector<FrameType> types;
  while (!rest.empty()) {
    const FrameParse parsed = parse_frame(rest, kFrameMax);
    ASSERT_EQ(parsed.status, FrameStatus::complete);
    types.push_back(parsed.frame.type);
    rest = rest.subspan(parsed.frame.size);
  }
  EXPECT_EQ(types, (std::vector{FrameType::heartbeat, FrameType::method, FrameType::heartbeat}));
}

WireErrc error_of(const ByteVector& bytes, std::uint32_t frame_max = kFrameMax) {
  const FrameParse parsed = parse_frame(bytes, frame_max);
  EXPECT_EQ(parsed.status, FrameStatus::malformed);
  EXPECT_EQ(parsed.wire_error().code, parsed.error);
  EXPECT_FALSE(parsed.wire_error().detail.empty());
  EXPECT_EQ(reply_code_for(parsed.error), ReplyCode::frame_error);
  return parsed.error;
}

TEST(Frame, RefusesWhatIsNoFrame) {
  for (int octet = 0; octet < 256; ++octet) {
    const bool known = octet == 1 || octet == 2 || octet == 3 || octet == 8;
    EXPECT_EQ(is_frame_type(static_cast<std::uint8_t>(octet)), known);
    if (!known) {
      EXPECT_EQ(error_of({static_cast<std::uint8_t>(octet)}), WireErrc::unknown_frame_type);
    }
  }
  ByteVector body = sample("pika_body");
  body.back() = 0xCD;
  EXPECT_EQ(error_of(body), WireErrc::bad_frame_end);
  EXPECT_EQ(error_of({8, 0, 0, 0, 0, 0, 1, 0, 0xCE}), WireErrc::bad_heartbeat);
  EXPECT_EQ(error_of({8, 0, 1, 0, 0, 0, 0, 0xCE}), WireErrc::bad_heartbeat);
}

TEST(Frame, EnforcesFrameMaxBeforeTheRestArrives) {
  EXPECT_EQ(error_of({3, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF}), WireErrc::frame_too_large);
  EXPECT_EQ(error_of({3, 0, 1, 0, 0, 0x20, 0}, 8192), WireErrc::frame_too_large);
  EXPECT_EQ(error_of({3, 0, 1, 0, 0, 0x1F, 0xF9}, 8192), WireErrc::frame_too_large);
  const ByteVector fits{3, 0, 1, 0, 0, 0x1F, 0xF8};  // 8184 + 8 = 8192
  EXPECT_EQ(parse_frame(fits, 8192).status, FrameStatus::need_more);
  EXPECT_EQ(parse_frame(fits, 8192).needed, 8192U);
}

TEST(ProtocolHeader, Recognises) {
  const auto parse = [](std::initializer_list<std::uint8_t> version) {
    ByteVector bytes{'A', 'M', 'Q', 'P'};
    bytes.insert(bytes.end(), version);
    return parse_protocol_header(bytes);
  };
  EXPECT_EQ(parse_protocol_header(sample("pika_protocol_header")), ProtocolHeader::amqp_0_9_1);
  EXPECT_EQ(parse_protocol_header(kProtocolHeader), ProtocolHeader::amqp_0_9_1);
  EXPECT_EQ(parse({1, 1, 0, 9}), ProtocolHeader::amqp_0_9);
  EXPECT_EQ(parse({1, 1, 9, 1}), ProtocolHeader::amqp_0_9);
  EXPECT_EQ(parse({1, 1, 8, 0}), ProtocolHeader::amqp_0_8);
  EXPECT_EQ(parse({0, 1, 0, 0}), ProtocolHeader::amqp_1_0);
  EXPECT_EQ(parse({2, 1, 0, 0}), ProtocolHeader::amqp_1_0_tls);
  EXPECT_EQ(parse({3, 1, 0, 0}), ProtocolHeader::amqp_1_0_sasl);
  EXPECT_EQ(parse({0, 0, 10, 0}), ProtocolHeader::amqp_other);
  EXPECT_EQ(parse({0, 0, 9, 1, 1, 0}), ProtocolHeader::amqp_0_9_1);
  EXPECT_EQ(parse_protocol_header({}), ProtocolHeader::need_more);
  EXPECT_EQ(parse({0, 0, 9}), ProtocolHeader::need_more);
  EXPECT_EQ(parse_protocol_header(bytes::as_bytes("AM")), ProtocolHeader::need_more);
  EXPECT_EQ(parse_protocol_header(bytes::as_bytes("GET / HTTP/1.1")), ProtocolHeader::not_amqp);
  EXPECT_EQ(parse_protocol_header(bytes::as_bytes("AX")), ProtocolHeader::not_amqp);
}

/// Reads a delivery back the way a client does.
struct Delivery {
  BasicDeliver method;
  ByteVector properties;
  std::uint64_t body_size = 0;
  ByteVector body;
  std::size_t body_frames = 0;
};

Delivery read_delivery(ByteView stream, std::uint32_t frame_max, std::uint16_t channel) {
  Delivery delivery;
  while (!stream.empty()) {
    const FrameParse parsed = parse_frame(stream, frame_max);
    EXPECT_EQ(parsed.status, FrameStatus::complete);
    if (parsed.status != FrameStatus::complete) break;
    EXPECT_EQ(parsed.frame.channel, channel);
    const ByteView payload = parsed.frame.payload;
    stream = stream.subspan(parsed.frame.size);
    if (parsed.frame.type == FrameType::method) {
      bytes::Reader in(payload);
      EXPECT_EQ(read_method(in), Method::basic_deliver);
      delivery.method = BasicDeliver::decode(in).value();
    } else if (parsed.frame.type == FrameType::header) {
      const auto header = ContentHeader::decode(payload).value();
      delivery.properties.assign(header.property_block.begin(), header.property_block.end());
      delivery.body_size = header.body_size;
    } else {
      delivery.body.insert(delivery.body.end(), payload.begin(), payload.end());
      ++delivery.body_frames;
    }
  }
  return delivery;
}

TEST(FrameWriter, DeliversBodiesOfEverySize) {
  constexpr std::uint32_t kSmallMax = 1024;
  constexpr std::size_t kPart = kSmallMax - kFrameOverhead;
  const ByteVector properties{0x10, 0, 2};
  for (const std::size_t size :
       {0UL, 1UL, 16UL, kOnePieceBody, kOnePieceBody + 1, kPart, kPart + 1, 10 * kPart, 5000UL}) {
    ByteVector body(size);
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<std::uint8_t>(i * 7);
    ByteVector out;
    append_deliver(out, 9, "ctag", 42, true, "exchange", "key", properties, body, kSmallMax);
    const Delivery read = read_delivery(out, kSmallMax, 9);
    EXPECT_EQ(read.method, (BasicDeliver{"ctag", 42, true, "exchange", "key"}));
    EXPECT_EQ(read.properties, properties);
    EXPECT_EQ(read.body_size, size);
    EXPECT_EQ(read.body, body);
    EXPECT_EQ(read.body_frames, (size + kPart - 1) / kPart) << size;

    // The general pieces produce the same bytes.
    ByteVector pieces;
    append_method(pieces, 9, BasicDeliver{"ctag", 42, true, "exchange", "key"});
    append_header(pieces, 9, size, properties);
    append_body(pieces, 9, body, kSmallMax);
    EXPECT_EQ(pieces, out);
  }
}

TEST(FrameWriter, ATinyFrameMaxSplitsEvenSmallBodies) {
  ByteVector out;
  append_deliver(out, 1, "c", 1, false, "", "q", kEmptyPropertyBlock, bytes::as_bytes("abcdefgh"), kFrameOverhead + 3);
  const Delivery read = read_delivery(out, kFrameMax, 1);
  EXPECT_EQ(bytes::to_string(read.body), "abcdefgh");
  EXPECT_EQ(read.body_frames, 3U);
}

TEST(FrameWriter, NoLimitMeansOneFrame) {
  const ByteVector body(300'000, 1);
  ByteVector out;
  append_body(out, 1, body, 0);
  EXPECT_EQ(out.size(), body.size() + kFrameOverhead);
}

TEST(FrameWriter, BodiesCanBeSentFromWhereTheyLie) {
  const std::string_view body = "the body";
  ByteVector out;
  const BasicDeliver method{"c", 1, false, "", "q"};
  append_with_header(out, 1, method, kEmptyPropertyBlock, body.size());
  append_body_frame_start(out, 1, body.size());
  out.insert(out.end(), body.begin(), body.end());
  append_frame_end(out);
  ByteVector whole;
  append_deliver(whole, 1, "c", 1, false, "", "q", kEmptyPropertyBlock, bytes::as_bytes(body), kFrameMax);
  EXPECT_EQ(out, whole);
}

TEST(FrameWriter, GetOkReturnAndPublishCarryContent) {
  const Content content{kEmptyPropertyBlock, bytes::as_bytes("x")};
  ByteVector out;
  append_get_ok(out, 1, BasicGetOk{.delivery_tag = 5, .message_count = 2}, content, kFrameMax);
  append_return(out, 1, BasicReturn{.reply_code = 312, .reply_text = "NO_ROUTE"}, content, kFrameMax);
  append_with_content(out, 1, BasicPublish{.exchange = "e"}, content, kFrameMax);
  std::vector<Method> methods;
  std::size_t frames = 0;
  for (ByteView rest(out); !rest.empty(); ++frames) {
    const FrameParse parsed = parse_frame(rest, kFrameMax);
    ASSERT_EQ(parsed.status, FrameStatus::complete);
    bytes::Reader in(parsed.frame.payload);
    if (parsed.frame.type == FrameType::method) methods.push_back(read_method(in));
    rest = rest.subspan(parsed.frame.size);
  }
  EXPECT_EQ(methods, (std::vector{Method::basic_get_ok, Method::basic_return, Method::basic_publish}));
  EXPECT_EQ(frames, 9U);
}

}  // namespace
}  // namespace millrace::wire::amqp091
