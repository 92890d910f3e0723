#include "amqp_load/null_sink.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <map>

#include "amqp_load/link.h"
#include "wire/amqp091/properties.h"

namespace millrace::bench {

namespace {

constexpr std::size_t kSinkOutputTarget = std::size_t{256} << 10;

/// A connection to the sink.
class Session {
 public:
  Session(int descriptor, std::uint64_t size) : link_(descriptor) {
    const bytes::ByteVector body(size, 0);
    wire::append_deliver(deliver_, 1, "c0", 0, false, "", "q", wire::kEmptyPropertyBlock, body, kFrameMax);
    // Frame header, method id and the consumer tag with its length stand before the delivery tag.
    tag_at_ = wire::kFrameHeaderSize + 4 + 3;
  }

  Link& link() { return link_; }
  bool consuming() const { return consuming_; }

  /// Handles what came; adds what was published to `pending`, the messages for consumers.
  bool read(std::uint64_t& pending) {
    if (!greeted_) return greet();
    const std::uint64_t before = published_;
    const bool open = link_.read_frames([this](const wire::Frame& frame) {
      if (frame.type == wire::FrameType::method) take(frame);
    });
    if (confirming_ && published_ != before) wire::append_method(link_.out(), 1, wire::BasicAck{published_, true});
    pending += published_ - before;
    link_.flush();
    return open;
  }

  void deliver(std::uint64_t& pending) {
    bytes::ByteVector& out = link_.out();
    const auto may_send = [&] { return pending > 0 && (limit_ == 0 || sent_ - acked_ < limit_); };
    // Until the socket takes no more: then it tells when it does again.
    while (may_send() && link_.pending() == 0) {
      while (may_send() && link_.pending() < kSinkOutputTarget) {
        const std::size_t at = out.size();
        out.insert(out.end(), deliver_.begin(), deliver_.end());
        bytes::store_be<std::uint64_t>(out.data() + at + tag_at_, ++sent_);
        --pending;
      }
      link_.flush();
    }
  }

 private:
  bool greet() {
    if (!link_.read_once()) return false;
    if (link_.input().size() < wire::kProtocolHeaderSize) return true;
    link_.drop(wire::kProtocolHeaderSize);
    greeted_ = true;
    wire::append_method(link_.out(), 0, wire::ConnectionStart{});
    link_.flush();
    return true;
  }

  void take(const wire::Frame& frame) {
    bytes::Reader in(frame.payload);
    const wire::Method method = wire::read_method(in);
    if (method == wire::Method::basic_publish) {
      ++published_;
    } else if (method == wire::Method::basic_ack) {
      const std::uint64_t tag = in.u64();
      acked_ = (in.u8() & 1) != 0 ? tag : acked_ + 1;
    } else {
      answer(frame.channel, method, in);
    }
  }

  template <class M>
  void say(std::uint16_t channel, const M& method) {
    wire::append_method(link_.out(), channel, method);
  }

  void answer(std::uint16_t channel, wire::Method method, bytes::Reader& in) {
    switch (method) {
      case wire::Method::connection_start_ok:
        return say(0, wire::ConnectionTune{2047, kFrameMax, 0});
      case wire::Method::connection_open:
        return say(0, wire::ConnectionOpenOk{});
      case wire::Method::connection_close:
        return say(0, wire::ConnectionCloseOk{});
      case wire::Method::channel_open:
        return say(channel, wire::ChannelOpenOk{});
      case wire::Method::exchange_declare:
        return say(channel, wire::ExchangeDeclareOk{});
      case wire::Method::queue_declare:
        return say(channel, wire::QueueDeclareOk{});
      case wire::Method::queue_bind:
        return say(channel, wire::QueueBindOk{});
      case wire::Method::queue_delete:
        return say(channel, wire::QueueDeleteOk{});
      case wire::Method::basic_qos:
        in.skip(4);
        limit_ = in.u16();
        return say(channel, wire::BasicQosOk{});
      case wire::Method::confirm_select:
        confirming_ = true;
        if ((in.u8() & 1) == 0) say(channel, wire::ConfirmSelectOk{});
        return;
      case wire::Method::basic_consume:
        consuming_ = true;
        return;
      default:
        return;
    }
  }

  Link link_;
  bytes::ByteVector deliver_;
  std::size_t tag_at_ = 0;
  bool greeted_ = false;
  bool confirming_ = false;
  bool consuming_ = false;
  std::uint64_t limit_ = 0;
  std::uint64_t published_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t acked_ = 0;
};

int listen_on(std::uint16_t port, std::uint16_t& bound) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(descriptor, generic, sizeof address) != 0 || ::listen(descriptor, 1024) != 0) die("cannot listen");
  socklen_t size = sizeof address;
  getsockname(descriptor, generic, &size);
  bound = ntohs(address.sin_port);
  return descriptor;
}

void watch(int epoll, int descriptor, std::uint32_t events, int operation) {
  epoll_event event{};
  event.events = events;
  event.data.fd = descriptor;
  epoll_ctl(epoll, operation, descriptor, &event);
}

}  // namespace

void run_null_sink(const Options& options) {
  std::uint16_t port = 0;
  const int listener = listen_on(options.port, port);
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, listener, EPOLLIN, EPOLL_CTL_ADD);
  watch(epoll, STDIN_FILENO, EPOLLIN, EPOLL_CTL_ADD);
  std::printf("null-sink ready amqp=127.0.0.1:%u\n", unsigned{port});
  std::fflush(stdout);
  std::map<int, std::unique_ptr<Session>> sessions;
  std::uint64_t pending = 0;
  for (;;) {
    epoll_event events[64];
    const int ready = epoll_wait(epoll, events, 64, -1);
    for (int i = 0; i < ready; ++i) {
      const int descriptor = events[i].data.fd;
      if (descriptor == STDIN_FILENO) return;
      if (descriptor == listener) {
        const int accepted = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (accepted < 0) continue;
        sessions[accepted] = std::make_unique<Session>(accepted, options.size);
        watch(epoll, accepted, EPOLLIN, EPOLL_CTL_ADD);
        continue;
      }
      Session& session = *sessions.at(descriptor);
      session.link().flush();
      if (!session.read(pending)) sessions.erase(descriptor);
    }
    for (const auto& [descriptor, session] : sessions) {
      if (session->consuming()) session->deliver(pending);
      watch(epoll, descriptor, EPOLLIN | (session->link().pending() > 0 ? EPOLLOUT : 0U), EPOLL_CTL_MOD);
    }
    if (sessions.empty()) pending = 0;
  }
}

}  // namespace millrace::bench
