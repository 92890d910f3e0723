#include <gtest/gtest.h>

#include "base/prng.h"
#include "gateway/amqp091/dead_letter_rewriter.h"
#include "gateway/amqp091/delivery_tags.h"
#include "gateway/amqp091/foreign.h"
#include "gateway/amqp091/more_keys.h"
#include "gateway/amqp091/native_block.h"
#include "gateway/amqp091/native_codec.h"
#include "model/batch_builder.h"

namespace millrace::gateway::amqp091 {
namespace {

namespace wire = ::millrace::wire::amqp091;

bytes::ByteVector encode(const wire::BasicProperties& properties) {
  bytes::ByteVector block;
  bytes::Writer writer(block);
  properties.encode(writer);
  return block;
}

bytes::ByteVector native(std::string_view exchange, std::string_view key, const wire::BasicProperties& properties) {
  const bytes::ByteVector block = encode(properties);
  bytes::ByteVector out;
  NativeBlock{exchange, key, block}.append_to(out);
  return out;
}

TEST(NativeBlock, KeepsItsPartsAndRefusesDamage) {
  const bytes::ByteVector block = native("x", "key", {.content_type = "a/b"});
  const auto parsed = NativeBlock::parse(block);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->exchange, "x");
  EXPECT_EQ(parsed->routing_key, "key");
  EXPECT_EQ(wire::BasicProperties::decode(parsed->properties)->content_type, "a/b");
  for (std::size_t size = 0; size < 8; ++size) {
    EXPECT_FALSE(NativeBlock::parse(bytes::ByteView(block).first(size)).has_value()) << size;
  }
}

TEST(NativeCodec, TranslatesPropertiesAndHeaders) {
  const bytes::ByteVector headers =
      wire::FieldTable{{"text", "t"},
                       {"number", std::int8_t{-5}},
                       {"flag", true},
                       {"bytes", wire::FieldBytes{{0, 255}}},
                       {"time", wire::FieldTimestamp{2}},
                       {"price", wire::Decimal{2, 314}},
                       {"nothing", wire::FieldNothing{}},
                       {"list", wire::FieldArray{wire::FieldValue("a"), wire::FieldValue(1.5)}},
                       {"table", wire::FieldTable{{"inner", std::int64_t{7}}}}}
          .content();
  wire::BasicProperties properties;
  properties.content_type = "text/plain";
  properties.headers = wire::FieldTableView::trusted(headers);
  properties.delivery_mode = 1;
  properties.priority = 9;
  properties.correlation_id = "c";
  properties.reply_to = "r";
  properties.expiration = "1500";
  properties.message_id = "m";
  properties.timestamp = 12;
  properties.type = "ty";
  properties.user_id = "u";
  properties.app_id = "a";
  const model::Properties got = NativeCodec().to_properties(native("x", "k", properties));
  EXPECT_EQ(got.exchange, "x");
  EXPECT_EQ(got.routing_key, "k");
  EXPECT_EQ(got.content_type, "text/plain");
  EXPECT_EQ(got.correlation_id, "c");
  EXPECT_EQ(got.reply_to, "r");
  EXPECT_EQ(got.message_id, "m");
  EXPECT_EQ(got.type, "ty");
  EXPECT_EQ(got.user_id, "u");
  EXPECT_EQ(got.app_id, "a");
  EXPECT_EQ(got.priority, 9);
  EXPECT_FALSE(got.persistent);
  EXPECT_EQ(got.time_to_live, base::Millis(1500));
  EXPECT_EQ(got.timestamp, base::Timestamp(12'000));
  ASSERT_EQ(got.headers.size(), 9U);
  EXPECT_EQ(std::get<std::string>(got.headers[0].value.data), "t");
  EXPECT_EQ(std::get<std::int64_t>(got.headers[1].value.data), -5);
  EXPECT_TRUE(std::get<bool>(got.headers[2].value.data));
  EXPECT_EQ(std::get<bytes::ByteVector>(got.headers[3].value.data), (bytes::ByteVector{0, 255}));
  EXPECT_EQ(std::get<base::Timestamp>(got.headers[4].value.data), base::Timestamp(2000));
  EXPECT_DOUBLE_EQ(std::get<double>(got.headers[5].value.data), 3.14);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(got.headers[6].value.data));
  EXPECT_DOUBLE_EQ(std::get<double>(std::get<model::ValueList>(got.headers[7].value.data)[1].data), 1.5);
  EXPECT_EQ(std::get<model::ValueTable>(got.headers[8].value.data)[0].name, "inner");
  // And back: the same values, in the widths this protocol writes.
  EXPECT_EQ(to_field_table(got.headers).size(), 9U);
  EXPECT_EQ(to_field(got.headers[1].value).as_int(), -5);
  EXPECT_TRUE(NativeCodec().to_properties(bytes::as_bytes("\xff")).exchange.empty());
}

TEST(NativeCodec, ExpirationsAreWholeMilliseconds) {
  EXPECT_EQ(parse_expiration("0"), base::Millis(0));
  EXPECT_EQ(parse_expiration("60000"), base::Millis(60000));
  EXPECT_EQ(parse_expiration("+5"), base::Millis(5));
  EXPECT_EQ(parse_expiration("315360000000"), kMaxExpiry);
  const std::pair<std::string_view, std::string_view> refused[] = {
      {"", "no_integer"},
      {"soon", "no_integer"},
      {" 1", "no_integer"},
      {"-", "no_integer"},
      {"1.5", "{leftover_string,\".5\"}"},
      {"1s", "{leftover_string,\"s\"}"},
      {"-1", "{value_negative,-1}"},
      {"315360000001", "{value_too_large,315360000001}"},
      {"99999999999999999999999", "{value_too_large,99999999999999999999999}"}};
  for (const auto& [text, why] : refused) {
    const auto parsed = parse_expiration(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error(), why);
  }
}

struct Rewritten {
  NativeBlock block;
  wire::FieldTable headers;
  wire::BasicProperties properties;
};

Rewritten parse(const bytes::ByteVector& native) {
  Rewritten result;
  result.block = *NativeBlock::parse(native);
  result.properties = *wire::BasicProperties::decode(result.block.properties);
  result.headers = wire::FieldTable::decode(*result.properties.headers);
  return result;
}

const wire::FieldTable& death(const wire::FieldTable& headers, std::size_t index) {
  return *(*headers.find("x-death")->get_if<wire::FieldArray>())[index].get_if<wire::FieldTable>();
}

TEST(DeadLetterRewriter, WritesTheFirstDeath) {
  const DeadLetterRewriter rewriter;
  wire::BasicProperties properties;
  properties.message_id = "m";
  properties.expiration = "50";
  const bytes::ByteVector before = native("x", "key", properties);
  const bytes::ByteVector after =
      rewriter.rewrite(before, {"work", broker::DeathReason::expired, base::Timestamp(90'500), "dlx", "dead"});
  const Rewritten got = parse(after);
  EXPECT_EQ(got.block.exchange, "dlx");
  EXPECT_EQ(got.block.routing_key, "dead");
  EXPECT_EQ(got.properties.message_id, "m");
  EXPECT_FALSE(got.properties.expiration.has_value());
  const wire::FieldTable expected{{"count", std::int64_t{1}},
                                  {"reason", "expired"},
                                  {"queue", "work"},
                                  {"time", wire::FieldTimestamp{90}},
                                  {"exchange", "x"},
                                  {"routing-keys", wire::FieldArray{wire::FieldValue("key")}},
                                  {"original-expiration", "50"}};
  EXPECT_EQ(death(got.headers, 0), expected);
  EXPECT_EQ(*got.headers.find("x-first-death-exchange")->get_if<std::string>(), "x");
  EXPECT_EQ(*got.headers.find("x-first-death-queue")->get_if<std::string>(), "work");
  EXPECT_EQ(*got.headers.find("x-first-death-reason")->get_if<std::string>(), "expired");
  EXPECT_EQ(*got.headers.find("x-last-death-queue")->get_if<std::string>(), "work");
  EXPECT_EQ(rewriter.routing_key(after), "dead");
}

TEST(DeadLetterRewriter, CountsDeathsOfTheSameKindAndPutsThemFirst) {
  const DeadLetterRewriter rewriter;
  using broker::DeathReason;
  bytes::ByteVector block = native("", "work", {});
  block = rewriter.rewrite(block, {"work", DeathReason::rejected, base::Timestamp(1000), "", "retry"});
  block = rewriter.rewrite(block, {"retry", DeathReason::expired, base::Timestamp(2000), "", "work"});
  block = rewriter.rewrite(block, {"work", DeathReason::rejected, base::Timestamp(3000), "", "retry"});
  const Rewritten got = parse(block);
  EXPECT_EQ(death(got.headers, 0).find("count")->as_int(), 2);
  EXPECT_EQ(*death(got.headers, 0).find("queue")->get_if<std::string>(), "work");
  EXPECT_EQ(death(got.headers, 0).find("time")->get_if<wire::FieldTimestamp>()->seconds, 1U);
  EXPECT_EQ(*death(got.headers, 1).find("queue")->get_if<std::string>(), "retry");
  EXPECT_EQ(*got.headers.find("x-first-death-queue")->get_if<std::string>(), "work");
  const auto deaths = rewriter.deaths(block);
  ASSERT_EQ(deaths.size(), 2U);
  EXPECT_EQ(deaths[0].queue, "work");
  EXPECT_EQ(deaths[0].reason, DeathReason::rejected);
  EXPECT_EQ(deaths[1].reason, DeathReason::expired);
}

TEST(DeadLetterRewriter, NamesTheCopiesAndDropsThemWithAKeyOfTheQueue) {
  const DeadLetterRewriter rewriter;
  const wire::FieldTable table{{"CC", wire::FieldArray{"one", std::int32_t{2}, "three"}}};
  const bytes::ByteVector headers = table.content();
  wire::BasicProperties properties;
  properties.headers = wire::FieldTableView::trusted(headers);
  const bytes::ByteVector block = native("x", "k", properties);
  bytes::ByteVector hidden;
  const bytes::ByteVector blind = wire::FieldTable{{"BCC", wire::FieldArray{"four"}}}.content();
  write_hidden(hidden, wire::FieldTableView::trusted(blind));
  EXPECT_EQ(rewriter.extra_routing_keys(block, hidden), (std::vector<std::string>{"one", "three", "four"}));

  broker::DeathInfo info{"q", broker::DeathReason::rejected, base::Timestamp(0), "d", "k", true};
  Rewritten got = parse(rewriter.rewrite(block, info));
  EXPECT_EQ(*death(got.headers, 0).find("routing-keys")->get_if<wire::FieldArray>(),
            (wire::FieldArray{"k", "one", "three"}));
  EXPECT_NE(got.headers.find("CC"), nullptr);
  info.own_keys = false;
  got = parse(rewriter.rewrite(block, info));
  EXPECT_EQ(death(got.headers, 0).find("routing-keys")->get_if<wire::FieldArray>()->size(), 3U);
  EXPECT_EQ(got.headers.find("CC"), nullptr);
}

TEST(DeadLetterRewriter, SurvivesHeadersOfAnyKind) {
  const DeadLetterRewriter rewriter;
  const bytes::ByteVector headers = wire::FieldTable{{"x-death", "not an array"}, {"mine", std::int32_t{1}}}.content();
  wire::BasicProperties properties;
  properties.headers = wire::FieldTableView::trusted(headers);
  const bytes::ByteVector block = native("x", "k", properties);
  EXPECT_TRUE(rewriter.deaths(block).empty());
  const Rewritten got =
      parse(rewriter.rewrite(block, {"q", broker::DeathReason::max_length, base::Timestamp(0), "d", "k"}));
  EXPECT_EQ(*death(got.headers, 0).find("reason")->get_if<std::string>(), "maxlen");
  EXPECT_EQ(got.headers.find("mine")->as_int(), 1);
}

TEST(Presenter, ShowsRecordsOfOtherProtocols) {
  const model::NativeCodecs codecs;
  Presenter presenter(codecs);
  bytes::ByteVector headers;
  model::append_header(headers, bytes::as_bytes("trace"), true, bytes::as_bytes("abc"));
  model::append_header(headers, bytes::as_bytes("raw"), true, bytes::ByteVector{0xff, 0x00});
  model::append_header(headers, bytes::as_bytes("null"), false, {});
  broker::Delivery delivery;
  delivery.timestamp = base::Timestamp(5500);
  delivery.record.has_key = true;
  delivery.record.key = bytes::as_bytes("customer-7");
  delivery.record.value = bytes::as_bytes("value");
  delivery.record.headers = headers;
  delivery.record.header_count = 3;
  const OutgoingMessage shown = presenter.present(delivery, "orders");
  EXPECT_EQ(shown.exchange, "");
  EXPECT_EQ(shown.routing_key, "orders");
  EXPECT_EQ(bytes::as_text(shown.body), "value");
  const auto properties = wire::BasicProperties::decode(shown.properties);
  ASSERT_TRUE(properties.has_value());
  EXPECT_EQ(properties->timestamp, 5U);
  EXPECT_TRUE(properties->persistent());
  EXPECT_EQ(properties->headers->find("trace")->as_text(), "abc");
  EXPECT_EQ(properties->headers->find("raw")->as_byte_array()->size(), 2U);
  EXPECT_TRUE(properties->headers->find("null")->is_nothing());
  EXPECT_EQ(properties->headers->find(kRecordKeyHeader)->as_text(), "customer-7");
}

DeliveryTags::Entry entry(std::uint64_t queue, std::int64_t offset) {
  return {{broker::ObjectId(queue), broker::ShardId(0)}, broker::ConsumerId(1), broker::Offset(offset)};
}

TEST(DeliveryTags, CollapsesRunsPerQueue) {
  DeliveryTags tags;
  for (std::int64_t i = 0; i < 10; ++i) {
    EXPECT_EQ(tags.add(entry(1, i)), static_cast<std::uint64_t>(2 * i + 1));
    EXPECT_EQ(tags.add(entry(2, 100 + i)), static_cast<std::uint64_t>(2 * i + 2));
  }
  std::vector<DeliveryTags::Range> ranges;
  ASSERT_TRUE(tags.take_through(10, ranges));
  ASSERT_EQ(ranges.size(), 2U);
  EXPECT_EQ(ranges[0].first, broker::Offset(0));
  EXPECT_EQ(ranges[0].last, broker::Offset(4));
  EXPECT_EQ(ranges[1].last, broker::Offset(104));
  EXPECT_EQ(tags.unsettled(), 10U);
  EXPECT_FALSE(tags.take(10, ranges));
  EXPECT_FALSE(tags.take_through(10, ranges));
  EXPECT_FALSE(tags.take(0, ranges));
  EXPECT_FALSE(tags.take(21, ranges));
}

TEST(DeliveryTags, AgreesWithAPlainMap) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    base::Prng random(seed);
    DeliveryTags tags;
    std::map<std::uint64_t, std::int64_t> model;
    std::uint64_t last = 0;
    std::vector<DeliveryTags::Range> ranges;
    const auto count = [&ranges] {
      std::size_t total = 0;
      for (const auto& range : ranges) total += static_cast<std::size_t>(range.last.value - range.first.value + 1);
      ranges.clear();
      return total;
    };
    for (std::int64_t step = 0; step < 30'000; ++step) {
      const std::uint64_t what = random.below(100);
      if (what < 50) {
        last = tags.add(entry(1, step));
        model[last] = step;
      } else if (what < 55) {
        last = tags.skip();
      } else if (what < 99 || seed % 2 == 0) {
        // The oldest ones stay, as with a client that forgot them.
        const std::uint64_t tag = last == 0 ? 0 : random.between(last > 20 ? last - 20 : 1, last);
        EXPECT_EQ(tags.take(tag, ranges), model.erase(tag) == 1);
        count();
      } else if (random.chance(1, 50) && last > 0) {
        const std::uint64_t tag = random.between(1, last);
        const bool known = model.contains(tag);
        EXPECT_EQ(tags.take_through(tag, ranges), known);
        std::size_t expected = 0;
        if (known) {
          const auto end = model.upper_bound(tag);
          expected = static_cast<std::size_t>(std::distance(model.begin(), end));
          model.erase(model.begin(), end);
        }
        EXPECT_EQ(count(), expected);
      }
      ASSERT_EQ(tags.unsettled(), model.size());
    }
    tags.take_all(ranges);
    EXPECT_EQ(count(), model.size());
    EXPECT_EQ(tags.unsettled(), 0U);
    EXPECT_EQ(tags.add(entry(1, 0)), last + 1);
  }
}

}  // namespace
}  // namespace millrace::gateway::amqp091
