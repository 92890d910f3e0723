#pragma once

#include <memory>
#include <optional>
#include <string>

#include "broker/allowance.h"
#include "broker/consumers.h"
#include "gateway/amqp091/queue_types.h"

namespace millrace::gateway::amqp091 {

class Channel;

/// One consumer of a channel, as the broker sees it. Kept by its channel, and by requests that are under way.
class Consumer final : public broker::ConsumerSink {
 public:
  Consumer(Channel& channel, std::string tag, std::string queue_name, broker::QueueRef queue, QueueType queue_type,
           bool no_ack)
      : channel_(&channel),
        tag_(std::move(tag)),
        queue_name_(std::move(queue_name)),
        queue_(queue),
        queue_type_(queue_type),
        no_ack_(no_ack) {}

  const std::string& tag() const { return tag_; }
  const std::string& queue_name() const { return queue_name_; }
  broker::QueueRef queue() const { return queue_; }
  bool no_ack() const { return no_ack_; }
  /// Tells what its deliveries say of themselves.
  QueueType queue_type() const { return queue_type_; }
  /// Instead of its queue's.
  const std::optional<base::Millis>& timeout() const { return timeout_; }
  void set_timeout(base::Millis timeout) { timeout_ = timeout; }
  /// What it was told last of the channel's shared limit.
  std::uint32_t allowance() const { return allowance_; }
  void set_allowance(std::uint32_t most) { allowance_ = most; }
  /// ConsumerId(0) until the broker has answered.
  broker::ConsumerId id() const { return id_; }
  void set_id(broker::ConsumerId id) { id_ = id; }
  /// The channel is gone.
  void detach() { channel_ = nullptr; }
  bool attached() const { return channel_ != nullptr; }

  void on_deliveries(const broker::DeliveryBundle& bundle) override;
  void on_cancelled(broker::ConsumerId consumer, const std::string& reason) override;

 private:
  Channel* channel_;
  std::string tag_;
  std::string queue_name_;
  broker::QueueRef queue_;
  QueueType queue_type_;
  bool no_ack_;
  std::optional<base::Millis> timeout_;
  std::uint32_t allowance_ = broker::kNoAllowance;
  broker::ConsumerId id_;
};

}  // namespace millrace::gateway::amqp091
