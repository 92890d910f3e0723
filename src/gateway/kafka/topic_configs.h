#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/topology.h"
#include "gateway/kafka/connection.h"
#include "wire/kafka/error_codes.h"
#include "wire/kafka/primitives.h"

// Settings of topics and of the broker as the protocol's configuration requests see them.
namespace millrace::gateway::kafka {

/// Numbers of the protocol.
enum class ResourceType : std::int8_t { topic = 2, broker = 4, group = 32 };
enum class ConfigSource : std::int8_t { topic = 1, static_broker = 4, default_value = 5 };
enum class ConfigType : std::int8_t { boolean = 1, text = 2, integer = 3, whole = 5, decimal = 6, list = 7 };

/// One setting with the value in force.
struct ConfigEntry {
  std::string name;
  std::string value;
  std::string default_value;
  std::string synonym;  // the broker's setting behind the default; empty: none
  std::string documentation;
  ConfigType type = ConfigType::text;
  ConfigSource source = ConfigSource::default_value;
  bool read_only = false;
};

/// Of a topic with these settings of its own.
std::vector<ConfigEntry> topic_configs(broker::Shard& shard,
                                       const std::vector<std::pair<std::string, std::string>>& settings);
/// Of this broker; none can be changed while it runs.
std::vector<ConfigEntry> broker_configs(Connection& connection);

/// Checks changes of a topic's settings. Not `none`: `why` says it.
wire::ErrorCode check_changes(const broker::Topology::SettingChanges& changes, std::string& why);

}  // namespace millrace::gateway::kafka
