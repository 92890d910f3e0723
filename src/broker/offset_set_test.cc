#include "broker/offset_set.h"

#include <gtest/gtest.h>

#include <set>

#include "base/prng.h"
#include "bytes/writer.h"

namespace millrace::broker {
namespace {

TEST(OffsetSet, AgreesWithAPlainSet) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    base::Prng prng(seed);
    OffsetSet set;
    std::set<std::int64_t> plain;
    for (int i = 0; i < 400; ++i) {
      const auto first = static_cast<std::int64_t>(prng.below(20'000));
      const std::int64_t last = first + static_cast<std::int64_t>(prng.below(prng.chance(1, 4) ? 15'000 : 100));
      const bool add = prng.chance(i % 200 < 100 ? 2 : 1, 3);  // mostly full, then mostly empty
      if (add) {
        set.add(Offset(first), Offset(last));
      } else {
        set.erase(Offset(first), Offset(last));
      }
      for (std::int64_t offset = first; offset <= last; ++offset) {
        if (add) {
          plain.insert(offset);
        } else {
          plain.erase(offset);
        }
      }
      const auto from = static_cast<std::int64_t>(prng.below(32'000));
      const auto expected = plain.lower_bound(from);
      const auto found = set.next(Offset(from));
      ASSERT_EQ(found.has_value(), expected != plain.end());
      if (found.has_value()) {
        ASSERT_EQ(found->value, *expected);
      }
      ASSERT_EQ(set.contains(Offset(from)), plain.contains(from));
      ASSERT_EQ(set.empty(), plain.empty());
    }
    bytes::ByteVector encoded;
    set.encode(encoded);
    OffsetSet copy;
    bytes::Reader in(encoded);
    ASSERT_TRUE(copy.decode(in));
    EXPECT_TRUE(in.at_end());
    EXPECT_TRUE(copy == set);
  }
}

TEST(OffsetSet, ALongRunCostsNoMoreThanAShortOne) {
  // More offsets than any memory has bits for.
  const Offset end(std::int64_t{1} << 60);
  OffsetSet set;
  set.add(Offset(5), Offset(end.value - 1));
  set.erase(Offset(1'000'000), Offset(1'000'000));
  EXPECT_FALSE(set.contains(Offset(1'000'000)));
  EXPECT_EQ(set.next(Offset(1'000'000)), Offset(1'000'001));
  EXPECT_TRUE(set.contains(Offset(end.value - 1)));
  EXPECT_EQ(set.next(end), std::nullopt);
  set.erase(Offset(0), end);
  EXPECT_TRUE(set.empty());
}

TEST(OffsetSet, ManyLongRunsAreReadAtOnce) {
  bytes::ByteVector encoded;
  bytes::Writer to(encoded);
  constexpr std::uint64_t kRuns = 10'000;
  to.uvarint(kRuns);
  for (std::uint64_t i = 0; i < kRuns; ++i) {
    to.uvarint(1);
    to.uvarint(static_cast<std::uint64_t>(OffsetSet::kMaxRun));
  }
  OffsetSet set;
  bytes::Reader in(encoded);
  ASSERT_TRUE(set.decode(in));
  bytes::ByteVector again;
  set.encode(again);
  EXPECT_EQ(again, encoded);
}

TEST(OffsetSet, RefusesNonsense) {
  const bytes::ByteVector refused[] = {{1},                                                     // cut
                                       {1, 0, 0},                                               // an empty run
                                       {1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f},  // a run that never ends
                                       {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1}};  // far away
  for (const auto& bytes : refused) {
    OffsetSet set;
    bytes::Reader in(bytes);
    EXPECT_FALSE(set.decode(in));
  }
}

}  // namespace
}  // namespace millrace::broker
