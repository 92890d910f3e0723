#include "amqp_load/link.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace millrace::bench {

namespace {

constexpr int kSocketBuffer = 1 << 20;

}  // namespace

std::uint64_t clock_nanos() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(time.tv_nsec);
}

void die(const std::string& why) {
  std::fprintf(stderr, "amqp-load: %s\n", why.c_str());
  std::exit(1);
}

Link::Link(int descriptor, std::size_t buffer_size) : descriptor_(descriptor), in_(buffer_size) {
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &kSocketBuffer, sizeof kSocketBuffer);
  fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  out_.reserve(buffer_size);
}

Link::~Link() {
  ::close(descriptor_);
}

void Link::flush() {
  while (pending() > 0) {
    const ssize_t count = ::send(descriptor_, out_.data() + sent_, pending(), MSG_NOSIGNAL);
    if (count < 0) {
      if (errno == EAGAIN || errno == EINTR) {
        if (sent_ >= kBufferSize / 2) {
          out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(sent_));
          sent_ = 0;
        }
        return;
      }
      die(std::string("sending: ") + std::strerror(errno));
    }
    sent_ += static_cast<std::size_t>(count);
  }
  out_.clear();
  sent_ = 0;
}

bool Link::read_once() {
  if (begin_ > 0) {
    std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const ssize_t count = ::recv(descriptor_, in_.data() + end_, in_.size() - end_, 0);
  if (count == 0) return false;
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  end_ += static_cast<std::size_t>(count);
  return true;
}

}  // namespace millrace::bench
