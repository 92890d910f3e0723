#include "broker/hash_ring.h"

#include <gtest/gtest.h>

#include <string>

#include "bytes/term_hash.h"

namespace millrace::broker {
namespace {

// What the plugin's function answers under Erlang/OTP 25.
TEST(HashRing, JumpsAsRabbitmqDoes) {
  struct Known {
    const char* key;
    std::uint64_t of_2, of_10, of_1000, of_1000000;
  };
  for (const Known& known :
       {Known{"key0", 1, 7, 652, 804478}, Known{"key1", 0, 3, 354, 261959}, Known{"key2", 1, 8, 907, 147677},
        Known{"key3", 0, 3, 373, 605487}, Known{"key4", 1, 9, 293, 983835}, Known{"key5", 0, 9, 863, 699790},
        Known{"key6", 0, 2, 677, 108467}, Known{"key7", 1, 6, 875, 19737}, Known{"key8", 0, 8, 757, 392230},
        Known{"key9", 0, 5, 505, 282005}, Known{"key10", 0, 5, 535, 39374}, Known{"key11", 1, 1, 112, 845671}}) {
    const std::int64_t number = bytes::term_hash(bytes::as_bytes(std::string_view(known.key)));
    EXPECT_EQ(jump_bucket(number, 1), 0U);
    EXPECT_EQ(jump_bucket(number, 2), known.of_2);
    EXPECT_EQ(jump_bucket(number, 10), known.of_10);
    EXPECT_EQ(jump_bucket(number, 1000), known.of_1000);
    EXPECT_EQ(jump_bucket(number, 1000000), known.of_1000000);
  }
  EXPECT_EQ(jump_bucket(0, 1000), 807U);
  EXPECT_EQ(jump_bucket(1, 1000), 856U);
  EXPECT_EQ(jump_bucket(5, 1000), 125U);
  EXPECT_EQ(jump_bucket(-1, 1000), 220U);
  EXPECT_EQ(jump_bucket(-77, 1000), 242U);
  EXPECT_EQ(jump_bucket(4294967296, 1000), 807U);
  EXPECT_EQ(jump_bucket(INT64_MAX, 1000), 220U);
  EXPECT_EQ(jump_bucket(bytes::kTrueHash, 1000), 393U);
  EXPECT_EQ(jump_bucket(bytes::kUndefinedHash, 1000), 491U);
}

TEST(HashRing, DealsBucketsOutInARow) {
  HashRing<std::string> ring;
  EXPECT_TRUE(ring.empty());
  ring.add("a", 1);
  EXPECT_EQ(ring.pick(99), "a");
  ring.add("b", 5);
  ring.add("c", 4);
  for (std::int64_t number = 0; number < 100; ++number) {
    const std::uint64_t bucket = jump_bucket(number, 10);
    EXPECT_EQ(ring.pick(number), bucket < 1 ? "a" : bucket < 6 ? "b" : "c");
  }
}

}  // namespace
}  // namespace millrace::broker
