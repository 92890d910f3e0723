// Rewriting segments of queues whose old messages are nearly all settled.

#include <gtest/gtest.h>

#include <algorithm>

#include "storage/segment_format.h"
#include "storage/store_fixture_test.h"

namespace millrace::storage {
namespace {

class StoreRewrite : public StoreTest {
 protected:
  /// The names of its segments' files; a rewritten segment has another one.
  std::vector<std::string> files(const Log* log) {
    auto names = disk_.list(log_directory("shard-0", log->id()));
    if (!names) return {};
    std::ranges::sort(*names);
    return *names;
  }
};

/// The owner settles in memory and makes that durable with the turn's round: until then a crash would bring back what
/// the rewritten segment does not have any more.
TEST_F(StoreRewrite, WaitsUntilWhatItWasToldIsDurable) {
  open();
  LogOptions options;
  options.segment_bytes = base::kib(64);
  Log* log = create(1, options);
  for (std::uint64_t i = 0; i < 40; ++i) {
    append(log, i, 1, 20'000);
    commit();
  }
  ASSERT_GT(files(log).size(), 4u);
  std::optional<Round> told;
  std::vector<std::string> before;
  log->set_needed([&](Offset first, Offset) {
    if (!told) {
      told = store_->current_round();
      before = files(log);
    }
    return first == Offset(0);
  });
  ASSERT_TRUE(world_.run_until([&] { return told.has_value() && files(log) != before; }, kPatience));
  EXPECT_GE(store_->committed_round(), *told);
  EXPECT_EQ(read_all(log, Offset(0)).front(), 0u);
}

}  // namespace
}  // namespace millrace::storage
