#include "plan.h"

#include <fmt/format.h>

namespace millrace::simtest {

Plan Plan::draw(std::uint64_t seed) {
  base::Prng random(seed ^ 0x506C616EULL);
  Plan plan;
  plan.seed = seed;
  plan.shards = random.between(2, 3);
  plan.journal_file_bytes = std::uint64_t{16} << (10 + random.below(4));
  plan.segment_bytes = std::uint64_t{4} << (10 + random.below(4));
  plan.queues = random.between(1, 4);
  plan.partitions = random.between(1, 3);
  plan.direct_clients = random.between(1, 4);
  plan.kafka_producers = random.below(3);
  plan.kafka_fetchers = random.below(3);
  plan.amqp_publishers = random.below(3);
  plan.amqp_consumers = random.below(3);
  plan.lifetimes = random.between(3, 6);
  plan.lifetime_nanos = static_cast<std::int64_t>(random.between(5, 60)) * 1'000'000;
  plan.think_nanos = static_cast<std::int64_t>(random.between(100, 4000)) * 1'000;
  plan.largest_body = std::size_t{32} << random.below(9);
  plan.automatic = random.chance(1, 4);
  plan.power_loss = random.chance(3, 4);
  plan.misdirected = random.chance(1, 3);
  plan.bit_rot = random.chance(1, 8);
  plan.full_disk = random.chance(1, 6);
  plan.sync_failure = random.chance(1, 6);
  plan.write_failure = random.chance(1, 6);
  plan.resets = random.chance(1, 2);
  plan.slow_readers = random.chance(1, 3);
  plan.process_kills = random.chance(1, 2);
  plan.clean_stops = random.chance(1, 2);
  plan.read_failure = random.chance(1, 4);
  plan.length_limits = random.chance(1, 3);
  plan.expiry = random.chance(1, 3);
  plan.priorities = random.chance(1, 3);
  plan.amqp_transactors = random.chance(1, 2) ? random.between(1, 2) : 0;
  plan.stream_readers = random.chance(1, 2) ? random.between(1, 2) : 0;
  plan.group_members = random.chance(1, 2) ? random.between(1, 3) : 0;
  plan.transactors = random.chance(1, 2) ? random.between(1, 3) : 0;
  plan.decided_readers = plan.transactors > 0 ? random.below(3) : 0;
  return plan;
}

std::string Plan::to_string() const {
  std::string faults;
  const auto add = [&faults](bool on, const char* name) {
    if (on) faults += std::string(" ") + name;
  };
  add(automatic, "automatic");
  add(length_limits, "length_limits");
  add(expiry, "expiry");
  add(priorities, "priorities");
  add(power_loss, "power_loss");
  add(torn_rounds, "torn_rounds");
  add(misdirected, "misdirected");
  add(bit_rot, "bit_rot");
  add(full_disk, "full_disk");
  add(sync_failure, "sync_failure");
  add(write_failure, "write_failure");
  add(read_failure, "read_failure");
  add(resets, "resets");
  add(slow_readers, "slow_readers");
  add(process_kills, "process_kills");
  add(clean_stops, "clean_stops");
  return fmt::format(
      "seed {}: {} shards, journal {} KiB, segments {} KiB, {} queues, {} partitions, clients: {} direct, {} + {} "
      "amqp, "
      "{} transactional, {} for a stream, {} + {} kafka, {} in a group, {} + {} with "
      "transactions; {} lifetimes of {} ms, bodies to {};{}",
      seed, shards, journal_file_bytes >> 10, segment_bytes >> 10, queues, partitions, direct_clients, amqp_publishers,
      amqp_consumers, amqp_transactors, stream_readers, kafka_producers, kafka_fetchers, group_members, transactors,
      decided_readers, lifetimes, lifetime_nanos / 1'000'000, largest_body, faults);
}

}  // namespace millrace::simtest
