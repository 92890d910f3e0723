#include "broker/dead_letter.h"

#include <iterator>

#include "base/assert.h"

namespace millrace::broker {

void DeadLetterRewriters::add(model::Protocol protocol, std::shared_ptr<const DeadLetterRewriter> rewriter) {
  auto& slot = rewriters_[static_cast<std::size_t>(protocol)];
  MILLRACE_ASSERT(slot == nullptr, "two dead-letter rewriters for protocol {}", static_cast<int>(protocol));
  slot = std::move(rewriter);
}

const DeadLetterRewriter* DeadLetterRewriters::find(model::Protocol protocol) const {
  const auto index = static_cast<std::size_t>(protocol);
  return index < std::size(rewriters_) ? rewriters_[index].get() : nullptr;
}

bool is_dead_letter_cycle(std::string_view target, const std::vector<Death>& deaths) {
  for (const Death& death : deaths) {
    if (death.reason == DeathReason::rejected) return false;
    if (death.queue == target) return true;
  }
  return false;
}

}  // namespace millrace::broker
