#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "order_system/summary.h"

namespace order_system {
namespace {

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() {
    char name[] = "/tmp/order-ledger-XXXXXX";
    const int descriptor = mkstemp(name);
    EXPECT_GE(descriptor, 0);
    ::close(descriptor);
    path_ = name;
  }
  ~LedgerTest() override { std::remove(path_.c_str()); }
  void append(const std::string& text) { std::ofstream(path_, std::ios::app) << text; }

  std::string path_;
};

TEST(Order, SurvivesItsLine) {
  const Order order = make_order(123);
  EXPECT_EQ("order-000123", order.id);
  EXPECT_EQ(order, decode(encode(order)));
  EXPECT_EQ(123U, number_of(order.id));
  EXPECT_FALSE(number_of("other-1").has_value());
  EXPECT_FALSE(decode("order-1 sieve 3").has_value());
  EXPECT_FALSE(decode("order-1 sieve 3 x").has_value());
  EXPECT_FALSE(decode("").has_value());
}

TEST_F(LedgerTest, RecognisesRepetitionsAlsoAfterRestart) {
  {
    Ledger ledger(path_);
    EXPECT_TRUE(ledger.record(make_order(1)));
    EXPECT_TRUE(ledger.record(make_order(2)));
    EXPECT_FALSE(ledger.record(make_order(1)));
    ledger.sync();
  }
  Ledger ledger(path_);
  EXPECT_EQ(2U, ledger.orders().size());
  EXPECT_EQ(1U, ledger.repetitions());
  EXPECT_FALSE(ledger.record(make_order(2)));
  EXPECT_EQ(0U, ledger.done_twice());
}

TEST_F(LedgerTest, ACutLineIsDropped) {
  append("done " + encode(make_order(1)) + "\ndone order-0000");
  {
    Ledger ledger(path_);
    EXPECT_EQ(1U, ledger.orders().size());
    EXPECT_TRUE(ledger.record(make_order(2)));
  }
  const Ledger ledger(path_);
  EXPECT_EQ(2U, ledger.orders().size());
  EXPECT_EQ(0U, ledger.bad_lines());
}

TEST_F(LedgerTest, VerdictSeesMissingDoubledAndForeignOrders) {
  Order changed = make_order(2);
  changed.cents += 1;
  append("done " + encode(make_order(0)) + "\ndone " + encode(make_order(0)) + "\ndone " + encode(changed) + "\ndone " +
         encode(make_order(77)) + "\nrubbish\n");
  const Verdict verdict = judge(Ledger(path_), 3);
  EXPECT_EQ(1U, verdict.exactly_once);
  EXPECT_EQ(1U, verdict.missing);
  EXPECT_EQ(1U, verdict.twice);
  EXPECT_EQ(3U, verdict.foreign);
  EXPECT_FALSE(verdict.good());
}

TEST_F(LedgerTest, VerdictOnACleanRun) {
  Ledger ledger(path_);
  for (std::uint64_t number = 0; number < 10; ++number) EXPECT_TRUE(ledger.record(make_order(number)));
  EXPECT_FALSE(ledger.record(make_order(5)));
  const Verdict verdict = judge(ledger, 10);
  EXPECT_TRUE(verdict.good());
  EXPECT_EQ(10U, verdict.exactly_once);
  EXPECT_EQ(1U, verdict.repetitions);
}

}  // namespace
}  // namespace order_system
