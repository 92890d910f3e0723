#include "broker/topic_settings.h"

#include <fmt/core.h>

#include <charconv>
#include <optional>

namespace millrace::broker {

namespace {

constexpr std::int64_t kMinSegment = 1 << 20;

struct Fixed {
  std::string_view name;
  std::string_view value;
};
constexpr Fixed kFixed[] = {
    {"cleanup.policy", "delete"},
    {"compression.type", "producer"},
    {"message.timestamp.type", "CreateTime"},
    {"min.insync.replicas", "1"},
    {"unclean.leader.election.enable", "false"},
};

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Result<void> check_topic_setting(std::string_view name, std::string_view value) {
  for (const Fixed& fixed : kFixed) {
    if (name != fixed.name) continue;
    if (value == fixed.value) return {};
    return base::fail(BrokerErrc::unsupported, fmt::format("{}: only '{}' is served", name, fixed.value));
  }
  const bool retention = name == "retention.ms" || name == "retention.bytes";
  if (!retention && name != "segment.bytes") {
    return base::fail(BrokerErrc::unsupported, fmt::format("the topic setting '{}' is not served", name));
  }
  const auto parsed = number(value);
  const std::int64_t least = retention ? -1 : kMinSegment;
  if (!parsed.has_value() || *parsed < least) {
    return base::fail(BrokerErrc::invalid, fmt::format("{}: a whole number of at least {}", name, least));
  }
  return {};
}

storage::LogOptions topic_log_options(const catalog::Topic& topic, storage::LogOptions options) {
  for (const auto& [name, value] : topic.settings) {
    const std::int64_t parsed = number(value).value_or(-1);
    if (parsed < 0) continue;
    if (name == "retention.ms") options.retain_time = storage::Millis(parsed);
    if (name == "retention.bytes") options.retain_bytes = storage::Bytes(static_cast<std::uint64_t>(parsed));
    if (name == "segment.bytes") options.segment_bytes = storage::Bytes(static_cast<std::uint64_t>(parsed));
  }
  return options;
}

}  // namespace millrace::broker
