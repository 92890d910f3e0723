#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace millrace::bench {

/// What to do; options.cc says what each means on the command line.
struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 5672;
  std::string user = "guest";
  std::string password = "guest";
  std::string virtual_host = "/";

  bool null_sink = false;
  std::string task = "load";

  std::uint64_t producers = 1;
  std::uint64_t consumers = 1;
  std::uint64_t queues = 1;
  std::string prefix = "bench";
  std::string queue_type;
  bool durable = false;
  bool fanout = false;
  std::uint64_t bindings = 0;
  std::uint64_t ttl_ms = 0;
  bool no_declare = false;
  bool delete_first = false;
  bool delete_after = false;

  std::uint64_t size = 16;
  bool persistent = false;
  std::uint64_t window = 0;
  std::uint64_t prefetch = 0;
  bool auto_ack = false;
  std::uint64_t ack_multiple = 1;
  std::uint64_t max_ahead = 0;
  std::uint64_t rate = 0;

  std::uint64_t count = 0;
  std::uint64_t seconds = 10;
  std::uint64_t warmup = 0;
  std::uint64_t drain_seconds = 60;
  bool latency = false;
  bool wait = false;
  std::uint64_t watch_pid = 0;

  /// Deliveries that each published message leads to.
  std::uint64_t copies() const { return fanout ? queues : 1; }
  std::string queue_name(std::uint64_t number) const { return prefix + "-" + std::to_string(number); }
  std::string exchange_name() const {
    if (bindings > 0) return prefix + "-topic";
    return fanout ? prefix + "-fanout" : std::string();
  }
  std::string binding_key(std::uint64_t number) const { return "bench." + std::to_string(number) + ".*"; }
  /// How many different routing keys a producer uses in turn, and the one with a number.
  std::uint64_t keys() const {
    constexpr std::uint64_t kMostKeys = 1000;
    if (bindings > 0) return bindings < kMostKeys ? bindings : kMostKeys;
    return fanout ? 1 : queues;
  }
  std::string routing_key(std::uint64_t number) const {
    if (bindings > 0) return "bench." + std::to_string(number * bindings / keys()) + ".x";
    return fanout ? std::string() : queue_name(number);
  }
};

/// Fills `options` from the command line. An empty text when that worked, else what is wrong (or the help).
std::string parse_options(const std::vector<std::string>& arguments, Options& options);

}  // namespace millrace::bench
