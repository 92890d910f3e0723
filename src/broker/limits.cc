#include "broker/limits.h"

#include <algorithm>

namespace millrace::broker {

std::uint64_t Limits::add_listener(std::function<void(Alarm)> listener) {
  listeners_.emplace_back(next_key_, std::move(listener));
  return next_key_++;
}

void Limits::remove_listener(std::uint64_t key) {
  std::erase_if(listeners_, [key](const auto& entry) { return entry.first == key; });
}

void Limits::set(Alarm alarm) {
  if (alarm == alarm_) return;
  alarm_ = alarm;
  // A listener may add or remove listeners.
  const auto listeners = listeners_;
  for (const auto& [key, listener] : listeners) listener(alarm);
}

}  // namespace millrace::broker
