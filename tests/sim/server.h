#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "gateway/kafka/gateway.h"
#include "plan.h"
#include "testing/sim_disk.h"
#include "testing/sim_network.h"
#include "testing/sim_wire.h"
#include "testing/sim_world.h"

namespace millrace::simtest {

constexpr std::uint16_t kAmqpPort = 5672;
constexpr std::uint16_t kKafkaPort = 9092;

/// The composition of the real process, with simulated edges: shards, broker, gateways, listeners. One object for all
/// lifetimes of the process; the disk, the wire and the world are the test's.
class Server {
 public:
  Server(sim::SimWorld& world, sim::SimWire& wire, sim::SimDisk& disk, const Plan& plan);
  ~Server();

  enum class Start { serving, stopped, refused };
  /// Recovers and listens. stopped: the disk failed meanwhile, as the test asked for. refused: the server found its
  /// data unusable; reason() says why.
  Start start();
  /// Destroys everything at once, as the death of the process does.
  void kill();
  /// Stops in order; `before_end` runs when all is done, before the broker is destroyed. False when that did not come
  /// to an end.
  bool stop(const std::function<void()>& before_end);

  /// The storage told the process to stop (a failed sync or write of the journal).
  bool must_stop() const { return must_stop_; }
  const std::string& reason() const { return reason_; }
  bool running() const { return broker_ != nullptr; }

  broker::Broker& broker() { return *broker_; }
  broker::Shard& shard(std::size_t index) { return broker_->shard(index); }
  std::size_t shards() const { return plan_.shards; }
  /// When the round before the shard's `newer` newest ones was committed, also after the process has died; 0: never.
  base::Nanos commit_before(std::size_t shard, std::size_t newer) const;
  const broker::Broker::Report& report() const { return report_; }

 private:
  struct ShardWorld;

  void make_gateways();
  void listen();
  template <class Gateway>
  io::AcceptCallback deal_to(std::unique_ptr<Gateway> ShardWorld::* gateway);

  sim::SimWorld& world_;
  sim::SimWire& wire_;
  sim::SimDisk& disk_;
  const Plan& plan_;
  model::NativeCodecs codecs_;
  std::unique_ptr<io::DirectoryLock> lock_;
  std::vector<std::unique_ptr<ShardWorld>> worlds_;
  std::unique_ptr<sim::SimWorkPool> pool_;
  std::unique_ptr<broker::Broker> broker_;
  std::vector<std::unique_ptr<io::Listener>> listeners_;
  broker::Broker::Report report_;
  struct Commit {
    storage::Round round;
    base::Nanos at{0};
  };
  std::vector<std::vector<Commit>> commits_;  // of each shard
  std::size_t next_shard_ = 0;
  bool must_stop_ = false;
  std::string reason_;
};

}  // namespace millrace::simtest
