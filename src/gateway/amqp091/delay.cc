#include "gateway/amqp091/delay.h"

#include <charconv>
#include <string_view>

namespace millrace::gateway::amqp091 {

namespace {

constexpr std::string_view kDelay = "x-delay";
constexpr std::int64_t kLongestDelay = UINT32_MAX;

/// Texts and numbers with a fraction count as whole numbers, as other servers have it.
std::optional<std::int64_t> delay_number(const wire::FieldRef& value) {
  if (const auto number = value.as_int()) return number;
  if (const auto number = value.as_double()) {
    const bool fits = *number > -static_cast<double>(kLongestDelay) && *number < static_cast<double>(kLongestDelay);
    return fits ? std::optional(static_cast<std::int64_t>(*number)) : std::nullopt;
  }
  const auto text = value.as_text();
  if (!text.has_value()) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  return error == std::errc{} && end == text->data() + text->size() ? std::optional(number) : std::nullopt;
}

}  // namespace

std::optional<base::Millis> delay_of(wire::FieldTableView headers) {
  const auto value = headers.find(kDelay);
  const auto number = value.has_value() ? delay_number(*value) : std::nullopt;
  if (!number.has_value() || *number <= 0 || *number > kLongestDelay) return std::nullopt;
  return base::Millis(*number);
}

void mark_delayed(wire::FieldTable& headers) {
  const bytes::ByteVector content = headers.content();
  const auto delay = delay_of(wire::FieldTableView::trusted(content));
  if (!delay.has_value()) return;
  if (delay->value <= INT32_MAX) {
    headers.set(kDelay, static_cast<std::int32_t>(-delay->value));
  } else {
    headers.set(kDelay, -delay->value);
  }
}

}  // namespace millrace::gateway::amqp091
