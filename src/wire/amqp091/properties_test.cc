#include "wire/amqp091/properties.h"

#include "wire/amqp091/field_table.h"
#include "wire/amqp091/frame.h"
#include "wire/amqp091/frame_writer.h"
#include "wire/amqp091/wire_test_support.h"

namespace millrace::wire::amqp091 {
namespace {

using bytes::ByteVector;
using bytes::ByteView;

constexpr std::uint32_t kHeaderFrameMax = 131072;

ByteVector encoded(const BasicProperties& properties) {
  ByteVector out;
  bytes::Writer writer(out);
  properties.encode(writer);
  return out;
}

TEST(Properties, ReadsPikasHeaderWithEverything) {
  const ByteVector bytes = sample("pika_header_all");
  const FrameParse parsed = parse_frame(bytes, kHeaderFrameMax);
  ASSERT_EQ(parsed.status, FrameStatus::complete);
  EXPECT_EQ(parsed.frame.type, FrameType::header);
  const auto header = ContentHeader::decode(parsed.frame.payload).value();
  EXPECT_EQ(header.class_id, 60);
  EXPECT_EQ(header.body_size, 5U);
  const auto p = BasicProperties::decode(header.property_block).value();
  EXPECT_EQ(p.content_type, "application/json");
  EXPECT_EQ(p.content_encoding, "gzip");
  EXPECT_EQ(p.headers->find("key")->as_text(), "value");
  EXPECT_EQ(p.delivery_mode, kDeliveryModePersistent);
  EXPECT_TRUE(p.persistent());
  EXPECT_EQ(p.priority, 9);
  EXPECT_EQ(p.correlation_id, "correlation");
  EXPECT_EQ(p.reply_to, "reply");
  EXPECT_EQ(p.expiration, "60000");
  EXPECT_EQ(p.message_id, "message");
  EXPECT_EQ(p.timestamp, 1767323045U);
  EXPECT_EQ(p.type, "type");
  EXPECT_EQ(p.user_id, "user");
  EXPECT_EQ(p.app_id, "app");
  EXPECT_EQ(p.cluster_id, "cluster");

  EXPECT_EQ(to_hex(encoded(p)), to_hex(header.property_block));
  ByteVector frame;
  append_header(frame, parsed.frame.channel, header.body_size, header.property_block);
  EXPECT_EQ(to_hex(frame), to_hex(bytes));
}

TEST(Properties, ReadsPikasSmallHeaders) {
  const ByteVector none = sample("pika_header_none");
  const auto empty = ContentHeader::decode(parse_frame(none, kHeaderFrameMax).frame.payload).value();
  EXPECT_EQ(BasicProperties::decode(empty.property_block).value(), BasicProperties{});
  EXPECT_TRUE(bytes::equal(empty.property_block, kEmptyPropertyBlock));
  const ByteVector persistent = sample("pika_header_persistent");
  const auto header = ContentHeader::decode(parse_frame(persistent, kHeaderFrameMax).frame.payload).value();
  EXPECT_EQ(header.body_size, 16U);
  EXPECT_EQ(BasicProperties::decode(header.property_block).value(), BasicProperties{.delivery_mode = 2});
}

TEST(Properties, ReadsPyAmqpsBlock) {
  const ByteVector block = sample("pyamqp_properties");
  const auto p = BasicProperties::decode(block).value();
  EXPECT_EQ(p.content_type, "text/plain");
  EXPECT_EQ(p.headers->find("n")->as_int(), 1);
  EXPECT_EQ(p.priority, 4);
  EXPECT_EQ(p.expiration, "10");
  EXPECT_EQ(p.app_id, "a");
  EXPECT_FALSE(p.timestamp.has_value());
  EXPECT_EQ(to_hex(encoded(p)), to_hex(block));
}

TEST(Properties, RoundTripsEveryCombination) {
  const ByteVector table = FieldTable{{"h", 1}}.content();
  for (unsigned bits = 0; bits < (1U << 14); ++bits) {
    BasicProperties p;
    const auto on = [bits](unsigned i) { return (bits >> i & 1) != 0; };
    if (on(0)) p.content_type = "a";
    if (on(1)) p.content_encoding = "";
    if (on(2)) p.headers = FieldTableView::trusted(table);
    if (on(3)) p.delivery_mode = std::uint8_t{1};
    if (on(4)) p.priority = std::uint8_t{255};
    if (on(5)) p.correlation_id = "c";
    if (on(6)) p.reply_to = "r";
    if (on(7)) p.expiration = "1";
    if (on(8)) p.message_id = "m";
    if (on(9)) p.timestamp = std::uint64_t{1} << 63;
    if (on(10)) p.type = "t";
    if (on(11)) p.user_id = "u";
    if (on(12)) p.app_id = "app";
    if (on(13)) p.cluster_id = "cl";
    const ByteVector block = encoded(p);
    const auto again = BasicProperties::decode(block);
    ASSERT_TRUE(again.has_value()) << bits;
    ASSERT_EQ(*again, p) << bits;
  }
}

TEST(Properties, OneMoreHeaderEntry) {
  const ByteVector table = FieldTable{{"n", std::int64_t{1}}, {"h", "x"}}.content();
  BasicProperties full;
  full.content_type = "text/plain";
  full.content_encoding = "gzip";
  full.headers = FieldTableView::trusted(table);
  full.priority = std::uint8_t{3};
  full.app_id = "app";
  BasicProperties bare;
  bare.content_encoding = "gzip";
  bare.correlation_id = "c";
  for (const BasicProperties& p : {full, bare, BasicProperties{}}) {
    for (const std::string_view name : {"n", "added"}) {
      ByteVector out;
      append_with_header_entry(out, encoded(p), name, -5);
      const auto changed = BasicProperties::decode(out);
      ASSERT_TRUE(changed.has_value());
      EXPECT_EQ(changed->headers->find(name)->as_int(), -5);
      const bool replaced = p.headers.has_value() && name == "n";
      EXPECT_EQ(changed->headers->count(), (p.headers.has_value() ? 2U : 0U) + (replaced ? 0U : 1U));
      if (p.headers.has_value()) {
        EXPECT_EQ(changed->headers->find("h")->as_text(), "x");
      }
      BasicProperties without = *changed;
      without.headers = p.headers;
      EXPECT_EQ(without, p);
    }
  }
}

TEST(Properties, RefusesEveryCutAndEveryAddition) {
  ByteVector block = sample("pyamqp_properties");
  for (std::size_t size = 0; size < block.size(); ++size) {
    EXPECT_FALSE(BasicProperties::decode(ByteView(block).first(size)).has_value()) << size;
  }
  block.push_back(0);
  const auto longer = BasicProperties::decode(block);
  ASSERT_FALSE(longer.has_value());
  EXPECT_EQ(longer.error().code, WireErrc::trailing_bytes);
}

TEST(Properties, RefusesFlagsThatClassBasicDoesNotHave) {
  for (std::uint8_t low = 1; low <= 3; ++low) {
    const ByteVector block{0, low, 0, 0};
    const auto result = BasicProperties::decode(block);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, WireErrc::bad_property_flags);
  }
}

TEST(Properties, ABadHeaderTableIsTold) {
  const ByteVector block{0x20, 0, 0, 0, 0, 3, 1, 'k', '?'};
  const auto result = BasicProperties::decode(block);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, WireErrc::bad_field_table);
}

TEST(ContentHeader, RefusesCutsAndAWeight) {
  ByteVector payload{0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0};
  EXPECT_EQ(ContentHeader::decode(payload).value().body_size, 5U);
  for (std::size_t size = 0; size < payload.size(); ++size) {
    EXPECT_EQ(ContentHeader::decode(ByteView(payload).first(size)).error().code, WireErrc::truncated) << size;
  }
  payload[3] = 1;
  EXPECT_EQ(ContentHeader::decode(payload).error().code, WireErrc::bad_content_header);
}

}  // namespace
}  // namespace millrace::wire::amqp091
