#include "testing/sim_socket.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"

namespace millrace::sim {

SimSocket::SimSocket(SimLoop& loop, std::shared_ptr<SimConnection> connection)
    : loop_(loop), connection_(std::move(connection)) {
  connection_->set_server(this);
}

SimSocket::~SimSocket() {
  if (destroyed_ != nullptr) *destroyed_ = true;
  loop_.forget_turn_end(end_slot_);
  loop_.forget_turn_start(start_slot_);
  if (!ended_) connection_->server_gone(!input_.empty());
}

void SimSocket::start(io::SocketHandler* handler) {
  MILLRACE_ASSERT(handler != nullptr);
  handler_ = handler;
  loop_.want_turn_start(this, start_slot_);
}

bytes::ByteVector& SimSocket::output() {
  loop_.want_turn_end(this, end_slot_);
  return output_.tail(pool_);
}

void SimSocket::output_shared(bytes::SlabView part) {
  loop_.want_turn_end(this, end_slot_);
  output_.append_shared(std::move(part), pool_);
}

void SimSocket::resume_reading() {
  if (!paused_) return;
  paused_ = false;
  if (ended_) return;
  fresh_ = true;
  loop_.want_turn_start(this, start_slot_);
}

void SimSocket::close_after_flush() {
  if (closing_ || ended_) return;
  closing_ = true;
  input_.clear();
  connection_->server_read();
  limit_ = loop_.call_after(kFlushLimit, [this] { end("the peer did not take the output before the close"); });
  loop_.want_turn_start(this, start_slot_);
  loop_.want_turn_end(this, end_slot_);
}

void SimSocket::arrived(bytes::ByteView data) {
  if (closing_) return;
  input_.append(data);
  fresh_ = true;
  if (!paused_) loop_.want_turn_start(this, start_slot_);
}

void SimSocket::peer_ended(const std::string& reason) {
  peer_ended_ = true;
  peer_reason_ = reason;
  loop_.want_turn_start(this, start_slot_);
}

void SimSocket::end(const std::string& reason) {
  if (ended_) return;
  ended_ = true;
  end_reason_ = reason;
  limit_.cancel();
  output_.clear(pool_);
  connection_->server_gone(!closing_ && !input_.empty());
  loop_.want_turn_start(this, start_slot_);
}

bool SimSocket::deliver() {
  const std::size_t shown = input_.size();
  bool destroyed = false;
  destroyed_ = &destroyed;
  const std::size_t consumed = handler_->on_data(input_.view());
  if (destroyed) return false;
  destroyed_ = nullptr;
  MILLRACE_ASSERT(consumed <= shown, "{} of {} bytes consumed", consumed, shown);
  if (!closing_) input_.drop(consumed);
  connection_->server_read();
  return true;
}

void SimSocket::at_turn_start() {
  if (handler_ == nullptr) return;
  if (std::exchange(drained_, false) && !ended_) {
    bool destroyed = false;
    destroyed_ = &destroyed;
    handler_->on_drained();
    if (destroyed) return;
    destroyed_ = nullptr;
  }
  if (fresh_ && !paused_ && !closing_ && !ended_) {
    fresh_ = false;
    if (!input_.empty() && !deliver()) return;
  }
  // As with a real socket the end is found by reading (or by writing, see at_turn_end).
  if (peer_ended_ && !ended_) {
    if (closing_ && (sending_ended_ || !peer_reason_.empty())) end(sending_ended_ ? "" : peer_reason_);
    if (!closing_ && !paused_ && !fresh_) end(peer_reason_);
  }
  if (ended_ && handler_ != nullptr) {
    io::SocketHandler* handler = std::exchange(handler_, nullptr);
    const std::string reason = std::move(end_reason_);
    handler->on_closed(reason);  // may destroy this
  }
}

void SimSocket::at_turn_end() {
  if (ended_) {
    output_.clear(pool_);
    return;
  }
  if (output_.pending() > kHighWater) above_high_water_ = true;
  if (output_.pending() > 0 && peer_ended_ && !peer_reason_.empty()) {
    end(peer_reason_);
    return;
  }
  while (output_.pending() > 0) {
    std::array<iovec, 4> parts;
    const std::size_t count = output_.gather(parts);
    std::size_t sent = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t step = std::min(parts[i].iov_len, connection_->server_room());
      connection_->server_send({static_cast<const std::uint8_t*>(parts[i].iov_base), step});
      sent += step;
    }
    output_.consume(sent, pool_);
    if (sent == 0) break;
  }
  if (above_high_water_ && output_.pending() < kLowWater) {
    above_high_water_ = false;
    drained_ = true;
    loop_.want_turn_start(this, start_slot_);
  }
  if (!closing_ || sending_ended_ || output_.pending() > 0) return;
  sending_ended_ = true;
  connection_->server_finish();
  limit_ = loop_.call_after(kLingerLimit, [this] { end(""); });
  loop_.want_turn_start(this, start_slot_);
}

}  // namespace millrace::sim
