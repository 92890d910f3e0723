#include "server/config.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <toml++/toml.h>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <numeric>
#include <optional>

#include "server/host_port.h"

namespace millrace::server {

using base::fail;

namespace {

template <class T>
Result<T> parse_number(const std::string& key, const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return fail(ConfigErrc::bad_value,
                fmt::format("{}: '{}' is not a whole number from 0 to {}", key, text, std::numeric_limits<T>::max()));
  }
  return value;
}

/// "64MiB", "1GiB", "4096": bytes.
Result<std::uint64_t> parse_bytes(const std::string& key, const std::string& text) {
  static constexpr std::pair<const char*, unsigned> kUnits[] = {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
  for (const auto& [unit, shift] : kUnits) {
    if (!text.ends_with(unit)) continue;
    auto number = parse_number<std::uint32_t>(key, text.substr(0, text.size() - 3));
    if (!number.has_value()) return std::unexpected(number.error());
    const std::uint64_t value = *number;
    if (value > std::numeric_limits<std::uint64_t>::max() >> shift) {
      return fail(ConfigErrc::bad_value, fmt::format("{}: '{}' is too much", key, text));
    }
    return value << shift;
  }
  return parse_number<std::uint64_t>(key, text);
}

Setting text(const char* key, const char* help, std::string Config::* field) {
  return {key, help,
          [field](Config& config, const std::string& value) -> Result<void> {
            config.*field = value;
            return {};
          },
          [field](const Config& config) { return config.*field; }};
}

template <class T>
Setting number(const char* key, const char* help, T Config::* field) {
  return {key, help,
          [key, field](Config& config, const std::string& value) -> Result<void> {
            auto parsed = parse_number<T>(key, value);
            if (!parsed.has_value()) return std::unexpected(parsed.error());
            config.*field = *parsed;
            return {};
          },
          [field](const Config& config) { return std::to_string(config.*field); }};
}

Setting bytes(const char* key, const char* help, std::uint64_t Config::* field) {
  return {key, help,
          [key, field](Config& config, const std::string& value) -> Result<void> {
            auto parsed = parse_bytes(key, value);
            if (!parsed.has_value()) return std::unexpected(parsed.error());
            config.*field = *parsed;
            return {};
          },
          [field](const Config& config) { return std::to_string(config.*field); }};
}

Setting flag(const char* key, const char* help, bool Config::* field) {
  return {key, help,
          [key, field](Config& config, const std::string& value) -> Result<void> {
            if (value != "true" && value != "false") {
              return fail(ConfigErrc::bad_value, fmt::format("{}: '{}' is neither true nor false", key, value));
            }
            config.*field = value == "true";
            return {};
          },
          [field](const Config& config) { return config.*field ? "true" : "false"; }};
}

Setting choice(const char* key, const char* help, std::string Config::* field,
               const std::vector<std::string>& allowed) {
  return {key, help,
          [key, field, allowed](Config& config, const std::string& value) -> Result<void> {
            if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
              return fail(ConfigErrc::bad_value,
                          fmt::format("{}: '{}' is not one of {}", key, value, fmt::join(allowed, ", ")));
            }
            config.*field = value;
            return {};
          },
          [field](const Config& config) { return config.*field; }};
}

Setting list(const char* key, const char* help, std::vector<std::string> Config::* field) {
  return {key, help,
          [field](Config& config, const std::string& value) -> Result<void> {
            (config.*field).clear();
            for (std::size_t at = 0; at <= value.size();) {
              const std::size_t comma = std::min(value.find(',', at), value.size());
              if (comma > at) (config.*field).push_back(value.substr(at, comma - at));
              at = comma + 1;
            }
            return {};
          },
          [field](const Config& config) { return fmt::format("{}", fmt::join(config.*field, ",")); }, true};
}

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

const Setting* find_setting(const std::string& key) {
  const auto& all = settings();
  const auto it = std::find_if(all.begin(), all.end(), [&](const Setting& s) { return s.key == key; });
  return it == all.end() ? nullptr : &*it;
}

Result<void> unknown(const std::string& what, const std::string& key) {
  return fail(ConfigErrc::unknown_key,
              fmt::format("unknown setting '{}'; did you mean '{}'?", what, nearest_setting(key).key));
}

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = {
      text("data_dir", "directory of all stored data", &Config::data_dir),
      number("shards", "event loops; 0: one per processor; fixed when the data directory is created", &Config::shards),
      text("load_definitions", "RabbitMQ definitions file (JSON) imported at each start; empty: none",
           &Config::load_definitions),
      choice("log_level", "least severe lines that are written", &Config::log_level,
             {"debug", "info", "warning", "error"}),
      text("amqp.bind", "address for AMQP 0-9-1; '*' for all interfaces", &Config::amqp_bind),
      number("amqp.port", "port for AMQP 0-9-1; 0: any free one", &Config::amqp_port),
      number("amqp.frame_max", "largest frame offered to clients, bytes", &Config::amqp_frame_max),
      number("amqp.channel_max", "most channels per connection", &Config::amqp_channel_max),
      number("amqp.heartbeat", "heartbeat offered to clients, seconds; 0: none", &Config::amqp_heartbeat_seconds),
      number("amqp.consumer_timeout", "time in which a delivery must be acknowledged, seconds; 0: no limit",
             &Config::amqp_consumer_timeout_seconds),
      text("kafka.bind", "address for Kafka clients; '*' for all interfaces", &Config::kafka_bind),
      number("kafka.port", "port for Kafka clients; 0: any free one", &Config::kafka_port),
      text("kafka.advertise", "host:port told to Kafka clients; empty: the address they connected to",
           &Config::kafka_advertise),
      flag("kafka.auto_create_topics", "create a topic when a client asks for its metadata or produces to it",
           &Config::kafka_auto_create_topics),
      number("kafka.default_partitions", "partitions of a topic created without a count",
             &Config::kafka_default_partitions),
      bytes("kafka.max_request", "largest request, bytes or with KiB, MiB, GiB", &Config::kafka_max_request_bytes),
      number("kafka.idle_timeout", "silence after which a Kafka client is closed, seconds; 0: never",
             &Config::kafka_idle_timeout_seconds),
      number("groups.initial_delay", "how long the first members of a group wait for others, milliseconds",
             &Config::group_initial_delay_ms),
      number("groups.max_members", "most members of a group", &Config::group_max_members),
      number("groups.min_session", "shortest session time-out of a member, milliseconds",
             &Config::group_min_session_ms),
      number("groups.max_session", "longest session time-out of a member, milliseconds", &Config::group_max_session_ms),
      number("groups.offset_retention", "how long offsets of a group without members are kept, hours",
             &Config::group_offset_retention_hours),
      text("metrics.bind", "address of the Prometheus page", &Config::metrics_bind),
      number("metrics.port", "port of the Prometheus page; 0: any free one", &Config::metrics_port),
      number("limits.connections", "most client connections at a time", &Config::max_connections),
      number("limits.virtual_hosts", "most virtual hosts", &Config::max_virtual_hosts),
      number("limits.users", "most users", &Config::max_users),
      number("limits.exchanges", "most exchanges, predeclared ones included", &Config::max_exchanges),
      number("limits.queues", "most queues and streams", &Config::max_queues),
      number("limits.bindings", "most bindings", &Config::max_bindings),
      number("limits.topics", "most Kafka topics", &Config::max_topics),
      number("limits.partitions", "most partitions of all topics", &Config::max_partitions),
      bytes("limits.message", "largest message", &Config::max_message_bytes),
      bytes("limits.unacknowledged", "memory for what clients of one queue hold unacknowledged",
            &Config::unacknowledged_bytes),
      bytes("limits.memory", "message bytes in memory before publishers are slowed; 0: 40 % of the machine's memory",
            &Config::memory_limit_bytes),
      bytes("limits.disk_free", "free disk space below which publishes are refused", &Config::disk_free_limit_bytes),
      choice("storage.durability", "when a message counts as stored", &Config::durability, {"sync", "os"}),
      flag("storage.accept_catalog_damage",
           "start although the catalog is damaged; what it has lost is then deleted, see docs/operations.md",
           &Config::accept_catalog_damage),
      bytes("storage.journal_file", "size of a journal file", &Config::journal_file_bytes),
      bytes("storage.segment", "size of a log segment", &Config::segment_bytes),
      list("auth.loopback_users", "users that may connect from this machine only, separated by commas",
           &Config::loopback_users),
      number("shutdown_grace", "seconds given to clients to take what is pending at a stop",
             &Config::shutdown_grace_seconds),
  };
  return all;
}

std::string flag_name(const Setting& setting) {
  std::string name = "--" + setting.key;
  std::replace_if(name.begin(), name.end(), [](char c) { return c == '.' || c == '_'; }, '-');
  return name;
}

std::string environment_name(const Setting& setting) {
  std::string name = "MILLRACE_" + setting.key;
  std::replace(name.begin(), name.end(), '.', '_');
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
  return name;
}

const Setting& nearest_setting(const std::string& key) {
  const auto& all = settings();
  return *std::min_element(all.begin(), all.end(), [&](const Setting& a, const Setting& b) {
    return edit_distance(key, a.key) < edit_distance(key, b.key);
  });
}

namespace {

/// Nothing for what no setting has: a fraction, a time, a list in a list.
std::optional<std::string> text_of(const toml::node& node) {
  if (const auto* s = node.as_string()) return s->get();
  if (const auto* n = node.as_integer()) return std::to_string(n->get());
  if (const auto* b = node.as_boolean()) return b->get() ? "true" : "false";
  return std::nullopt;
}

std::optional<std::string> text_of(const toml::node& node, const Setting& setting) {
  const auto* array = node.as_array();
  if (array == nullptr) return text_of(node);
  if (!setting.is_list) return std::nullopt;
  std::string joined;
  for (const auto& element : *array) {
    const auto text = text_of(element);
    if (!text.has_value()) return std::nullopt;
    joined += (joined.empty() ? "" : ",") + *text;
  }
  return joined;
}

Result<void> load_table(Config& config, const toml::table& table, const std::string& prefix) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    if (const auto* inner = node.as_table()) {
      if (auto loaded = load_table(config, *inner, key + "."); !loaded.has_value()) return loaded;
      continue;
    }
    const Setting* setting = find_setting(key);
    if (setting == nullptr) return unknown(key, key);
    const auto text = text_of(node, *setting);
    if (!text.has_value()) {
      return fail(
          ConfigErrc::bad_value,
          fmt::format("{}: {} is expected", key, setting->is_list ? "a list of texts" : "one text or whole number"));
    }
    if (auto set = setting->set(config, *text); !set.has_value()) return set;
  }
  return {};
}

}  // namespace

Result<void> load_file(Config& config, const std::string& path) {
  try {
    const toml::table table = toml::parse_file(path);
    auto loaded = load_table(config, table, "");
    if (!loaded.has_value()) return fail(loaded.error().code, path + ": " + loaded.error().detail);
    return {};
  } catch (const toml::parse_error& error) {
    const auto line = error.source().begin.line;  // 0: the file was not opened
    return fail(ConfigErrc::unreadable, fmt::format("{}{}: {}", path, line == 0 ? "" : fmt::format(":{}", line),
                                                    std::string(error.description())));
  }
}

namespace {

constexpr std::string_view kPrefix = "MILLRACE_";
/// What the command line tool reads.
constexpr std::string_view kToolPrefix = "MILLRACE_CLI_";

/// Kubernetes tells each container about the services of its namespace. Of one with the name "millrace", or one that
/// begins so, these names begin like ours: MILLRACE_SERVICE_HOST, MILLRACE_SERVICE_PORT_AMQP, MILLRACE_PORT,
/// MILLRACE_PORT_5672_TCP_ADDR, and MILLRACE_AMQP_PORT=tcp://10.0.0.1:5672 of the service "millrace-amqp".
bool describes_a_service(std::string_view name, std::string_view value) {
  const std::string_view rest = name.substr(kPrefix.size());
  if (rest == "PORT" || rest.starts_with("PORT_") || rest.starts_with("SERVICE_")) return true;
  if (rest.ends_with("_SERVICE_HOST") || rest.ends_with("_SERVICE_PORT")) return true;
  if (rest.find("_SERVICE_PORT_") != std::string_view::npos) return true;
  const std::size_t port = rest.find("_PORT_");
  if (port != std::string_view::npos && port + 6 < rest.size()) return rest[port + 6] >= '0' && rest[port + 6] <= '9';
  return rest.ends_with("_PORT") && value.find("://") != std::string_view::npos;
}

}  // namespace

Result<void> load_environment(Config& config, const std::vector<std::pair<std::string, std::string>>& environment) {
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(kPrefix) || name.starts_with(kToolPrefix)) continue;
    if (name == "MILLRACE_CONFIG" || describes_a_service(name, value)) continue;
    const auto& all = settings();
    const auto it = std::find_if(all.begin(), all.end(), [&](const Setting& s) { return environment_name(s) == name; });
    if (it == all.end()) {
      std::string key = name.substr(kPrefix.size());
      std::transform(key.begin(), key.end(), key.begin(), [](unsigned char c) { return std::tolower(c); });
      return fail(ConfigErrc::unknown_key, fmt::format("unknown environment variable '{}'; did you mean '{}'?", name,
                                                       environment_name(nearest_setting(key))));
    }
    if (auto set = it->set(config, value); !set.has_value()) return set;
  }
  return {};
}

namespace {

Result<void> in_range(const char* key, std::uint64_t value, std::uint64_t least, std::uint64_t most,
                      const char* expected) {
  if (value >= least && value <= most) return {};
  return fail(ConfigErrc::bad_value, fmt::format("{}: {}", key, expected));
}

constexpr std::uint64_t mebi(std::uint64_t count) {
  return count << 20;
}
constexpr std::uint64_t kAny = std::numeric_limits<std::uint64_t>::max();

Result<void> validate_ranges(const Config& c) {
  const Result<void> all[] = {
      in_range("shards", c.shards, 0, 64, "0 to 64"),
      in_range("amqp.frame_max", c.amqp_frame_max, 8192, mebi(16), "8192 to 16777216 bytes"),
      in_range("amqp.channel_max", c.amqp_channel_max, 1, 65535, "1 to 65535"),
      in_range("kafka.default_partitions", c.kafka_default_partitions, 1, 10000, "1 to 10000"),
      in_range("kafka.max_request", c.kafka_max_request_bytes, 4096, mebi(1024), "4KiB to 1GiB"),
      in_range("kafka.idle_timeout", c.kafka_idle_timeout_seconds, 0, 2'000'000, "0 to 2000000 seconds"),
      in_range("groups.initial_delay", c.group_initial_delay_ms, 0, 60'000, "0 to 60000 milliseconds"),
      in_range("groups.max_members", c.group_max_members, 1, 100'000, "1 to 100000"),
      in_range("groups.min_session", c.group_min_session_ms, 1, 86'400'000, "1 to 86400000 milliseconds"),
      in_range("groups.max_session", c.group_max_session_ms, 1, 86'400'000, "1 to 86400000 milliseconds"),
      in_range("groups.offset_retention", c.group_offset_retention_hours, 1, 876'000, "1 to 876000 hours"),
      in_range("limits.connections", c.max_connections, 1, 1'000'000, "1 to 1000000"),
      in_range("limits.virtual_hosts", c.max_virtual_hosts, 1, 100'000'000, "1 to 100000000"),
      in_range("limits.users", c.max_users, 1, 100'000'000, "1 to 100000000"),
      in_range("limits.exchanges", c.max_exchanges, 7, 100'000'000, "7 to 100000000"),
      in_range("limits.queues", c.max_queues, 1, 100'000'000, "1 to 100000000"),
      in_range("limits.bindings", c.max_bindings, 1, 100'000'000, "1 to 100000000"),
      in_range("limits.topics", c.max_topics, 1, 100'000'000, "1 to 100000000"),
      in_range("limits.partitions", c.max_partitions, 1, 100'000'000, "1 to 100000000"),
      in_range("limits.message", c.max_message_bytes, 1, mebi(120), "1 byte to 120MiB"),
      in_range("limits.unacknowledged", c.unacknowledged_bytes, 4096, kAny, "at least 4KiB"),
      in_range("storage.journal_file", c.journal_file_bytes, mebi(1), mebi(1024), "1MiB to 1GiB"),
      in_range("storage.segment", c.segment_bytes, mebi(1), mebi(64 * 1024), "1MiB to 64GiB"),
      in_range("shutdown_grace", c.shutdown_grace_seconds, 0, 3600, "0 to 3600 seconds"),
  };
  for (const Result<void>& each : all) {
    if (!each.has_value()) return each;
  }
  if (c.group_min_session_ms > c.group_max_session_ms) {
    return fail(ConfigErrc::bad_value, "groups.min_session is longer than groups.max_session");
  }
  if (c.memory_limit_bytes == 0) return {};
  return in_range("limits.memory", c.memory_limit_bytes, mebi(16), kAny, "0 or at least 16MiB");
}

Result<void> validate_ports(const Config& c) {
  struct Port {
    const char* key;
    const std::string& bind;
    std::uint16_t port;
  };
  const Port all[] = {{"amqp.port", c.amqp_bind, c.amqp_port},
                      {"kafka.port", c.kafka_bind, c.kafka_port},
                      {"metrics.port", c.metrics_bind, c.metrics_port}};
  for (const Port& a : all) {
    for (const Port& b : all) {
      if (&a >= &b || a.port == 0 || a.port != b.port) continue;
      if (a.bind != b.bind && a.bind != "*" && b.bind != "*") continue;
      return fail(ConfigErrc::bad_value, fmt::format("{} and {} are both {}", a.key, b.key, a.port));
    }
  }
  return {};
}

}  // namespace

Result<void> validate(const Config& config) {
  if (config.data_dir.empty()) return fail(ConfigErrc::bad_value, "data_dir must not be empty");
  for (const auto& [key, bind] : {std::pair("amqp.bind", config.amqp_bind), std::pair("kafka.bind", config.kafka_bind),
                                  std::pair("metrics.bind", config.metrics_bind)}) {
    if (bind.empty()) {
      return fail(ConfigErrc::bad_value, fmt::format("{} must not be empty; '*' stands for all interfaces", key));
    }
  }
  if (auto checked = validate_ranges(config); !checked.has_value()) return checked;
  if (auto checked = validate_ports(config); !checked.has_value()) return checked;
  if (!config.kafka_advertise.empty()) {
    const auto advertised = parse_host_port("kafka.advertise", config.kafka_advertise);
    if (!advertised.has_value()) return std::unexpected(advertised.error());
    if (is_any_address(advertised->host)) {
      return fail(ConfigErrc::bad_value, fmt::format("kafka.advertise: '{}' stands for all addresses of a machine; "
                                                     "clients cannot connect to it",
                                                     config.kafka_advertise));
    }
  }
  return {};
}

}  // namespace millrace::server
