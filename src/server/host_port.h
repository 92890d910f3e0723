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

/// 0.0.0.0, ::, and the like: an address to listen on, but none to connect to.
bool is_any_address(const std::string& host);
/// localhost, 127.0.0.0/8, ::1.
bool is_loopback_name(const std::string& host);

/// What to tell about where Kafka clients can connect from, since clients connect a second time to the address they
/// are told; `wrong`: clients from elsewhere are sent astray.
struct AddressNotice {
  bool wrong = false;
  std::string text;
};
AddressNotice kafka_address_notice(const Config& config);

}  // namespace millrace::server
