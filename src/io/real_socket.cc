#include "io/real_socket.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/assert.h"
#include "io/system_error.h"

namespace millrace::io {

namespace {

constexpr std::size_t kPartsPerWrite = 64;
/// A leftover up to this size is copied in front of new input; a larger one grows at its own place.
constexpr std::size_t kCopiedLeftoverMax = std::size_t{64} << 10;

void set_option(int fd, int level, int name) {
  const int on = 1;
  // Without effect on a connection that is already gone; reading will tell.
  (void)::setsockopt(fd, level, name, &on, sizeof on);
}

bool would_block(int error_number) {
  return error_number == EAGAIN || error_number == EWOULDBLOCK || error_number == EINTR;
}

}  // namespace

RealPending::~RealPending() {
  if (fd_ >= 0) ::close(fd_);
}

int RealPending::release() {
  return std::exchange(fd_, -1);
}

RealSocket::RealSocket(RealLoop& loop, std::shared_ptr<SharedBuffers> buffers, int fd, const Address& peer)
    : loop_(loop),
      buffers_(std::move(buffers)),
      watch_(std::in_place, loop, fd, static_cast<ReadyHandler*>(this)),
      peer_(peer),
      local_(Address::local_of(fd)) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE);
}

RealSocket::~RealSocket() {
  if (destroyed_ != nullptr) *destroyed_ = true;
  loop_.forget_turn_end(end_slot_);
  loop_.forget_turn_start(start_slot_);
  output_.clear(buffers_->output);
  leftover_ = {};
  count_held();
}

void RealSocket::count_held() {
  const std::size_t held = output_.pending() + leftover_.size();
  buffers_->held += held;
  buffers_->held -= std::exchange(counted_, held);
}

void RealSocket::start(SocketHandler* handler) {
  MILLRACE_ASSERT(handler != nullptr);
  handler_ = handler;
  if (ended_) {
    loop_.want_turn_start(this, start_slot_);
  } else {
    loop_.want_turn_end(this, end_slot_);
  }
}

bytes::ByteVector& RealSocket::output() {
  loop_.want_turn_end(this, end_slot_);
  return output_.tail(buffers_->output);
}

void RealSocket::output_shared(bytes::SlabView part) {
  loop_.want_turn_end(this, end_slot_);
  output_.append_shared(std::move(part), buffers_->output);
}

void RealSocket::resume_reading() {
  if (!paused_) return;
  paused_ = false;
  if (ended_) return;
  // Also when on_data is running now: what it leaves is then shown again in the next turn.
  replay_ = true;
  loop_.want_turn_start(this, start_slot_);
  loop_.want_turn_end(this, end_slot_);
}

void RealSocket::close_after_flush() {
  if (closing_ || ended_) return;
  closing_ = true;
  leftover_ = {};
  limit_ = loop_.call_after(kFlushLimit, [this] { end("the peer did not take the output before the close"); });
  loop_.want_turn_end(this, end_slot_);
}

void RealSocket::end(std::string reason) {
  if (ended_) return;
  ended_ = true;
  end_reason_ = std::move(reason);
  limit_.cancel();
  output_.clear(buffers_->output);
  watch_.reset();
  loop_.want_turn_start(this, start_slot_);
}

bool RealSocket::call(void (*what)(RealSocket&)) {
  bool destroyed = false;
  destroyed_ = &destroyed;
  what(*this);
  if (destroyed) return false;
  destroyed_ = nullptr;
  return true;
}

void RealSocket::keep(bytes::ByteView rest) {
  if (rest.empty()) {
    leftover_ = {};
  } else {
    leftover_.assign(rest.begin(), rest.end());
  }
}

bool RealSocket::deliver(bytes::ByteView data, bool is_leftover) {
  bool destroyed = false;
  destroyed_ = &destroyed;
  const std::size_t consumed = handler_->on_data(data);
  if (destroyed) return false;
  destroyed_ = nullptr;
  MILLRACE_ASSERT(consumed <= data.size(), "{} of {} bytes consumed", consumed, data.size());
  if (closing_ || ended_) {
    leftover_ = {};
  } else if (!is_leftover) {
    keep(data.subspan(consumed));
  } else if (consumed == leftover_.size()) {
    leftover_ = {};
  } else if (consumed > 0) {
    leftover_.erase(leftover_.begin(), leftover_.begin() + static_cast<std::ptrdiff_t>(consumed));
    if (leftover_.capacity() > 2 * leftover_.size() + 4096) leftover_.shrink_to_fit();
  }
  return true;
}

void RealSocket::on_readable() {
  if (!wants_input()) return;
  bytes::ByteVector& buffer = buffers_->read;
  const bool in_place = !closing_ && leftover_.size() > kCopiedLeftoverMax;
  const std::size_t kept = in_place ? 0 : leftover_.size();
  const std::size_t room = std::min(buffer.size() - kept, buffers_->read_share.of_turn(loop_.counters().turns));
  const ssize_t received = ::recv(watch_->fd(), buffer.data() + kept, room, 0);
  if (received < 0 && !would_block(errno)) {
    end(system_text(errno));
    return;
  }
  if (received == 0) {
    at_end_of_input_ = true;
    // A closing connection still sends its output; the peer may have closed one direction only.
    if (!closing_ || sending_ended_) end(end_reason_);
    return;
  }
  loop_.want_turn_end(this, end_slot_);
  if (received < 0 || closing_) return;  // input of a closing connection is dropped
  const auto count = static_cast<std::size_t>(received);
  if (count == room) buffers_->read_share.took_all();
  if (in_place) {
    leftover_.insert(leftover_.end(), buffer.begin(), buffer.begin() + received);
    deliver(leftover_, true);
    return;
  }
  if (kept > 0) std::memcpy(buffer.data(), leftover_.data(), kept);
  deliver(bytes::ByteView(buffer).first(kept + count), false);
}

void RealSocket::on_writable() {
  loop_.want_turn_end(this, end_slot_);
}

void RealSocket::at_turn_start() {
  if (handler_ == nullptr) return;
  if (std::exchange(drained_, false) && !ended_) {
    if (!call([](RealSocket& socket) { socket.handler_->on_drained(); })) return;
  }
  if (std::exchange(replay_, false) && !leftover_.empty() && !paused_ && !closing_ && !ended_) {
    if (!deliver(leftover_, true)) return;
  }
  if (ended_ && handler_ != nullptr) {
    SocketHandler* handler = std::exchange(handler_, nullptr);
    const std::string reason = std::move(end_reason_);
    handler->on_closed(reason);  // may destroy this
  }
}

void RealSocket::at_turn_end() {
  if (ended_) {
    output_.clear(buffers_->output);
    count_held();
    return;
  }
  flush();
  count_held();
  if (!ended_ && wants_input()) watch_->wait_readable();
}

void RealSocket::flush() {
  if (output_.pending() > kHighWater) above_high_water_ = true;
  while (output_.pending() > 0) {
    std::array<iovec, kPartsPerWrite> parts;
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = output_.gather(parts);
    const ssize_t written = ::sendmsg(watch_->fd(), &message, MSG_NOSIGNAL);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && would_block(errno)) {
      watch_->wait_writable();
      break;
    }
    if (written < 0) {
      write_failed(errno);
      return;
    }
    output_.consume(static_cast<std::size_t>(written), buffers_->output);
  }
  if (above_high_water_ && output_.pending() < kLowWater) {
    above_high_water_ = false;
    drained_ = true;
    loop_.want_turn_start(this, start_slot_);
  }
  if (!closing_ || sending_ended_ || output_.pending() > 0) return;
  // Closing at once would reset the connection if input is unread, and the peer could lose the last output.
  sending_ended_ = true;
  if (at_end_of_input_ || handler_ == nullptr || ::shutdown(watch_->fd(), SHUT_WR) != 0) {
    end("");
    return;
  }
  limit_ = loop_.call_after(kLingerLimit, [this] { end(""); });
}

void RealSocket::write_failed(int error_number) {
  output_.clear(buffers_->output);
  // What the peer sent before it went away is still to be read; reading then ends with an error or the end of input.
  if (wants_input() && !closing_) {
    end_reason_ = system_text(error_number);
    watch_->wait_readable();
  } else {
    end(system_text(error_number));
  }
}

}  // namespace millrace::io
