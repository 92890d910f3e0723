#include "server/host_port.h"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstring>
#include <optional>

namespace millrace::server {

using base::fail;

namespace {

constexpr std::size_t kMaxHost = 253;  // of a name in the DNS, RFC 1035 section 2.3.4

std::unexpected<ConfigError> refuse(const std::string& key, const std::string& text, const char* why) {
  return fail(ConfigErrc::bad_value,
              fmt::format("{}: '{}' is not an address like host:9092 or [2001:db8::1]:9092: {}", key, text, why));
}

bool is_name(const std::string& host) {
  return !host.empty() && host.size() <= kMaxHost && std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_';
  });
}

bool as_ipv6(const std::string& host, in6_addr& address) {
  return ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool is_ipv6(const std::string& host) {
  in6_addr ignored{};
  return as_ipv6(host, ignored);
}

/// An IPv4 address in host order, also one mapped into IPv6.
std::optional<std::uint32_t> as_ipv4(const std::string& host) {
  in_addr four{};
  if (::inet_pton(AF_INET, host.c_str(), &four) == 1) return ntohl(four.s_addr);
  in6_addr six{};
  if (!as_ipv6(host, six) || !IN6_IS_ADDR_V4MAPPED(&six)) return std::nullopt;
  std::uint32_t mapped = 0;
  std::memcpy(&mapped, six.s6_addr + 12, sizeof(mapped));
  return ntohl(mapped);
}

}  // namespace

Result<HostPort> parse_host_port(const std::string& key, const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (is_ipv6(text)) return refuse(key, text, "an IPv6 address needs brackets and a port");
  if (colon == std::string::npos || text.ends_with(']')) return refuse(key, text, "the port is missing");
  HostPort result;
  result.host = text.substr(0, colon);
  if (result.host.starts_with('[') && result.host.ends_with(']')) {
    result.host = result.host.substr(1, result.host.size() - 2);
    if (!is_ipv6(result.host)) return refuse(key, text, "there is no IPv6 address between the brackets");
  } else if (is_ipv6(result.host)) {
    return refuse(key, text, "an IPv6 address needs brackets");
  } else if (!is_name(result.host)) {
    return refuse(key, text, "there is no name or address of a host before the port");
  }
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, result.port);
  if (parsed.ec != std::errc() || parsed.ptr != end || result.port == 0) {
    return refuse(key, text, "the port is not a number from 1 to 65535");
  }
  return result;
}

bool is_any_address(const std::string& host) {
  if (host.empty() || host == "*" || as_ipv4(host) == 0U) return true;
  in6_addr six{};
  return as_ipv6(host, six) && IN6_IS_ADDR_UNSPECIFIED(&six);
}

bool is_loopback_name(const std::string& host) {
  std::string lower = host;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (lower == "localhost" || lower == "localhost." || lower.ends_with(".localhost")) return true;
  if (const auto four = as_ipv4(host)) return *four >> 24 == 127;
  in6_addr six{};
  return as_ipv6(host, six) && IN6_IS_ADDR_LOOPBACK(&six);
}

AddressNotice kafka_address_notice(const Config& config) {
  const bool local = is_loopback_name(config.kafka_bind);
  const auto advertised = parse_host_port("kafka.advertise", config.kafka_advertise);
  if (!config.kafka_advertise.empty() && advertised.has_value()) {
    if (local || !is_loopback_name(advertised->host)) return {};
    return {true, fmt::format("Kafka clients are told to connect to {}, which works on this machine only: to clients "
                              "elsewhere it is their own; set kafka.advertise to an address that they can reach",
                              config.kafka_advertise)};
  }
  if (local) {
    return {false,
            fmt::format("Kafka clients can connect from this machine only: kafka.bind is {}", config.kafka_bind)};
  }
  return {false,
          "Kafka clients are told the address they connected to; set kafka.advertise when that does not work "
          "from where they are"};
}

}  // namespace millrace::server
