#include "wire/amqp091/field_table.h"

#include <limits>

#include "base/prng.h"
#include "wire/amqp091/arguments.h"
#include "wire/amqp091/wire_test_support.h"

namespace millrace::wire::amqp091 {
namespace {

using bytes::ByteVector;
using bytes::ByteView;
using bytes::Reader;
using bytes::Writer;

ByteView without_length(const ByteVector& table) {
  return ByteView(table).subspan(4);
}

TEST(FieldTable, ReadsAndWritesPikasTable) {
  const ByteVector bytes = sample("pika_table");
  const auto view = FieldTableView::parse(without_length(bytes)).value();
  EXPECT_EQ(view.count(), 10U);
  EXPECT_EQ(view.find("bool")->as_bool(), true);
  EXPECT_EQ(view.find("int")->as_int(), -5);
  EXPECT_EQ(view.find("long")->as_int(), 1LL << 40);
  EXPECT_EQ(view.find("decimal")->as_decimal(), (Decimal{2, 314}));
  EXPECT_TRUE(bytes::equal(view.find("bytes")->as_byte_array().value(), ByteVector{0, 0xFF}));
  EXPECT_EQ(view.find("text")->as_text(), "gr\xC3\xBCn");
  EXPECT_EQ(view.find("time")->as_timestamp(), 1767323045U);
  EXPECT_TRUE(view.find("nothing")->is_nothing());
  EXPECT_FALSE(view.find("absent").has_value());
  const auto array = view.find("array")->as_array().value();
  std::vector<FieldRef> elements;
  for (const FieldRef& element : array) elements.push_back(element);
  ASSERT_EQ(elements.size(), 3U);
  EXPECT_EQ(elements[0].as_int(), 1);
  EXPECT_EQ(elements[1].as_text(), "two");
  EXPECT_EQ((*elements[2].as_array()->begin()).as_int(), 3);
  EXPECT_EQ(view.find("table")->as_table()->find("inner")->as_table()->find("deep")->as_bool(), false);

  ByteVector again;
  Writer writer(again);
  FieldTable::decode(view).encode(writer);
  EXPECT_EQ(to_hex(again), to_hex(bytes));
}

TEST(FieldTable, ReadsPyAmqpsTable) {
  ByteVector bytes = sample("pyamqp_table");
  const auto view = FieldTableView::parse(without_length(bytes)).value();
  EXPECT_EQ(view.find("bool")->as_bool(), false);
  EXPECT_EQ(view.find("int")->as_int(), 7);
  EXPECT_EQ(view.find("long")->tag, FieldTag::int64_alias);
  EXPECT_EQ(view.find("long")->as_int(), -(1LL << 40));
  EXPECT_EQ(view.find("float")->as_double(), -0.25);
  EXPECT_EQ(view.find("decimal")->as_decimal(), (Decimal{1, 125}));
  EXPECT_EQ(view.find("text")->as_text(), "text");
  EXPECT_EQ(view.find("time")->as_timestamp(), 1767323045U);
  EXPECT_TRUE(view.find("table")->as_table()->empty());

  // Byte for byte the same, but for the spelling of the 64-bit integer.
  const std::string hex = to_hex(bytes);
  const std::size_t alias = hex.find("6c6f6e674c");
  ASSERT_NE(alias, std::string::npos);
  std::string expected = hex;
  expected.replace(alias, 10, "6c6f6e676c");
  ByteVector again;
  Writer writer(again);
  FieldTable::decode(view).encode(writer);
  EXPECT_EQ(to_hex(again), expected);
}

FieldTable every_type() {
  FieldTable table;
  table.add("t", true)
      .add("b", std::int8_t{-128})
      .add("B", std::uint8_t{255})
      .add("s", std::int16_t{-32768})
      .add("u", std::uint16_t{65535})
      .add("I", std::numeric_limits<std::int32_t>::min())
      .add("i", std::numeric_limits<std::uint32_t>::max())
      .add("l", std::numeric_limits<std::int64_t>::min())
      .add("f", 1.25F)
      .add("d", -1e300)
      .add("D", Decimal{255, 0xFFFFFFFF})
      .add("S", "text")
      .add("x", FieldBytes{{0, 1, 2}})
      .add("A", FieldArray{1, "two", FieldArray{}, FieldTable{{"in", 3}}})
      .add("T", FieldTimestamp{std::numeric_limits<std::uint64_t>::max()})
      .add("F", FieldTable{{"nested", FieldTable{{"deep", FieldNothing{}}}}})
      .add("V", FieldNothing{});
  return table;
}

TEST(FieldTable, RoundTripsEveryTypeUnderItsTag) {
  const FieldTable table = every_type();
  const ByteVector content = table.content();
  const auto view = FieldTableView::parse(content).value();
  EXPECT_EQ(view.count(), table.size());
  for (const FieldEntry& entry : view) {
    // Each entry is named after the octet of its type.
    EXPECT_EQ(entry.name, std::string(1, static_cast<char>(entry.value.tag)));
  }
  const FieldTable again = FieldTable::decode(view);
  EXPECT_EQ(again, table);
  EXPECT_EQ(again.content(), content);
  EXPECT_EQ(view.find("b")->as_int(), -128);
  EXPECT_EQ(view.find("B")->as_int(), 255);
  EXPECT_EQ(view.find("u")->as_int(), 65535);
  EXPECT_EQ(view.find("i")->as_int(), 4294967295LL);
  EXPECT_EQ(view.find("f")->as_double(), 1.25);
  EXPECT_EQ(view.find("d")->as_double(), -1e300);
  EXPECT_EQ(again.find("s")->as_int(), -32768);
  EXPECT_FALSE(again.find("t")->as_int().has_value());
}

TEST(FieldTable, AccessorsAnswerOnlyForTheirType) {
  const ByteVector content = FieldTable{{"S", "1"}, {"I", 1}}.content();
  const auto view = FieldTableView::parse(content).value();
  const FieldRef text = *view.find("S");
  EXPECT_FALSE(text.as_bool() || text.as_int() || text.as_double() || text.as_decimal() || text.as_byte_array());
  EXPECT_FALSE(text.as_timestamp() || text.as_table() || text.as_array() || text.is_nothing());
  EXPECT_FALSE(view.find("I")->as_text());
}

TEST(FieldTable, RefusesEveryCutOfEveryType) {
  const FieldTable table = every_type();
  for (const auto& [name, value] : table.entries()) {
    FieldTable single;
    single.add(name, value);
    const ByteVector content = single.content();
    ASSERT_TRUE(FieldTableView::parse(content).has_value());
    for (std::size_t size = 1; size < content.size(); ++size) {
      const auto result = FieldTableView::parse(ByteView(content).first(size));
      ASSERT_FALSE(result.has_value()) << name << " cut at " << size;
      EXPECT_EQ(result.error().code, WireErrc::bad_field_table);
    }
  }
}

TEST(FieldTable, AcceptsExactlyTheKnownTags) {
  const std::string_view known = "tbBsuIilLfdDSxAFTV";
  for (int octet = 0; octet < 256; ++octet) {
    ByteVector content{1, 'k', static_cast<std::uint8_t>(octet)};
    bool accepted = false;
    for (std::size_t zeros = 0; zeros <= 8 && !accepted; ++zeros) {
      accepted = FieldTableView::parse(content).has_value();
      content.push_back(0);
    }
    EXPECT_EQ(accepted, octet != 0 && known.find(static_cast<char>(octet)) != std::string_view::npos) << octet;
  }
}

TEST(FieldTable, RefusesLengthsBeyondTheInput) {
  for (const char tag : {'S', 'x', 'A', 'F'}) {
    const ByteVector content{1, 'k', static_cast<std::uint8_t>(tag), 0xFF, 0xFF, 0xFF, 0xFF, 0, 0};
    EXPECT_FALSE(FieldTableView::parse(content).has_value()) << tag;
  }
  ByteVector prefixed{0xFF, 0xFF, 0xFF, 0xFF};
  Reader in(prefixed);
  WireError error = kNoTableError;
  EXPECT_TRUE(read_table(in, error).empty());
  EXPECT_FALSE(in.ok());
}

ByteVector nested(unsigned depth, char tag) {
  ByteVector content;
  for (unsigned level = 1; level < depth; ++level) {
    ByteVector outer;
    Writer writer(outer);
    if (tag == 'F' || level + 1 == depth) {
      writer.u8(1);
      writer.text("n");
    }
    writer.u8(static_cast<std::uint8_t>(tag));
    writer.u32(static_cast<std::uint32_t>(content.size()));
    writer.raw(content);
    content = std::move(outer);
  }
  return content;
}

TEST(FieldTable, LimitsNesting) {
  for (const char tag : {'F', 'A'}) {
    const ByteVector deepest = nested(kMaxFieldNesting, tag);
    const auto view = FieldTableView::parse(deepest);
    ASSERT_TRUE(view.has_value()) << tag;
    EXPECT_EQ(FieldTable::decode(*view).content(), deepest);
    const auto refused = FieldTableView::parse(nested(kMaxFieldNesting + 1, tag));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, WireErrc::nesting_too_deep);
    EXPECT_FALSE(FieldTableView::parse(nested(3000, tag)).has_value());
  }
}

TEST(FieldTable, KeepsDuplicatesAndFindsTheFirst) {
  FieldTable table;
  table.add("k", 1).add("other", 2).add("k", 3);
  const ByteVector content = table.content();
  const auto view = FieldTableView::parse(content).value();
  EXPECT_EQ(view.find("k")->as_int(), 1);
  EXPECT_EQ(view.count(), 3U);
  FieldTable again = FieldTable::decode(view);
  EXPECT_EQ(again, table);
  again.set("k", 9);
  EXPECT_EQ(again.find("k")->as_int(), 9);
  EXPECT_EQ(again.size(), 3U);
  EXPECT_TRUE(again.erase("k"));
  EXPECT_FALSE(again.erase("k"));
  EXPECT_EQ(again.size(), 1U);
  again.set("new", "value");
  EXPECT_EQ(*again.find("new")->get_if<std::string>(), "value");
}

TEST(FieldTable, EmptyNamesAndTablesAreFine) {
  const ByteVector content{0, 'V'};
  const auto view = FieldTableView::parse(content).value();
  EXPECT_TRUE(view.contains(""));
  EXPECT_TRUE(FieldTableView::parse({}).value().empty());
  EXPECT_TRUE(FieldTable().empty());
}

TEST(FieldTable, SurvivesRandomBytes) {
  base::Prng prng(3);
  const std::string_view alphabet("tbBsuIilLfdDSxAFTV\0\0\0\1\1\2", 24);
  std::size_t accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    ByteVector content(prng.below(24));
    for (auto& byte : content) byte = static_cast<std::uint8_t>(alphabet[prng.below(alphabet.size())]);
    const auto view = FieldTableView::parse(content);
    if (!view.has_value()) continue;
    ++accepted;
    const ByteVector once = FieldTable::decode(*view).content();
    EXPECT_EQ(once.size(), content.size());
    EXPECT_EQ(FieldTable::decode(FieldTableView::parse(once).value()).content(), once);
  }
  EXPECT_GT(accepted, 100U);
}

}  // namespace
}  // namespace millrace::wire::amqp091
