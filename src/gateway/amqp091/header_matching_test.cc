#include "gateway/amqp091/header_matching.h"

#include <gtest/gtest.h>

#include "wire/amqp091/field_table.h"

namespace millrace::gateway::amqp091 {
namespace {

bytes::ByteVector comparable(const wire::FieldValue& value) {
  const bytes::ByteVector table = wire::FieldTable{{"v", value}}.content();
  bytes::ByteVector out;
  append_comparable(out, *wire::FieldTableView::trusted(table).find("v"));
  return out;
}

std::expected<model::HeaderMatch, Failure> parsed(const wire::FieldTable& table) {
  const bytes::ByteVector content = table.content();
  return parse_header_match(wire::FieldTableView::trusted(content));
}

TEST(HeaderMatching, NumbersAreEqualByValueAndTextsByBytes) {
  EXPECT_EQ(comparable(std::int32_t{1}), comparable(std::int64_t{1}));
  EXPECT_EQ(comparable(std::uint8_t{1}), comparable(1.0));
  EXPECT_EQ(comparable(1.5F), comparable(1.5));
  EXPECT_NE(comparable(1.5), comparable(std::int32_t{1}));
  EXPECT_EQ(comparable(wire::FieldTimestamp{77}), comparable(std::int32_t{77}));
  EXPECT_EQ(comparable("text"), comparable(wire::FieldBytes{{'t', 'e', 'x', 't'}}));
  EXPECT_NE(comparable("1"), comparable(std::int32_t{1}));
  EXPECT_NE(comparable(true), comparable(std::int32_t{1}));
  EXPECT_NE(comparable(true), comparable(false));
  EXPECT_NE(comparable(wire::FieldNothing{}), comparable(""));
  EXPECT_EQ(comparable(-0.0), comparable(std::int32_t{0}));
  EXPECT_EQ(comparable(wire::Decimal{1, 15}), comparable(wire::Decimal{1, 15}));
  EXPECT_NE(comparable(wire::Decimal{1, 15}), comparable(wire::Decimal{2, 150}));
}

TEST(HeaderMatching, WhatIsNestedIsEqualByTypeAndValue) {
  const wire::FieldTable inner{{"a", std::int32_t{1}}};
  EXPECT_EQ(comparable(inner), comparable(wire::FieldTable{{"a", std::int32_t{1}}}));
  EXPECT_NE(comparable(inner), comparable(wire::FieldTable{{"a", std::int64_t{1}}}));
  EXPECT_NE(comparable(inner), comparable(wire::FieldTable{{"b", std::int32_t{1}}}));
  EXPECT_EQ(comparable(wire::FieldArray{"x", true}), comparable(wire::FieldArray{"x", true}));
  EXPECT_NE(comparable(wire::FieldArray{"x", true}), comparable(wire::FieldArray{true, "x"}));
}

TEST(HeaderMatching, TheKindOfMatchDecidesWhichArgumentsCount) {
  const wire::FieldTable plain{{"format", "pdf"}, {"x-hidden", true}, {"any", wire::FieldNothing{}}};
  auto match = parsed(plain);
  ASSERT_TRUE(match.has_value());
  EXPECT_FALSE(match->any);
  ASSERT_EQ(match->terms.size(), 2U);
  EXPECT_EQ(match->terms[0].name, "format");
  EXPECT_EQ(match->terms[0].value, comparable("pdf"));
  EXPECT_TRUE(match->terms[1].present);
  for (const auto& [kind, any, terms] :
       {std::tuple("all", false, 2U), {"any", true, 2U}, {"all-with-x", false, 3U}, {"any-with-x", true, 3U}}) {
    wire::FieldTable table = plain;
    table.add("x-match", kind);
    match = parsed(table);
    ASSERT_TRUE(match.has_value()) << kind;
    EXPECT_EQ(match->any, any) << kind;
    EXPECT_EQ(match->terms.size(), terms) << kind;
  }
}

TEST(HeaderMatching, OtherKindsAreRefused) {
  auto match = parsed({{"x-match", "some"}});
  ASSERT_FALSE(match.has_value());
  EXPECT_EQ(match.error().reply_text(),
            "PRECONDITION_FAILED - Invalid x-match field value <<\"some\">>; expected all, any, all-with-x, or "
            "any-with-x");
  match = parsed({{"x-match", std::int32_t{5}}});
  ASSERT_FALSE(match.has_value());
  EXPECT_EQ(match.error().reply_text(),
            "PRECONDITION_FAILED - Invalid x-match field type signedint (value 5); expected longstr");
}

TEST(HeaderMatching, ArgumentsAreSortedByName) {
  const bytes::ByteVector given = wire::FieldTable{{"b", std::int32_t{1}}, {"a", "x"}, {"c", true}}.content();
  const bytes::ByteVector sorted = wire::FieldTable{{"a", "x"}, {"b", std::int32_t{1}}, {"c", true}}.content();
  EXPECT_EQ(sorted_arguments(wire::FieldTableView::trusted(given)), sorted);
  EXPECT_EQ(sorted_arguments({}), bytes::ByteVector{});
}

}  // namespace
}  // namespace millrace::gateway::amqp091
