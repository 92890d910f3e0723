#include "transport.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

namespace millrace::client {

namespace {

constexpr std::size_t kReadSize = std::size_t{64} << 10;

std::string reason() {
  return std::strerror(errno);  // NOLINT(concurrency-mt-unsafe): one thread uses a connection
}

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

}  // namespace

base::Nanos now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return base::Nanos(time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec);
}

Transport::~Transport() {
  shut();
}

void Transport::shut() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

Result<void> Transport::adopt(int descriptor) {
  descriptor_ = descriptor;
  const int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0) return fail(Errc::connect_failed, reason());
  last_sent_ = last_received_ = now();
  return {};
}

Result<void> Transport::connect(const std::string& host, std::uint16_t port, base::Millis timeout) {
  const base::Nanos deadline = now() + base::to_nanos(timeout);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (status != 0) return fail(Errc::bad_argument, host + ": " + gai_strerror(status));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, freeaddrinfo);
  std::string last = "no address";
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    shut();
    const int type = at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK;
    descriptor_ = ::socket(at->ai_family, type, at->ai_protocol);
    if (descriptor_ >= 0) {
      int error = ::connect(descriptor_, at->ai_addr, at->ai_addrlen) == 0 ? 0 : errno;
      if (error == EINPROGRESS) {
        const auto events = wait(POLLOUT, deadline);
        if (events.has_value() && *events == 0) return fail(Errc::connect_failed, host + ": no answer in time");
        socklen_t size = sizeof error;
        getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size);
      }
      if (error == 0) {
        const int on = 1;
        setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        return adopt(descriptor_);
      }
      errno = error;
    }
    last = reason();
  }
  shut();
  return fail(Errc::connect_failed, host + ":" + std::to_string(port) + ": " + last);
}

Result<short> Transport::wait(short events, base::Nanos deadline) {
  for (;;) {
    pollfd watched{descriptor_, events, 0};
    const base::Nanos left = deadline - now();
    // Rounded up, so that the deadline has passed when poll() times out.
    const std::int64_t millis = left.value <= 0 ? 0 : std::min<std::int64_t>(left.value / 1'000'000 + 1, 3'600'000);
    const int ready = ::poll(&watched, 1, static_cast<int>(millis));
    if (ready > 0) return watched.revents;
    if (ready < 0 && errno != EINTR) return fail(Errc::connection_lost, reason());
    if (now() >= deadline) return short{0};
  }
}

Result<void> Transport::read_available() {
  if (input_start_ > 0 && input_start_ >= input_.size() / 2) {
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(input_start_));
    input_start_ = 0;
  }
  const std::size_t before = input_.size();
  input_.resize(before + kReadSize);
  const ssize_t got = ::recv(descriptor_, input_.data() + before, kReadSize, 0);
  input_.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
  if (got == 0) return fail(Errc::connection_lost, "the server ended the connection");
  if (got < 0 && !would_block()) return fail(Errc::connection_lost, reason());
  if (got > 0) last_received_ = now();
  return {};
}

void Transport::consume(std::size_t count) {
  input_start_ += count;
  if (input_start_ == input_.size()) {
    input_.clear();
    input_start_ = 0;
  }
}

Result<bool> Transport::receive(base::Nanos deadline) {
  if (!is_open()) return fail(Errc::connection_lost, "the connection is closed");
  const auto events = wait(POLLIN, deadline);
  if (!events.has_value()) return std::unexpected(events.error());
  if (*events == 0) return false;
  const std::size_t before = input().size();
  if (auto read = read_available(); !read.has_value()) return std::unexpected(read.error());
  return input().size() > before;
}

Result<void> Transport::flush(base::Nanos deadline) {
  if (!is_open()) return fail(Errc::connection_lost, "the connection is closed");
  std::size_t sent = 0;
  while (sent < output_.size()) {
    const ssize_t count = ::send(descriptor_, output_.data() + sent, output_.size() - sent, MSG_NOSIGNAL);
    if (count > 0) {
      sent += static_cast<std::size_t>(count);
      last_sent_ = now();
      continue;
    }
    if (!would_block()) return fail(Errc::connection_lost, reason());
    const auto events = wait(POLLIN | POLLOUT, deadline);
    if (!events.has_value()) return std::unexpected(events.error());
    if (*events == 0) return fail(Errc::timed_out, "the server does not read");
    if ((*events & POLLIN) != 0) {
      if (auto read = read_available(); !read.has_value()) return read;
    }
  }
  output_.clear();
  return {};
}

}  // namespace millrace::client
