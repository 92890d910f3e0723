#include <gtest/gtest.h>

#include "amqp_load/confirm_window.h"
#include "amqp_load/histogram.h"

namespace millrace::bench {
namespace {

TEST(Histogram, QuantilesAreCloseAndNeverTooSmall) {
  Histogram histogram;
  for (std::uint64_t i = 1; i <= 100000; ++i) histogram.add(i * 1000);
  EXPECT_EQ(100000U, histogram.count());
  EXPECT_EQ(100000000U, histogram.max());
  for (const double fraction : {0.5, 0.99, 0.999}) {
    const double exact = fraction * 100000000;
    EXPECT_GE(static_cast<double>(histogram.quantile(fraction)), exact);
    EXPECT_LE(static_cast<double>(histogram.quantile(fraction)), exact * 1.04);
  }
}

TEST(Histogram, SmallAndHugeValues) {
  Histogram histogram;
  histogram.add(0);
  EXPECT_EQ(0U, histogram.quantile(0.5));
  histogram.add(std::uint64_t{1} << 50);
  EXPECT_EQ(0U, histogram.quantile(0.0));
  EXPECT_GT(histogram.quantile(0.999), std::uint64_t{1} << 39);
}

TEST(ConfirmWindow, RoomFollowsSingleAndMultipleConfirms) {
  ConfirmWindow window(10);
  for (std::uint64_t i = 0; i < 10; ++i) window.sent(i);
  EXPECT_EQ(0U, window.room());
  std::uint64_t sum = 0;
  std::uint64_t count = 0;
  const auto each = [&](std::uint64_t at) {
    sum += at;
    ++count;
  };
  window.settle(10, false, each);
  window.settle(10, false, each);
  EXPECT_EQ(1U, window.room());
  window.settle(3, true, each);
  EXPECT_EQ(4U, window.room());
  EXPECT_EQ(9U + 0 + 1 + 2, sum);
  window.settle(99, true, each);
  EXPECT_EQ(4U, count);
  window.settle(10, true, each);
  EXPECT_EQ(10U, window.room());
  EXPECT_EQ(0U, window.outstanding());
}

TEST(ConfirmWindow, AStragglerHoldsBackOnlyAtTheEndOfTheRing) {
  ConfirmWindow window(512);
  window.sent(1);
  for (int i = 0; i < 1023; ++i) {
    ASSERT_GT(window.room(), 0U);
    window.sent(2);
    window.settle(static_cast<std::uint64_t>(i) + 2, false, [](std::uint64_t) {});
  }
  EXPECT_EQ(1U, window.outstanding());
  EXPECT_EQ(0U, window.room());
  window.settle(1, false, [](std::uint64_t) {});
  EXPECT_EQ(512U, window.room());
}

}  // namespace
}  // namespace millrace::bench
