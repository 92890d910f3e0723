#include "io/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace millrace::io {

Address::Address(const sockaddr* address, socklen_t length) {
  std::memcpy(&storage_, address, std::min<std::size_t>(length, sizeof storage_));
}

Address Address::local_of(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  return Address(reinterpret_cast<sockaddr*>(&storage), length);
}

socklen_t Address::length() const {
  return family() == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}

// sin_port and sin6_port lie at the same place.
std::uint16_t Address::port() const {
  return ntohs(storage_.sin6_port);
}
void Address::set_port(std::uint16_t port) {
  storage_.sin6_port = htons(port);
}

bool Address::as_ipv4(std::uint32_t& address) const {
  in_addr v4{};
  if (family() == AF_INET) {
    std::memcpy(&v4, &reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr, sizeof v4);
  } else if (family() == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&storage_.sin6_addr)) {
    std::memcpy(&v4, storage_.sin6_addr.s6_addr + 12, sizeof v4);
  } else {
    return false;
  }
  address = ntohl(v4.s_addr);
  return true;
}

bool Address::is_loopback() const {
  std::uint32_t v4 = 0;
  if (as_ipv4(v4)) return v4 >> 24 == 127;
  return family() == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&storage_.sin6_addr);
}

std::string Address::to_string() const {
  std::uint32_t v4 = 0;
  if (as_ipv4(v4)) return fmt::format("{}.{}.{}.{}:{}", v4 >> 24, v4 >> 16 & 255, v4 >> 8 & 255, v4 & 255, port());
  if (family() != AF_INET6) return "unknown";
  char text[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(AF_INET6, &storage_.sin6_addr, text, sizeof text);
  return fmt::format("[{}]:{}", text, port());
}

}  // namespace millrace::io
