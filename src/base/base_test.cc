#include <gtest/gtest.h>

#include <unordered_set>

#include "base/assert.h"
#include "base/log.h"
#include "base/prng.h"
#include "base/result.h"
#include "base/strong_id.h"
#include "base/units.h"

namespace millrace::base {
namespace {

enum class Errc { broken };
using Id = StrongId<struct IdTag, std::uint64_t>;

Result<int, ErrorOf<Errc>> half(int n) {
  if (n % 2 != 0) return fail(Errc::broken, "odd");
  return n / 2;
}

TEST(Result, CarriesValueOrError) {
  EXPECT_EQ(half(4).value(), 2);
  const auto bad = half(3);
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().code, Errc::broken);
  EXPECT_EQ(bad.error().detail, "odd");
}

TEST(StrongId, OrdersAndHashes) {
  EXPECT_LT(Id(1), Id(2));
  std::unordered_set<Id> ids{Id(1), Id(2), Id(1)};
  EXPECT_EQ(ids.size(), 2U);
}

TEST(Units, Add) {
  EXPECT_EQ((kib(1) + Bytes(1)).value, 1025U);
}

TEST(Prng, IsDeterministicAndBounded) {
  Prng a(7);
  Prng b(7);
  for (int i = 0; i < 1000; ++i) {
    const auto x = a.below(10);
    EXPECT_EQ(x, b.below(10));
    EXPECT_LT(x, 10U);
  }
}

TEST(AssertDeathTest, StopsWithContext) {
  EXPECT_DEATH(MILLRACE_ASSERT(1 == 2, "value {}", 42), "assertion failed: 1 == 2: value 42");
}

TEST(Log, WhatAClientChoseCannotBeginALine) {
  EXPECT_EQ(base::log::printable("user 'a\n2026-01-01 error   forged'"), "user 'a\\x0a2026-01-01 error   forged'");
  EXPECT_EQ(base::log::printable("\x1b[31m\x7f gr\xc3\xbc\xc3\x9f"), "\\x1b[31m\\x7f gr\xc3\xbc\xc3\x9f");
}

}  // namespace
}  // namespace millrace::base
