#pragma once

#include <cstdint>
#include <string>

#include "server/config.h"

namespace millrace::server {

struct HostPort {
  std::string host;  // a name, an IPv4 address, or an IPv6 address without its brackets
  std::uint16_t port = 0;
};

/// "broker.example.com:9092", "192.0.2.1:9092", "[2001:db8::1]:9092". The error names `key` and says what is expected.
Result<HostPort> parse_host_port(const std::string& key, const std::string& text);

}  // namespace millrace::server
