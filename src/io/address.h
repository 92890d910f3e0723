#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string>

namespace millrace::io {

/// An IPv4 or IPv6 address with a port. Internal to this module.
class Address {
 public:
  Address() = default;
  Address(const sockaddr* address, socklen_t length);
  static Address local_of(int fd);

  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t length() const;
  int family() const { return storage_.sin6_family; }
  std::uint16_t port() const;
  void set_port(std::uint16_t port);
  /// 127.0.0.0/8, ::1 and their mapped forms.
  bool is_loopback() const;
  /// "127.0.0.1:53412", "[::1]:53412"; an IPv4 address mapped into IPv6 is shown as IPv4.
  std::string to_string() const;

 private:
  /// The IPv4 address in host order, also of a mapped one; false when there is none.
  bool as_ipv4(std::uint32_t& address) const;

  // Large enough for both families, a quarter of sockaddr_storage.
  sockaddr_in6 storage_{};
};

}  // namespace millrace::io
