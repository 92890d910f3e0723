#include "bytes/term_hash.h"

#include <gtest/gtest.h>

#include <string>

namespace millrace::bytes {
namespace {

std::uint32_t hash(std::string_view text) {
  return term_hash(as_bytes(text));
}

// What Erlang/OTP 25 prints.
TEST(TermHash, IsErlangsForBinaries) {
  EXPECT_EQ(hash(""), 13708901U);
  EXPECT_EQ(hash("a"), 112802447U);
  EXPECT_EQ(hash("key1"), 124145142U);
  EXPECT_EQ(hash("hello world"), 33550279U);
  EXPECT_EQ(hash("123456789012"), 40293642U);
  EXPECT_EQ(hash("1234567890123"), 94740708U);
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(hash(all), 3064723U);
  std::string repeated;
  for (int i = 0; i < 100; ++i) repeated += "abcdef";
  EXPECT_EQ(hash(repeated), 17319953U);
}

TEST(TermHash, IsErlangsForFloats) {
  EXPECT_EQ(term_hash(1.5), 10380315U);
  EXPECT_EQ(term_hash(0.0), 20875736U);
  EXPECT_EQ(term_hash(-0.0), 20875736U);
  EXPECT_EQ(term_hash(-2.25), 106798634U);
  EXPECT_EQ(term_hash(1.0e300), 119088650U);
}

}  // namespace
}  // namespace millrace::bytes
