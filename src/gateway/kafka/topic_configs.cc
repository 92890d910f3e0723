#include "gateway/kafka/topic_configs.h"

#include <algorithm>

#include "broker/topic_settings.h"
#include "gateway/kafka/node.h"

namespace millrace::gateway::kafka {

namespace {

ConfigType type_of(broker::SettingType type) {
  switch (type) {
    case broker::SettingType::boolean:
      return ConfigType::boolean;
    case broker::SettingType::text:
      return ConfigType::text;
    case broker::SettingType::integer:
      return ConfigType::integer;
    case broker::SettingType::whole:
      return ConfigType::whole;
    case broker::SettingType::decimal:
      return ConfigType::decimal;
    case broker::SettingType::list:
      return ConfigType::list;
  }
  return ConfigType::text;
}

/// What clients know a topic setting's default by.
struct Synonym {
  std::string_view setting;
  std::string_view of_broker;
};
constexpr Synonym kSynonyms[] = {
    {"cleanup.policy", "log.cleanup.policy"},       {"compression.type", "compression.type"},
    {"max.message.bytes", "message.max.bytes"},     {"message.timestamp.type", "log.message.timestamp.type"},
    {"min.insync.replicas", "min.insync.replicas"}, {"retention.bytes", "log.retention.bytes"},
    {"retention.ms", "log.retention.ms"},           {"segment.bytes", "log.segment.bytes"},
};

std::string text_of(bool value) {
  return value ? "true" : "false";
}

}  // namespace

std::vector<ConfigEntry> topic_configs(broker::Shard& shard,
                                       const std::vector<std::pair<std::string, std::string>>& settings) {
  std::vector<ConfigEntry> entries;
  for (const broker::TopicSetting& setting : broker::topic_settings()) {
    ConfigEntry& entry = entries.emplace_back();
    entry.name = setting.name;
    entry.default_value = broker::default_of(setting, shard.options());
    entry.value = entry.default_value;
    entry.documentation = setting.documentation;
    entry.type = type_of(setting.type);
    for (const Synonym& synonym : kSynonyms) {
      if (synonym.setting == setting.name) entry.synonym = synonym.of_broker;
    }
    for (const auto& [name, value] : settings) {
      if (name != setting.name) continue;
      entry.value = value;
      entry.source = ConfigSource::topic;
    }
  }
  return entries;
}

std::vector<ConfigEntry> broker_configs(Connection& connection) {
  const broker::BrokerOptions& options = connection.shard().options();
  const Options& own = connection.options();
  const NodeAddress address = node_address(connection);
  std::vector<ConfigEntry> entries;
  const auto add = [&entries](std::string name, std::string value, ConfigType type, std::string documentation) {
    entries.push_back({.name = std::move(name),
                       .value = std::move(value),
                       .default_value = {},
                       .synonym = {},
                       .documentation = std::move(documentation),
                       .type = type,
                       .source = ConfigSource::static_broker,
                       .read_only = true});
  };
  const auto number = [](auto value) { return std::to_string(value); };
  add("advertised.listeners", fmt::format("PLAINTEXT://{}:{}", address.host, address.port), ConfigType::text,
      "The address that clients are told.");
  add("auto.create.topics.enable", text_of(own.auto_create_topics), ConfigType::boolean,
      "Topics are created when clients ask for them.");
  add("broker.id", number(kNodeId), ConfigType::integer, "This broker's number.");
  add("default.replication.factor", "1", ConfigType::integer, "Copies of a partition.");
  add("group.initial.rebalance.delay.ms", number(options.groups.initial_delay.value), ConfigType::integer,
      "How long the first members of a group wait for others.");
  add("group.max.session.timeout.ms", number(options.groups.max_session_timeout.value), ConfigType::integer,
      "Longest session time-out.");
  add("group.max.size", number(options.groups.max_members), ConfigType::integer, "Most members of a group.");
  add("group.min.session.timeout.ms", number(options.groups.min_session_timeout.value), ConfigType::integer,
      "Shortest session time-out.");
  add("log.segment.bytes", number(options.segment_bytes.value), ConfigType::whole, "Size of a segment file.");
  add("message.max.bytes", number(options.max_message_bytes.value), ConfigType::whole, "The largest batch.");
  add("min.insync.replicas", "1", ConfigType::integer, "Copies that acks=all waits for.");
  add("num.partitions", number(own.default_partitions), ConfigType::integer,
      "Partitions of a topic that is created without a count.");
  add("offsets.retention.minutes", number(options.groups.offset_retention.value / 60'000), ConfigType::integer,
      "How long offsets of a group without members are kept.");
  add("socket.request.max.bytes", number(own.max_request_bytes), ConfigType::integer, "The largest request.");
  return entries;
}

wire::ErrorCode check_changes(const broker::Topology::SettingChanges& changes, std::string& why) {
  for (const auto& [name, value] : changes) {
    if (!value.has_value()) {
      if (broker::find_topic_setting(name) != nullptr) continue;
      why = fmt::format("the topic setting '{}' is not served", name);
      return wire::ErrorCode::invalid_config;
    }
    if (const auto valid = broker::check_topic_setting(name, *value); !valid.has_value()) {
      why = valid.error().detail;
      return wire::ErrorCode::invalid_config;
    }
  }
  return wire::ErrorCode::none;
}

}  // namespace millrace::gateway::kafka
