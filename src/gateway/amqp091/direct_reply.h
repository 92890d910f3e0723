#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "broker/router.h"
#include "broker/types.h"

namespace millrace::gateway::amqp091 {

class Channel;

/// Direct reply-to: a client consumes from the name below, publishes requests with it as reply_to, and the broker puts
/// a name in its place by which the answer finds that channel, without a queue.
inline constexpr std::string_view kReplyTo = "amq.rabbitmq.reply-to";

/// "amq.rabbitmq.reply-to.<shard>.<key>".
struct ReplyAddress {
  broker::ShardId shard;
  std::uint64_t key = 0;

  static std::optional<ReplyAddress> parse(std::string_view name);
  std::string name() const;
};

/// The channels that wait for replies, of all gateways of the process. Each shard touches its own part only.
class ReplyDirectory {
 public:
  void add(const ReplyAddress& address, std::weak_ptr<Channel> channel);
  void remove(const ReplyAddress& address);
  /// Only on the address's shard.
  std::shared_ptr<Channel> find(const ReplyAddress& address) const;

 private:
  std::array<std::unordered_map<std::uint64_t, std::weak_ptr<Channel>>, broker::kMaxShards> channels_;
};

}  // namespace millrace::gateway::amqp091
