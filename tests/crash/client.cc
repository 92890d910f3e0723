#include "client.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

namespace millrace::crash {

namespace amqp = wire::amqp091;

namespace {

constexpr std::size_t kReadSize = 1 << 18;

bool has_content(amqp::Method method) {
  return method == amqp::Method::basic_deliver || method == amqp::Method::basic_return ||
         method == amqp::Method::basic_get_ok;
}

}  // namespace

Client::Client(std::uint16_t port) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // The socket interface takes every address family through this one type.
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw ConnectionLost("connect failed");
  }
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  handshake();
}

Client::~Client() {
  if (fd_ >= 0) ::close(fd_);
}

void Client::handshake() {
  out_.insert(out_.end(), std::begin(amqp::kProtocolHeader), std::end(amqp::kProtocolHeader));
  flush();
  wait_for(amqp::Method::connection_start);
  amqp::ConnectionStartOk start;
  const std::string plain("\0guest\0guest", 12);
  start.response = plain;
  amqp::append_method(out_, 0, start);
  flush();
  const Event tune_event = wait_for(amqp::Method::connection_tune);
  const auto tune = tune_event.as<amqp::ConnectionTune>();
  if (tune.frame_max != 0 && tune.frame_max < frame_max_) frame_max_ = tune.frame_max;
  amqp::ConnectionTuneOk tune_ok;
  tune_ok.channel_max = tune.channel_max;
  tune_ok.frame_max = frame_max_;
  tune_ok.heartbeat = 0;
  amqp::append_method(out_, 0, tune_ok);
  amqp::append_method(out_, 0, amqp::ConnectionOpen{});
  flush();
  wait_for(amqp::Method::connection_open_ok);
  call<amqp::ChannelOpenOk>(amqp::ChannelOpen{});
}

void Client::add_publish(std::string_view queue, bytes::ByteView body, amqp::BasicProperties properties) {
  properties_.clear();
  bytes::Writer encoded(properties_);
  properties.delivery_mode = amqp::kDeliveryModePersistent;
  properties.encode(encoded);
  amqp::BasicPublish publish;
  publish.routing_key = queue;
  amqp::append_with_content(out_, kChannel, publish, {properties_, body}, frame_max_);
}

void Client::flush() {
  std::size_t sent = 0;
  while (sent < out_.size()) {
    pollfd watched{fd_, POLLIN | POLLOUT, 0};
    if (::poll(&watched, 1, -1) < 0 && errno != EINTR) throw ConnectionLost("poll failed");
    if ((watched.revents & (POLLIN | POLLHUP | POLLERR)) != 0) fill(0);
    if ((watched.revents & POLLOUT) == 0) continue;
    const ssize_t n = ::send(fd_, out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR) throw ConnectionLost("send failed");
    if (n > 0) sent += static_cast<std::size_t>(n);
  }
  out_.clear();
}

bool Client::fill(int wait_ms) {
  pollfd watched{fd_, POLLIN, 0};
  if (::poll(&watched, 1, wait_ms) <= 0) return false;
  const std::size_t before = in_.size();
  in_.resize(before + kReadSize);
  const ssize_t n = ::recv(fd_, in_.data() + before, kReadSize, MSG_DONTWAIT);
  in_.resize(before + (n > 0 ? static_cast<std::size_t>(n) : 0));
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) throw ConnectionLost("the server closed the connection");
  parse();
  return n > 0;
}

void Client::parse() {
  std::size_t done = 0;
  while (true) {
    const auto parsed = amqp::parse_frame(bytes::ByteView(in_).subspan(done), frame_max_);
    if (parsed.status == amqp::FrameStatus::malformed) throw Misbehaviour("malformed frame");
    if (parsed.status == amqp::FrameStatus::need_more) break;
    done += parsed.frame.size;
    if (parsed.frame.type == amqp::FrameType::method) {
      bytes::Reader in(parsed.frame.payload);
      const amqp::Method method = amqp::read_method(in);
      take_method(method, in);
    } else if (parsed.frame.type == amqp::FrameType::header) {
      const auto header = amqp::ContentHeader::decode(parsed.frame.payload);
      if (!header || !awaits_header_) throw Misbehaviour("unexpected or bad content header");
      awaits_header_ = false;
      body_left_ = header->body_size;
      open_.body.reserve(body_left_);
      if (body_left_ == 0) events_.push_back(std::move(open_));
    } else if (parsed.frame.type == amqp::FrameType::body) {
      if (parsed.frame.payload.size() > body_left_) throw Misbehaviour("more body than announced");
      open_.body.insert(open_.body.end(), parsed.frame.payload.begin(), parsed.frame.payload.end());
      body_left_ -= parsed.frame.payload.size();
      if (body_left_ == 0) events_.push_back(std::move(open_));
    }
  }
  in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(done));
}

void Client::take_method(amqp::Method method, bytes::Reader& in) {
  if (awaits_header_ || body_left_ != 0) throw Misbehaviour("a method inside a content");
  const auto rest = in.rest();
  Event event{method, {rest.begin(), rest.end()}, {}};
  if (method == amqp::Method::connection_close) {
    const auto close = event.as<amqp::ConnectionClose>();
    throw Misbehaviour("connection.close " + std::to_string(close.reply_code) + " " + std::string(close.reply_text));
  }
  if (method == amqp::Method::channel_close) {
    const auto close = event.as<amqp::ChannelClose>();
    throw Misbehaviour("channel.close " + std::to_string(close.reply_code) + " " + std::string(close.reply_text));
  }
  if (has_content(method)) {
    open_ = std::move(event);
    awaits_header_ = true;
  } else {
    events_.push_back(std::move(event));
  }
}

bool Client::next(Event& event, int wait_ms) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
  while (events_.empty()) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (!fill(left > 0 ? static_cast<int>(left) : 0) && left <= 0) return false;
  }
  event = std::move(events_.front());
  events_.pop_front();
  return true;
}

Event Client::wait_for(amqp::Method method) {
  std::size_t looked_at = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kAnswerMs);
  while (true) {
    for (; looked_at < events_.size(); ++looked_at) {
      if (events_[looked_at].method != method) continue;
      Event found = std::move(events_[looked_at]);
      events_.erase(events_.begin() + static_cast<std::ptrdiff_t>(looked_at));
      return found;
    }
    fill(100);
    if (std::chrono::steady_clock::now() > deadline) {
      throw Misbehaviour("no " + std::string(amqp::name_of(method)) + " within 30 s");
    }
  }
}

}  // namespace millrace::crash
