#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <span>

#include "base/log.h"
#include "simulation.h"

namespace millrace::simtest {
namespace {

/// The seed under way, for the message of a process that aborts.
std::uint64_t current_seed = 0;

void on_abort(int) {
  char text[64];
  std::uint64_t rest = current_seed;
  std::size_t at = sizeof text;
  text[--at] = '\n';
  do {
    text[--at] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  constexpr char kWords[] = "\naborted in seed ";
  [[maybe_unused]] auto one = ::write(STDERR_FILENO, kWords, sizeof kWords - 1);
  [[maybe_unused]] auto two = ::write(STDERR_FILENO, text + at, sizeof text - at);
}

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

Outcome run_plan(const Plan& plan, bool verbose = false) {
  current_seed = plan.seed;
  Simulation simulation(plan);
  if (verbose) simulation.set_verbose();
  return simulation.run();
}

class Sim : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ::signal(SIGABRT, on_abort);
    base::log::set_level(std::getenv("MILLRACE_SIM_LOG") != nullptr ? base::log::Level::debug
                                                                    : base::log::Level::error);
  }
};
using SimMutants = Sim;

std::string seen(const sim::FaultCounters& counters) {
  return counters.to_string();
}

struct Totals {
  std::uint64_t seeds = 0;
  std::uint64_t failures = 0;
  sim::FaultCounters faults;
  sim::FaultCounters events;
};

/// When MILLRACE_SIM_SECONDS have passed from now.
std::chrono::steady_clock::time_point end_of_seeds() {
  return std::chrono::steady_clock::now() + std::chrono::seconds(number_from("MILLRACE_SIM_SECONDS", 120));
}

/// Seeds from `first` on, until `count` of them have run, or MILLRACE_SIM_SECONDS have passed, or one has failed.
Totals run_seeds(std::uint64_t first, std::uint64_t count, void (*change)(Plan&) = nullptr) {
  const auto end = end_of_seeds();
  const std::uint64_t failures_max = number_from("MILLRACE_SIM_FAILURES", 1);
  Totals totals;
  for (std::uint64_t seed = first; seed < first + count && std::chrono::steady_clock::now() < end; ++seed) {
    Plan plan = Plan::draw(seed);
    if (change != nullptr) change(plan);
    const Outcome outcome = run_plan(plan);
    ++totals.seeds;
    totals.faults.add(outcome.faults);
    totals.events.add(outcome.events);
    if (outcome.failure.empty()) continue;
    ADD_FAILURE() << outcome.failure << "\n  " << plan.to_string() << "\n  again with MILLRACE_SIM_SEED=" << seed
                  << (change == nullptr ? "" : " MILLRACE_SIM_DAMAGE=0");
    if (++totals.failures >= failures_max) break;
  }
  if (totals.failures == 0) {
    EXPECT_GE(totals.seeds, std::min(count, number_from("MILLRACE_SIM_LEAST", 0)))
        << "too slow: there was no time for more";
  }
  fmt::print("{} seeds; {}\nfaults: {}\n", totals.seeds, seen(totals.events), seen(totals.faults));
  return totals;
}

/// A write that lands elsewhere may hit what was synced, as rot does.
void without_damage(Plan& plan) {
  plan.bit_rot = false;
  plan.misdirected = false;
}

/// So many seeds meet every fault and every event at least once.
constexpr std::uint64_t kSeedsThatMeetAll = 200;
constexpr const char* kFaults[] = {"power_loss",
                                   "sync_failure",
                                   "directory_sync_failure",
                                   "write_failure",
                                   "read_failure",
                                   "disk_full",
                                   "crash.sector_torn",
                                   "crash.sector_lost",
                                   "crash.writes_reordered",
                                   "crash.name_lost",
                                   "net.dropped",
                                   "process.kill",
                                   "process.machine_crash",
                                   "process.clean_stop",
                                   "process.stopped_in_recovery",
                                   "process.stopped_by_storage"};
constexpr const char* kDamages[] = {"crash.sector_misdirected", "damage.bit_flipped", "damage.sector_misdirected",
                                    "damage.sector_zeroed"};
constexpr const char* kEvents[] = {"dead.rejected",
                                   "dead.expired",
                                   "dead.for_length",
                                   "delivered_in_time",
                                   "queue.refused_for_length",
                                   "unit.committed",
                                   "unit.rolled_back",
                                   "unit.refused",
                                   "unit.doubtful_done",
                                   "unit.doubtful_not_done",
                                   "stream.read",
                                   "stream.resumed",
                                   "producer.repeated",
                                   "group.generation",
                                   "group.committed",
                                   "group.member_left",
                                   "group.member_silent",
                                   "group.member_expelled",
                                   "group.late_commit_refused",
                                   "transaction.committed",
                                   "transaction.aborted",
                                   "transaction.not_committed",
                                   "transaction.offset_sent",
                                   "transaction.fenced",
                                   "transaction.read",
                                   "transaction.aborted_hidden",
                                   "transaction.doubtful_committed"};

void expect_met(const sim::FaultCounters& counters, std::span<const char* const> names) {
  for (const char* name : names) EXPECT_GT(counters.of(name), 0U) << "never met: " << name;
}

// MILLRACE_SIM_SEED=N runs that seed alone and prints all that happens.
TEST_F(Sim, SeedsHoldTheirPromises) {
  if (const std::uint64_t seed = number_from("MILLRACE_SIM_SEED", 0); seed != 0) {
    Plan plan = Plan::draw(seed);
    if (number_from("MILLRACE_SIM_DAMAGE", 1) == 0) without_damage(plan);
    fmt::print(stderr, "{}\n", plan.to_string());
    const Outcome outcome = run_plan(plan, std::getenv("MILLRACE_SIM_QUIET") == nullptr);
    EXPECT_EQ(outcome.failure, "");
    return;
  }
  const std::uint64_t first = number_from("MILLRACE_SIM_FIRST", 1);
  const auto [seeds, failures, faults, events] = run_seeds(first, number_from("MILLRACE_SIM_WORLDS", 200));
  if (failures > 0 || seeds < kSeedsThatMeetAll) return;
  expect_met(faults, kFaults);
  expect_met(faults, kDamages);
  expect_met(events, kEvents);
}

// Where nothing that was synced is damaged, nothing at all may be missing, and that is judged without any allowance.
TEST_F(Sim, ManySeedsWithoutDamageHoldTheirPromises) {
  if (number_from("MILLRACE_SIM_SEED", 0) != 0) GTEST_SKIP() << "one seed alone";
  const auto totals = run_seeds(number_from("MILLRACE_SIM_FIRST", 1) + 100'000,
                                number_from("MILLRACE_SIM_STRICT", 2000), without_damage);
  EXPECT_GT(totals.seeds, 0U);
  if (totals.failures > 0 || totals.seeds < kSeedsThatMeetAll) return;
  expect_met(totals.faults, kFaults);
  expect_met(totals.events, kEvents);
}

TEST_F(Sim, TheSameSeedDoesTheSame) {
  const auto end = end_of_seeds();
  for (std::uint64_t seed = 1; seed <= 6 && std::chrono::steady_clock::now() < end; ++seed) {
    const Plan plan = Plan::draw(seed);
    EXPECT_EQ(run_plan(plan).trace_hash, run_plan(plan).trace_hash) << "seed " << seed;
  }
  EXPECT_NE(run_plan(Plan::draw(1)).trace_hash, run_plan(Plan::draw(2)).trace_hash);
}

Plan mutant_plan(std::uint64_t seed) {
  Plan plan = Plan::draw(seed);
  plan.bit_rot = false;
  plan.misdirected = false;
  plan.power_loss = true;
  // Rounds of many sectors, which tear, and moves, which must be all or nothing.
  plan.largest_body = 8192;
  plan.direct_clients = 4;
  plan.lifetimes = 6;
  plan.reject_percent = 70;
  plan.all_dead_lettered = true;
  // What leaves a queue by itself excuses its loss.
  plan.length_limits = false;
  plan.expiry = false;
  return plan;
}

/// For what only a round shows of which a part was stored: batches of producers, which count with their numbers or not
/// at all, and units of several messages; and the power fails while a round is written.
Plan torn_round_plan(std::uint64_t seed) {
  Plan plan = mutant_plan(seed);
  plan.torn_rounds = true;
  // A unit of one shard is done in one round; one of several is written down as a whole first.
  plan.shards = 1;
  plan.lifetimes = 16;
  plan.lifetime_nanos = 30'000'000;
  plan.think_nanos = 200'000;
  plan.queues = 4;
  plan.largest_body = 2048;
  plan.amqp_transactors = 4;
  plan.partitions = 3;
  plan.kafka_producers = 10;
  // Little else, so that it is one of these that is torn; and nothing that excuses a gap.
  plan.direct_clients = plan.amqp_publishers = plan.amqp_consumers = 0;
  plan.group_members = plan.transactors = plan.decided_readers = plan.stream_readers = 0;
  plan.full_disk = plan.write_failure = plan.sync_failure = plan.read_failure = false;
  plan.automatic = plan.process_kills = plan.clean_stops = plan.resets = false;
  return plan;
}

using PlanOf = Plan (*)(std::uint64_t seed);
constexpr int kCaught = 42;

/// Whether the seed notices the defect: by what the oracle sees, or by an assertion of the broker itself. In a process
/// of its own, which an assertion may end.
bool is_caught(const Plan& plan) {
  const pid_t child = ::fork();
  if (child == 0) {
    const Outcome outcome = run_plan(plan);
    if (outcome.failure.empty()) ::_exit(0);
    fmt::print(stderr, "caught by seed {}: {}\n", plan.seed, outcome.failure);
    ::_exit(kCaught);
  }
  int status = 0;
  if (::waitpid(child, &status, 0) != child) return false;
  // An assertion, whose text is above.
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGABRT;
  return WIFEXITED(status) && WEXITSTATUS(status) == kCaught;
}

/// So many of the seeds must notice a defect. Several times as many do: a change that moves the seeds' luck is no
/// failure.
constexpr std::uint64_t kMutantSeeds = 30;
constexpr std::uint64_t kLeastCaught = 3;

void expect_caught(PlanOf plan_of, void (*spoil)(storage::StoreMutations&)) {
  std::uint64_t caught = 0;
  for (std::uint64_t seed = 1; seed <= kMutantSeeds; ++seed) {
    Plan plan = plan_of(seed);
    spoil(plan.mutations);
    if (is_caught(plan)) ++caught;
  }
  fmt::print("noticed by {} of {} seeds\n", caught, kMutantSeeds);
  EXPECT_GE(caught, kLeastCaught);
}

TEST_F(SimMutants, WithoutADefectNothingIsNoticed) {
  for (std::uint64_t seed = 1; seed <= number_from("MILLRACE_SIM_CONTROL_SEEDS", kMutantSeeds); ++seed) {
    const Outcome outcome = run_plan(seed % 2 == 0 ? mutant_plan(seed) : torn_round_plan(seed));
    ASSERT_EQ(outcome.failure, "") << "seed " << seed;
  }
}

TEST_F(SimMutants, ConfirmingBeforeTheSyncIsNoticed) {
  expect_caught(mutant_plan, [](storage::StoreMutations& m) { m.confirm_before_sync = true; });
}

TEST_F(SimMutants, DroppedRoundRecordsAreNoticed) {
  expect_caught(torn_round_plan, [](storage::StoreMutations& m) { m.drop_round_records = true; });
}

TEST_F(SimMutants, ReusedOffsetsAreNoticed) {
  expect_caught(mutant_plan, [](storage::StoreMutations& m) { m.reuse_offsets = true; });
}

}  // namespace
}  // namespace millrace::simtest
