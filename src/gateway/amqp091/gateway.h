#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/units.h"
#include "broker/shard.h"
#include "gateway/amqp091/connection_places.h"
#include "gateway/amqp091/direct_reply.h"
#include "io/socket.h"

namespace millrace::gateway::amqp091 {

struct Options {
  /// Told to clients in connection.start.
  std::string version = "0.1.0";
  std::string cluster_name = "millrace";
  /// Proposed in connection.tune; clients may ask for less. Zeroes are not allowed.
  std::uint16_t channel_max = 2047;
  std::uint32_t frame_max = 131072;
  /// 0: heartbeats only for clients that ask for them.
  std::uint16_t heartbeat_seconds = 60;
  /// A larger message closes its channel.
  std::uint64_t max_message_bytes = std::uint64_t{64} << 20;
  std::uint32_t max_connections = 10000;
  /// A delivery must be settled within this time, unless its queue says otherwise; 0: no limit.
  base::Millis consumer_timeout{1'800'000};
  /// Shared by all gateways of the process.
  std::shared_ptr<std::atomic<std::uint32_t>> connection_count;
  /// Shared by all gateways of the process, as copies of one Options are.
  std::shared_ptr<ReplyDirectory> replies = std::make_shared<ReplyDirectory>();
  std::shared_ptr<ConnectionPlaces> places = std::make_shared<ConnectionPlaces>();
};

/// Speaks AMQP 0-9-1 on one shard. Every call on the shard's loop.
class Gateway {
 public:
  Gateway(broker::Shard& shard, Options options);
  ~Gateway();

  void accept(std::unique_ptr<io::Socket> socket);
  std::size_t connections() const;
  /// Sends connection.close (320) to every client; `done` runs when all connections are gone, after a few seconds at
  /// the latest.
  void close_all(const std::string& reason, io::Task done);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::gateway::amqp091
