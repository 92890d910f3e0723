#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/error.h"
#include "bytes/compression.h"
#include "catalog/objects.h"
#include "storage/types.h"

namespace millrace::broker {

struct BrokerOptions;

enum class SettingType : std::uint8_t { boolean, text, integer, whole, decimal, list };

/// A setting that topics may have.
struct TopicSetting {
  std::string_view name;
  SettingType type;
  /// Empty: it follows the broker's own (see default_of).
  std::string_view default_value;
  std::string_view documentation;
};

/// All of them, by name. Some have an effect (retention, segments, limits and times of what is written); a few are
/// taken because what they ask for is so anyway, or cannot matter here. Everything else is refused, so that nobody
/// relies on what does nothing.
std::span<const TopicSetting> topic_settings();
const TopicSetting* find_topic_setting(std::string_view name);
std::string default_of(const TopicSetting& setting, const BrokerOptions& options);

/// The entries of a setting that is a list.
std::vector<std::string_view> list_entries(std::string_view value);

/// `unsupported`: a setting that topics do not have, or a value that is not served. `invalid`: not a value at all.
Result<void> check_topic_setting(std::string_view name, std::string_view value);

/// `defaults` with the topic's settings over them.
storage::LogOptions topic_log_options(const catalog::Topic& topic, storage::LogOptions defaults);

/// What a topic asks of those who write to it.
struct WriteRules {
  std::uint64_t max_batch_bytes = 0;
  /// The broker's time replaces the writer's.
  bool append_time = false;
  /// How far the writer's time may lie behind and ahead of the broker's.
  std::int64_t max_behind_ms = INT64_MAX;
  std::int64_t max_ahead_ms = INT64_MAX;
  std::int32_t min_copies = 1;
  /// Records without key are refused: the topic is compacted.
  bool needs_keys = false;
  /// How batches are stored; nothing: as their writers compressed them.
  std::optional<bytes::Compression> compression;
};
WriteRules write_rules(const catalog::Topic& topic, const BrokerOptions& options);

}  // namespace millrace::broker
