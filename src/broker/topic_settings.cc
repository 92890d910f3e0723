#include "broker/topic_settings.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "broker/shard.h"

namespace millrace::broker {

namespace {

constexpr std::string_view kForever = "9223372036854775807";
constexpr std::string_view kDelete = "delete";
constexpr std::string_view kCompact = "compact";
constexpr std::string_view kDurability = "durability";
constexpr std::string_view kSync = "sync";
constexpr std::string_view kOs = "os";

constexpr TopicSetting kSettings[] = {
    {"cleanup.policy", SettingType::list, "delete",
     "What happens to old segments: they are deleted, or compacted so that the last record of each key stays, or "
     "both."},
    {"compression.gzip.level", SettingType::integer, "-1", "What is compressed anew has the library's usual level."},
    {"compression.lz4.level", SettingType::integer, "9", "What is compressed anew has the library's usual level."},
    {"compression.type", SettingType::text, "producer",
     "How batches are stored: as their producers compressed them (producer), uncompressed, or with gzip, snappy, lz4 "
     "or zstd."},
    {"compression.zstd.level", SettingType::integer, "3", "What is compressed anew has the library's usual level."},
    {"delete.retention.ms", SettingType::whole, "86400000",
     "How long compaction keeps a record without value, so that readers learn that its key was deleted."},
    {kDurability, SettingType::text, "",
     "When a batch counts as stored: on stable storage (sync), or handed to the operating system (os), which a loss of "
     "power takes back."},
    {"file.delete.delay.ms", SettingType::whole, "60000", "Files are removed when nobody reads them any more."},
    {"flush.messages", SettingType::whole, kForever, "With durability sync every answered batch is on stable storage."},
    {"flush.ms", SettingType::whole, kForever, "With durability sync every answered batch is on stable storage."},
    {"follower.replication.throttled.replicas", SettingType::list, "", "There are no followers."},
    {"index.interval.bytes", SettingType::integer, "4096", "Every batch is in the index."},
    {"leader.replication.throttled.replicas", SettingType::list, "", "There are no followers."},
    {"max.compaction.lag.ms", SettingType::whole, kForever,
     "Records older than this are compacted whatever min.cleanable.dirty.ratio says."},
    {"max.message.bytes", SettingType::integer, "", "The largest batch that is taken, as it was compressed."},
    {"message.downconversion.enable", SettingType::boolean, "true", "Fetch has no version that would need it."},
    {"message.format.version", SettingType::text, "3.0-IV1", "There is one format, that of record batches."},
    {"message.timestamp.after.max.ms", SettingType::whole, kForever,
     "How far a record's time may lie ahead of the broker's, with CreateTime."},
    {"message.timestamp.before.max.ms", SettingType::whole, kForever,
     "How far a record's time may lie behind the broker's, with CreateTime."},
    {"message.timestamp.type", SettingType::text, "CreateTime",
     "Whose time a record has: its producer's (CreateTime) or the broker's (LogAppendTime)."},
    {"min.cleanable.dirty.ratio", SettingType::decimal, "0.5",
     "Compaction runs when a larger part of the closed segments was not compacted yet."},
    {"min.compaction.lag.ms", SettingType::whole, "0", "Records younger than this are not compacted."},
    {"min.insync.replicas", SettingType::integer, "1",
     "Copies that acks=all waits for; there is one, so that a larger number refuses such batches."},
    {"preallocate", SettingType::boolean, "false", "Files grow as they are written."},
    {"remote.storage.enable", SettingType::boolean, "false", "There is no other place for segments."},
    {"retention.bytes", SettingType::whole, "-1", "Old segments go when a partition is larger; -1: no limit."},
    {"retention.ms", SettingType::whole, "-1", "Segments go when their newest batch is older; -1: no limit."},
    {"segment.bytes", SettingType::integer, "", "Size of a segment file."},
    {"segment.index.bytes", SettingType::integer, "10485760", "An index is as large as its segment needs."},
    {"segment.jitter.ms", SettingType::whole, "0", "Segments are closed without a jitter."},
    {"segment.ms", SettingType::whole, "604800000",
     "A segment whose first batch is older is closed with the next one."},
    {"unclean.leader.election.enable", SettingType::boolean, "false", "There is one copy, which leads."},
};

struct Range {
  std::string_view name;
  std::int64_t least;
  std::int64_t most;
  bool zero = true;  // whether 0 is one of them
};
constexpr std::int64_t kLargestInteger = INT32_MAX;
constexpr Range kRanges[] = {
    {"compression.gzip.level", -1, 9, false},
    {"compression.lz4.level", 1, 17},
    {"compression.zstd.level", -131072, 22},
    {"retention.ms", -1, INT64_MAX},
    {"retention.bytes", -1, INT64_MAX},
    {"segment.bytes", 1 << 20, kLargestInteger},
    {"flush.messages", 1, INT64_MAX},
    {"max.compaction.lag.ms", 1, INT64_MAX},
    {"min.insync.replicas", 1, kLargestInteger},
    {"segment.index.bytes", 4, kLargestInteger},
    {"segment.ms", 1, INT64_MAX},
};

/// Settings that have one of a few values.
struct Choice {
  std::string_view name;
  std::string_view value;
};
constexpr Choice kChoices[] = {
    {"cleanup.policy", kDelete},
    {"cleanup.policy", kCompact},
    {"compression.type", "producer"},
    {"compression.type", "uncompressed"},
    {"compression.type", "gzip"},
    {"compression.type", "snappy"},
    {"compression.type", "lz4"},
    {"compression.type", "zstd"},
    {kDurability, kSync},
    {kDurability, kOs},
    {"message.timestamp.type", "CreateTime"},
    {"message.timestamp.type", "LogAppendTime"},
    {"remote.storage.enable", "false"},
};

constexpr storage::Millis kLongest{std::int64_t{1} << 60};

struct Codec {
  std::string_view name;
  bytes::Compression codec;
};
constexpr Codec kCodecs[] = {
    {"uncompressed", bytes::Compression::none}, {"gzip", bytes::Compression::gzip},
    {"snappy", bytes::Compression::snappy},     {"lz4", bytes::Compression::lz4},
    {"zstd", bytes::Compression::zstd},
};

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<void> check_number(const TopicSetting& setting, std::string_view value) {
  Range range{setting.name, 0, setting.type == SettingType::integer ? kLargestInteger : INT64_MAX};
  for (const Range& own : kRanges) {
    if (own.name == setting.name) range = own;
  }
  const auto parsed = number(value);
  const bool fits = parsed.has_value() && *parsed >= range.least && *parsed <= range.most;
  if (fits && (range.zero || *parsed != 0)) return {};
  return base::fail(BrokerErrc::invalid, fmt::format("{}: a whole number from {} to {}{}", setting.name, range.least,
                                                     range.most, range.zero ? "" : ", not 0"));
}

Result<void> check_decimal(const TopicSetting& setting, std::string_view value) {
  double parsed = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
  if (error == std::errc() && end == value.data() + value.size() && parsed >= 0 && parsed <= 1) return {};
  return base::fail(BrokerErrc::invalid, fmt::format("{}: a number from 0 to 1", setting.name));
}

/// A setting without choices may have any value.
Result<void> check_choice(const TopicSetting& setting, std::string_view value) {
  std::string served;
  for (const Choice& choice : kChoices) {
    if (choice.name != setting.name) continue;
    if (value == choice.value) return {};
    served += (served.empty() ? "'" : ", '") + std::string(choice.value) + "'";
  }
  if (served.empty()) return {};
  return base::fail(BrokerErrc::unsupported, fmt::format("{}: served is {}", setting.name, served));
}

/// Each entry of a list that commas separate.
Result<void> check_list(const TopicSetting& setting, std::string_view value) {
  for (const std::string_view entry : list_entries(value)) {
    if (auto served = check_choice(setting, entry); !served.has_value()) return served;
  }
  return {};
}

/// A topic's own setting, or else the default of all topics.
std::string_view value_of(const catalog::Topic& topic, std::string_view name) {
  for (const auto& [own, value] : topic.settings) {
    if (own == name) return value;
  }
  return find_topic_setting(name)->default_value;
}

storage::Millis millis_of(const catalog::Topic& topic, std::string_view name) {
  return storage::Millis(number(value_of(topic, name)).value_or(0));
}

bool has_policy(const catalog::Topic& topic, std::string_view policy) {
  const auto entries = list_entries(value_of(topic, "cleanup.policy"));
  return std::find(entries.begin(), entries.end(), policy) != entries.end();
}

storage::CompactionOptions compaction_options(const catalog::Topic& topic) {
  storage::CompactionOptions options{.enabled = has_policy(topic, kCompact),
                                     .min_lag = millis_of(topic, "min.compaction.lag.ms"),
                                     .max_lag = millis_of(topic, "max.compaction.lag.ms"),
                                     .keep_deletions = millis_of(topic, "delete.retention.ms")};
  const std::string_view ratio = value_of(topic, "min.cleanable.dirty.ratio");
  double parsed = 0;
  std::from_chars(ratio.data(), ratio.data() + ratio.size(), parsed);
  options.dirty_per_mille = static_cast<std::uint32_t>(parsed * 1000);
  if (options.max_lag == storage::Millis(INT64_MAX)) options.max_lag = storage::Millis(0);
  // A sum with the time of day must not overflow.
  options.keep_deletions = std::min(options.keep_deletions, kLongest);
  options.min_lag = std::min(options.min_lag, kLongest);
  options.max_lag = std::min(options.max_lag, kLongest);
  return options;
}

}  // namespace

std::vector<std::string_view> list_entries(std::string_view value) {
  std::vector<std::string_view> entries;
  for (std::size_t at = 0; at <= value.size();) {
    const std::size_t comma = std::min(value.find(',', at), value.size());
    std::string_view entry = value.substr(at, comma - at);
    while (entry.starts_with(' ')) entry.remove_prefix(1);
    while (entry.ends_with(' ')) entry.remove_suffix(1);
    entries.push_back(entry);
    at = comma + 1;
  }
  return entries;
}

std::span<const TopicSetting> topic_settings() {
  return kSettings;
}

const TopicSetting* find_topic_setting(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kSettings), std::end(kSettings),
                                         [name](const TopicSetting& s) { return s.name == name; });
  return found == std::end(kSettings) ? nullptr : found;
}

std::string default_of(const TopicSetting& setting, const BrokerOptions& options) {
  if (setting.name == kDurability) return std::string(options.durability == storage::Durability::os ? kOs : kSync);
  if (setting.name == "segment.bytes") return std::to_string(options.segment_bytes.value);
  if (setting.name == "max.message.bytes") return std::to_string(options.max_message_bytes.value);
  return std::string(setting.default_value);
}

Result<void> check_topic_setting(std::string_view name, std::string_view value) {
  const TopicSetting* setting = find_topic_setting(name);
  if (setting == nullptr) {
    return base::fail(BrokerErrc::unsupported, fmt::format("the topic setting '{}' is not served", name));
  }
  switch (setting->type) {
    case SettingType::integer:
    case SettingType::whole:
      return check_number(*setting, value);
    case SettingType::decimal:
      return check_decimal(*setting, value);
    case SettingType::text:
      return check_choice(*setting, value);
    case SettingType::list:
      return check_list(*setting, value);
    case SettingType::boolean:
      if (value == "true" || value == "false") return check_choice(*setting, value);
      return base::fail(BrokerErrc::invalid, fmt::format("{}: 'true' or 'false'", name));
  }
  return {};
}

storage::LogOptions topic_log_options(const catalog::Topic& topic, storage::LogOptions options) {
  options.compaction = compaction_options(topic);
  options.segment_time = std::min(millis_of(topic, "segment.ms"), kLongest);
  if (options.compaction.enabled && options.compaction.max_lag > storage::Millis(0)) {
    // What is in the open segment is not compacted.
    options.segment_time = std::min(options.segment_time, options.compaction.max_lag);
  }
  const bool deletes = has_policy(topic, kDelete);
  if (!deletes) {
    options.retain_time = storage::Millis(0);
    options.retain_bytes = storage::Bytes(0);
  }
  for (const auto& [name, value] : topic.settings) {
    if (name == kDurability) options.durability = value == kOs ? storage::Durability::os : storage::Durability::sync;
    const std::int64_t parsed = number(value).value_or(-1);
    if (parsed < 0 || (!deletes && name.starts_with("retention."))) continue;
    // To the log 0 means no limit.
    const std::int64_t limit = std::max<std::int64_t>(parsed, 1);
    if (name == "retention.ms") options.retain_time = storage::Millis(limit);
    if (name == "retention.bytes") options.retain_bytes = storage::Bytes(static_cast<std::uint64_t>(limit));
    if (name == "segment.bytes") options.segment_bytes = storage::Bytes(static_cast<std::uint64_t>(parsed));
  }
  return options;
}

WriteRules write_rules(const catalog::Topic& topic, const BrokerOptions& options) {
  WriteRules rules;
  rules.needs_keys = has_policy(topic, kCompact);
  rules.max_batch_bytes = options.max_message_bytes.value;
  for (const auto& [name, value] : topic.settings) {
    const std::int64_t parsed = number(value).value_or(0);
    if (name == "max.message.bytes") rules.max_batch_bytes = static_cast<std::uint64_t>(parsed);
    if (name == "message.timestamp.type") rules.append_time = value == "LogAppendTime";
    if (name == "message.timestamp.before.max.ms") rules.max_behind_ms = parsed;
    if (name == "message.timestamp.after.max.ms") rules.max_ahead_ms = parsed;
    if (name == "min.insync.replicas") rules.min_copies = static_cast<std::int32_t>(parsed);
    for (const Codec& codec : kCodecs) {
      if (name == "compression.type" && value == codec.name) rules.compression = codec.codec;
    }
  }
  // The broker's own limit holds in any case.
  rules.max_batch_bytes = std::min(rules.max_batch_bytes, options.max_message_bytes.value);
  return rules;
}

}  // namespace millrace::broker
