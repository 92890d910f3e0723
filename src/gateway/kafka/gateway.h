#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "broker/shard.h"
#include "io/socket.h"

namespace millrace::gateway::kafka {

class QuotaBuckets;

struct Options {
  /// Told to clients as the broker's address; empty: the address they connected to.
  std::string advertise_host;
  std::uint16_t advertise_port = 0;
  bool auto_create_topics = true;
  std::uint32_t default_partitions = 1;
  /// A larger request closes its connection.
  std::size_t max_request_bytes = std::size_t{100} << 20;
  /// A client that has sent nothing for so long, and waits for nothing, is closed; 0: never.
  base::Millis idle_timeout{600'000};
  /// Largest record batch.
  std::size_t max_batch_bytes = std::size_t{64} << 20;
  /// Who a connection without SASL acts as, where may_connect() allows that user; empty: SASL is required.
  std::string anonymous_user = "guest";
  std::uint32_t max_connections = 10000;
  /// Shared by all gateways of the process.
  std::shared_ptr<std::atomic<std::uint32_t>> connection_count;
  /// The same; without it the gateway has its own.
  std::shared_ptr<QuotaBuckets> quotas;
};

/// Speaks the Kafka protocol on one shard. Every call on the shard's loop.
///
/// Clients see the virtual host "/": its topics, and its queues as topics of one partition that reading does not
/// consume.
class Gateway {
 public:
  Gateway(broker::Shard& shard, Options options);
  ~Gateway();

  void accept(std::unique_ptr<io::Socket> socket);
  std::size_t connections() const;
  /// Stops taking requests, lets answers leave, then closes; `done` runs when all are gone.
  void close_all(io::Task done);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::gateway::kafka
