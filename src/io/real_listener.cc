#include "io/real_listener.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "base/log.h"
#include "io/descriptor_watch.h"
#include "io/real_socket.h"
#include "io/system_error.h"

namespace millrace::io {

namespace {

constexpr int kBacklog = 1024;
/// Connections taken per turn from one address, so that a storm of them does not stop the others' work.
constexpr int kAcceptsPerTurn = 64;
/// The pause after the process ran out of descriptors.
constexpr base::Nanos kRetryDelay{100'000'000};

bool is_any(const std::string& host) {
  return host.empty() || host == "*";
}

std::string describe(const Endpoint& endpoint) {
  return fmt::format("{}:{}", is_any(endpoint.host) ? "*" : endpoint.host, endpoint.port);
}

Result<std::vector<Address>> resolve(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(endpoint.port);
  const int status = ::getaddrinfo(endpoint.host.c_str(), port.c_str(), &hints, &found);
  if (status != 0) {
    return base::fail(IoErrc::not_found, fmt::format("cannot resolve {}: {}", endpoint.host, ::gai_strerror(status)));
  }
  std::vector<Address> addresses;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) addresses.emplace_back(at->ai_addr, at->ai_addrlen);
  ::freeaddrinfo(found);
  return addresses;
}

Address any_address(int family, std::uint16_t port) {
  sockaddr_in6 raw{};  // all zeros but the family: "any" in both families
  raw.sin6_family = static_cast<sa_family_t>(family);
  Address address(reinterpret_cast<const sockaddr*>(&raw), sizeof raw);
  address.set_port(port);
  return address;
}

/// A listening descriptor, or -1 with errno. With `dual` an IPv6 socket takes IPv4 connections too.
int listen_on(const Address& address, bool dual) {
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  const int v6_only = dual ? 0 : 1;
  (void)::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.family() == AF_INET6) (void)::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only);
  if (::bind(fd, address.raw(), address.length()) == 0 && ::listen(fd, kBacklog) == 0) return fd;
  const int error_number = errno;
  ::close(fd);
  errno = error_number;
  return -1;
}

bool out_of_resources(int error_number) {
  return error_number == EMFILE || error_number == ENFILE || error_number == ENOBUFS || error_number == ENOMEM;
}

}  // namespace

class RealListener::Acceptor final : public ReadyHandler, private LoopNode {
 public:
  Acceptor(RealListener& listener, RealLoop& loop, int fd)
      : listener_(listener), loop_(loop), watch_(loop, fd, static_cast<ReadyHandler*>(this)) {
    loop_.want_turn_end(this, end_slot_);
  }
  ~Acceptor() override { loop_.forget_turn_end(end_slot_); }

  void on_readable() override {
    for (int i = 0; i < kAcceptsPerTurn; ++i) {
      sockaddr_storage storage{};
      socklen_t length = sizeof storage;
      const int fd =
          ::accept4(watch_.fd(), reinterpret_cast<sockaddr*>(&storage), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        warned_ = false;
        const Address peer(reinterpret_cast<sockaddr*>(&storage), length);
        if (!hand_over(std::make_unique<RealPending>(fd, peer))) return;
        continue;
      }
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      if (out_of_resources(errno)) {
        retry_later(errno);
        return;
      }
      // Anything else concerns the one connection that was to be accepted.
    }
    loop_.want_turn_end(this, end_slot_);
  }
  void on_writable() override {}
  void at_turn_end() override { watch_.wait_readable(); }
  void at_turn_start() override {}

 private:
  /// False when the callback destroyed the listener.
  bool hand_over(std::unique_ptr<RealPending> pending) {
    bool destroyed = false;
    listener_.destroyed_ = &destroyed;
    listener_.on_accept_(std::move(pending));
    if (destroyed) return false;
    listener_.destroyed_ = nullptr;
    return true;
  }

  void retry_later(int error_number) {
    // The connection waits in the backlog and stays readable: watching it on would spin.
    if (!warned_) base::log::error("cannot accept connections: {}; trying again", system_text(error_number));
    warned_ = true;
    retry_ = loop_.call_after(kRetryDelay, [this] { loop_.want_turn_end(this, end_slot_); });
  }

  RealListener& listener_;
  RealLoop& loop_;
  DescriptorWatch watch_;
  std::size_t end_slot_ = NodeList::kAbsent;
  Timer retry_;
  bool warned_ = false;
};

RealListener::RealListener(AcceptCallback on_accept) : on_accept_(std::move(on_accept)) {}

RealListener::~RealListener() {
  if (destroyed_ != nullptr) *destroyed_ = true;
}

Result<std::unique_ptr<Listener>> RealListener::open(RealLoop& loop, const Endpoint& endpoint,
                                                     AcceptCallback on_accept) {
  std::unique_ptr<RealListener> listener(new RealListener(std::move(on_accept)));
  std::vector<Address> addresses;
  const bool any = is_any(endpoint.host);
  if (any) {
    addresses = {any_address(AF_INET6, endpoint.port), any_address(AF_INET, endpoint.port)};
  } else {
    auto resolved = resolve(endpoint);
    if (!resolved) return std::unexpected(resolved.error());
    addresses = std::move(*resolved);
  }
  int error_number = EADDRNOTAVAIL;
  for (Address& address : addresses) {
    if (listener->port_ != 0) address.set_port(listener->port_);
    const int fd = listen_on(address, any);
    if (fd < 0) {
      error_number = errno;
      // Machines without IPv6 often still resolve names to it; a port in use is an error all the same.
      if (error_number == EAFNOSUPPORT || error_number == EADDRNOTAVAIL) continue;
      return std::unexpected(system_error(error_number, "listen on", describe(endpoint)));
    }
    listener->port_ = Address::local_of(fd).port();
    listener->acceptors_.push_back(std::make_unique<Acceptor>(*listener, loop, fd));
    if (any) break;  // the IPv6 socket takes both families
  }
  if (listener->acceptors_.empty()) {
    return std::unexpected(system_error(error_number, "listen on", describe(endpoint)));
  }
  return std::unique_ptr<Listener>(std::move(listener));
}

}  // namespace millrace::io
