#include <fmt/core.h>

#include "base/log.h"
#include "gateway/amqp091/channel.h"
#include "gateway/amqp091/connection.h"

// How connections end: over an error, by the client's wish, by the operator's, or by loss.
namespace millrace::gateway::amqp091 {

using wire::Method;
using wire::ReplyCode;

namespace {

constexpr base::Millis kCloseOkLimit{5'000};
// How long a client's close waits for its publishes to be stored.
constexpr base::Millis kClientCloseLimit{30'000};

}  // namespace

void Connection::fail(const Failure& failure, Method method) {
  if (state_ == State::ended || state_ == State::server_closing) return;
  const std::string text = failure.reply_text();
  base::log::info("amqp: closing {}: {}", socket_->peer(), text);
  if (state_ == State::client_closing) return end("");  // it is waiting for close-ok, not for news
  send(0, wire::ConnectionClose{static_cast<std::uint16_t>(failure.code), text, wire::class_id_of(method),
                                wire::method_id_of(method)});
  state_ = State::server_closing;
  end_channels();
  timer_ = shard_.loop().call_after(base::to_nanos(kCloseOkLimit), [this] { end("no close-ok"); });
  update_reading();
}

void Connection::force_close(const std::string& reason) {
  if (state_ != State::running) return end(reason);
  fail({ReplyCode::connection_forced, fmt::format("broker forced connection closure with reason '{}'", reason)});
}

void Connection::on_close(const wire::ConnectionClose& method) {
  if (method.reply_code != static_cast<std::uint16_t>(ReplyCode::success)) {
    base::log::debug("amqp: {} closes: {} {}", socket_->peer(), method.reply_code, method.reply_text);
  }
  state_ = State::client_closing;
  timer_ = shard_.loop().call_after(base::to_nanos(kClientCloseLimit), [this] { finish_client_close(); });
  advance_client_close();
}

void Connection::channel_idle() {
  if (state_ == State::client_closing) advance_client_close();
}

/// What the client sent before its close is finished first: whoever sees close-ok can count on it.
void Connection::advance_client_close() {
  if (waits_for_channel_ || still_to_go_ > 0) return;
  for (const auto& channel : channels_) {
    if (channel == nullptr || channel->gone()) continue;
    if (channel->busy()) return;  // channel_idle() follows
    if (channel->tracker().unsettled() == 0) continue;
    waits_for_channel_ = true;
    channel->tracker().when_settled([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self == nullptr) return;
      self->waits_for_channel_ = false;
      self->channel_idle();
    });
    return;
  }
  delete_its_queues();
}

/// Exclusive and auto-delete queues: so that their names are free for the next connection as soon as this one is told
/// that it is closed.
void Connection::delete_its_queues() {
  const std::vector<broker::ObjectId> queues = std::exchange(exclusive_queues_, {});
  still_to_go_ = channels_.size() + queues.size() + 1;
  const auto one_less = [weak = weak_from_this()](const auto&) {
    const auto self = weak.lock();
    if (self != nullptr && --self->still_to_go_ == 0) self->finish_client_close();
  };
  const broker::Result<void> gone;
  for (const auto& channel : channels_) channel != nullptr ? channel->end(one_less) : one_less(gone);
  for (const broker::ObjectId queue : queues) shard_.topology().delete_queue(queue, false, false, one_less);
  one_less(gone);
}

void Connection::finish_client_close() {
  if (state_ != State::client_closing) return;
  send(0, wire::ConnectionCloseOk{});
  end("");
}

void Connection::end_channels() {
  for (const auto& channel : channels_) {
    if (channel != nullptr) channel->end();
  }
}

void Connection::end(const std::string& log_reason) {
  if (state_ == State::ended) return;
  if (!log_reason.empty()) base::log::info("amqp: closing {}: {}", socket_->peer(), log_reason);
  state_ = State::ended;
  place_.reset();
  timer_.cancel();
  heartbeat_timer_.cancel();
  end_channels();
  socket_->close_after_flush();
}

void Connection::on_closed(const std::string& reason) {
  if (state_ == State::ended) {
    base::log::debug("amqp: {} closed", socket_->peer());
  } else {
    base::log::info("amqp: {} lost: {}", socket_->peer(), reason.empty() ? "closed without a close method" : reason);
  }
  state_ = State::ended;
  place_.reset();
  timer_.cancel();
  heartbeat_timer_.cancel();
  end_channels();
  shard_.topology().release_connection(id_);
  shard_.limits().remove_listener(std::exchange(alarm_listener_, 0));
  on_closed_(*this);  // may destroy this connection
}

}  // namespace millrace::gateway::amqp091
