#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/object_limits.h"

namespace millrace::server {

/// Every setting with its default. Sources, each over the one before: defaults, TOML file, environment, command line.
struct Config {
  std::string data_dir = "millrace-data";
  std::uint32_t shards = 0;  // 0: one per processor; fixed when the data directory is created
  std::string log_level = "info";
  std::string load_definitions;  // a RabbitMQ definitions file that is imported at each start; empty: none

  std::string amqp_bind = "127.0.0.1";
  std::uint16_t amqp_port = 5672;
  std::uint32_t amqp_frame_max = 131072;
  std::uint16_t amqp_channel_max = 2047;
  std::uint16_t amqp_heartbeat_seconds = 60;
  std::uint32_t amqp_consumer_timeout_seconds = 1800;

  std::string kafka_bind = "127.0.0.1";
  std::uint16_t kafka_port = 9092;
  std::string kafka_advertise;  // "host:port"; empty: the address a client connected to
  bool kafka_auto_create_topics = true;
  std::uint32_t kafka_default_partitions = 1;
  std::uint64_t kafka_max_request_bytes = std::uint64_t{100} << 20;
  std::uint32_t kafka_idle_timeout_seconds = 600;

  std::uint32_t group_initial_delay_ms = 500;
  std::uint32_t group_max_members = 2000;
  std::uint32_t group_min_session_ms = 6000;
  std::uint32_t group_max_session_ms = 1800000;
  std::uint32_t group_offset_retention_hours = 168;

  std::string metrics_bind = "127.0.0.1";
  std::uint16_t metrics_port = 15692;

  std::uint32_t max_connections = 10000;
  std::uint32_t max_virtual_hosts = catalog::ObjectLimits{}.virtual_hosts;
  std::uint32_t max_users = catalog::ObjectLimits{}.users;
  std::uint32_t max_exchanges = catalog::ObjectLimits{}.exchanges;
  std::uint32_t max_queues = catalog::ObjectLimits{}.queues;
  std::uint32_t max_bindings = catalog::ObjectLimits{}.bindings;
  std::uint32_t max_topics = catalog::ObjectLimits{}.topics;
  std::uint32_t max_partitions = catalog::ObjectLimits{}.partitions;
  std::uint64_t max_message_bytes = std::uint64_t{64} << 20;
  std::uint64_t unacknowledged_bytes = std::uint64_t{256} << 20;
  std::uint64_t memory_limit_bytes = 0;  // 0: 40 % of the machine's memory
  std::uint64_t disk_free_limit_bytes = std::uint64_t{256} << 20;

  std::string durability = "sync";
  bool accept_catalog_damage = false;
  std::uint64_t journal_file_bytes = std::uint64_t{32} << 20;
  std::uint64_t segment_bytes = std::uint64_t{64} << 20;

  std::vector<std::string> loopback_users = {"guest"};
  std::uint32_t shutdown_grace_seconds = 10;
};

enum class ConfigErrc { unknown_key, bad_value, unreadable };
using ConfigError = base::ErrorOf<ConfigErrc>;
template <class T>
using Result = base::Result<T, ConfigError>;

/// One setting as all sources see it: "amqp.port" in the file, MILLRACE_AMQP_PORT in the environment, --amqp-port as a
/// flag.
struct Setting {
  std::string key;
  std::string help;
  /// Parses text into the field; the error says what is expected.
  std::function<Result<void>(Config&, const std::string& text)> set;
  std::function<std::string(const Config&)> show;
  /// Several values, separated by commas outside of the file.
  bool is_list = false;
};
const std::vector<Setting>& settings();

std::string flag_name(const Setting& setting);
std::string environment_name(const Setting& setting);

/// Reads a TOML file; an unknown key fails and names the nearest known one.
Result<void> load_file(Config& config, const std::string& path);
/// Takes the variables MILLRACE_*. One that names no setting fails, unless Kubernetes sets such names for a service.
Result<void> load_environment(Config& config, const std::vector<std::pair<std::string, std::string>>& environment);
/// Checks that every value makes sense, by itself and beside the others.
Result<void> validate(const Config& config);

/// The one whose key is most like `key`.
const Setting& nearest_setting(const std::string& key);

}  // namespace millrace::server
