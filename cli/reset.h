#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin.h"

// Where a group is to go on reading. Pure: nothing here talks to a server.
namespace millrace::cli {

enum class ResetTo : std::uint8_t { earliest, latest, offset, time, shift };

struct ResetGoal {
  ResetTo to = ResetTo::earliest;
  /// The offset, the time in milliseconds, or how far to shift.
  std::int64_t value = 0;
};

/// What is known of the partitions; `at_time` is asked for ResetTo::time only.
struct ResetFacts {
  Offsets committed;
  Offsets earliest;
  Offsets latest;
  Offsets at_time;
};

struct ResetStep {
  TopicPartition where;
  std::optional<std::int64_t> before;
  std::int64_t after = 0;
  /// The goal was outside of what the partition has, so the nearest offset was taken.
  bool adjusted = false;
};

Result<std::vector<ResetStep>> plan_reset(const std::vector<TopicPartition>& partitions, const ResetGoal& goal,
                                          const ResetFacts& facts);

/// "orders" or "orders:0,2": a topic, and which of its partitions (none: all).
struct TopicChoice {
  std::string topic;
  std::vector<std::int32_t> partitions;
};
Result<TopicChoice> parse_topic_choice(std::string_view text);

/// Milliseconds since 1970 of "2026-11-27", "2026-11-27T04:30:00", with or without ".123" and "Z" or "+02:00"; without
/// a zone it is UTC.
Result<std::int64_t> parse_time(std::string_view text);

}  // namespace millrace::cli
