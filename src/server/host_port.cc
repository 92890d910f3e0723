#include "server/host_port.h"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <charconv>

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

bool is_ipv6(const std::string& host) {
  in6_addr ignored{};
  return ::inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
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

}  // namespace millrace::server
