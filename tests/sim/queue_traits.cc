#include "queue_traits.h"

#include <fmt/format.h>

#include "base/prng.h"

namespace millrace::simtest {

catalog::QueueSettings QueueTraits::settings() const {
  catalog::QueueSettings settings;
  if (dead_letters) {
    settings.dead_letter_exchange = "";
    settings.dead_letter_routing_key = "dead";
  }
  settings.max_length = max_length;
  settings.overflow = overflow;
  settings.message_time_to_live = time_to_live;
  settings.max_priority = max_priority;
  return settings;
}

std::vector<QueueTraits> draw_traits(const Plan& plan) {
  base::Prng random(plan.seed ^ 0x44656164ULL);
  std::vector<QueueTraits> result;
  for (std::size_t i = 0; i < plan.queues; ++i) {
    QueueTraits& traits = result.emplace_back();
    traits.dead_letters = random.chance(2, 3) || plan.all_dead_lettered;
  }
  for (QueueTraits& traits : result) {
    if (plan.length_limits && random.chance(1, 2)) {
      traits.max_length = random.between(1, 30);
      traits.overflow = static_cast<catalog::Overflow>(random.below(3));
    }
    if (plan.expiry && random.chance(1, 2)) {
      if (random.chance(1, 2)) traits.time_to_live = base::Millis(static_cast<std::int64_t>(random.between(1, 100)));
      traits.own_times = !traits.time_to_live.has_value() || random.chance(1, 2);
    }
    if (plan.priorities && random.chance(1, 2)) {
      traits.max_priority = static_cast<std::uint8_t>(random.between(1, 10));
    }
  }
  return result;
}

std::string queue_name(std::size_t number, const Plan& plan) {
  return number == plan.queues ? "dead" : fmt::format("q{}", number);
}

}  // namespace millrace::simtest
