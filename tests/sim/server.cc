#include "server.h"

#include "base/assert.h"
#include "broker/queue_host.h"
#include "gateway/amqp091/dead_letter_rewriter.h"
#include "gateway/amqp091/gateway.h"
#include "gateway/amqp091/native_codec.h"

namespace millrace::simtest {

namespace {

// Of the password "guest"; the slow form that the server makes would be most of a seed's time.
constexpr const char* kGuestHash = "rabbit-sha256$AQIDBEMMOXwY6PKx/JKP9PAqfsb4ozuD0Ta3pxxa9gEYBMmD";
constexpr std::size_t kPoolWorkers = 3;
constexpr base::Nanos kStopLimit{20'000'000'000};

}  // namespace

/// What one shard runs on. Destroyed in the opposite order.
struct Server::ShardWorld {
  ShardWorld(sim::SimWorld& world, sim::SimWire& wire)
      : loop(world.add_loop()), sync_pool(world, 1), network(wire, loop) {}
  sim::SimLoop& loop;
  sim::SimWorkPool sync_pool;
  sim::SimNetwork network;
  std::unique_ptr<gateway::amqp091::Gateway> amqp;
  std::unique_ptr<gateway::kafka::Gateway> kafka;
};

Server::Server(sim::SimWorld& world, sim::SimWire& wire, sim::SimDisk& disk, const Plan& plan)
    : world_(world), wire_(wire), disk_(disk), plan_(plan), commits_(plan.shards) {
  codecs_.add(model::Protocol::amqp091, std::make_unique<gateway::amqp091::NativeCodec>());
}

Server::~Server() {
  kill();
}

Server::Start Server::start() {
  must_stop_ = false;
  reason_.clear();
  auto locked = disk_.lock();
  if (!locked.has_value()) return Start::stopped;
  lock_ = std::move(*locked);
  const auto stored = broker::Broker::stored_shard_count(disk_);
  if (!stored.has_value()) {
    reason_ = stored.error().detail;
    return disk_.power_lost() ? Start::stopped : Start::refused;
  }
  pool_ = std::make_unique<sim::SimWorkPool>(world_, kPoolWorkers);
  std::vector<broker::ShardEnvironment> environments;
  for (std::size_t i = 0; i < plan_.shards; ++i) {
    worlds_.push_back(std::make_unique<ShardWorld>(world_, wire_));
    environments.push_back({.loop = &worlds_[i]->loop,
                            .disk = &disk_,
                            .sync_pool = &worlds_[i]->sync_pool,
                            .pool = pool_.get(),
                            .codecs = &codecs_,
                            .mutations = &plan_.mutations,
                            .fatal = [this](const std::string& reason) {
                              must_stop_ = true;
                              if (reason_.empty()) reason_ = reason;
                              world_.halt();
                            }});
  }
  broker::BrokerOptions options;
  options.disk_free_limit = base::Bytes(64 << 10);
  options.journal_file_bytes = base::Bytes(plan_.journal_file_bytes);
  options.segment_bytes = base::Bytes(plan_.segment_bytes);
  // Groups and transactions in the time scale of the lifetimes.
  options.groups.min_session_timeout = base::Millis(1);
  options.groups.initial_delay = base::Millis(2);
  broker_ = std::make_unique<broker::Broker>(std::move(environments), options);
  auto opened = broker_->open(*stored == 0 ? kGuestHash : "");
  if (!opened.has_value()) {
    if (reason_.empty()) reason_ = opened.error().detail;
    return disk_.power_lost() || must_stop_ ? Start::stopped : Start::refused;
  }
  report_ = std::move(*opened);
  if (must_stop_ || disk_.power_lost()) return Start::stopped;
  for (std::size_t i = 0; i < plan_.shards; ++i) {
    broker_->shard(i).store().on_commit([this, i](storage::Round round) {
      if (commits_[i].empty() || commits_[i].back().round != round) {
        commits_[i].push_back({round, world_.clock().monotonic()});
      }
    });
  }
  make_gateways();
  listen();
  broker_->start_watching();
  return Start::serving;
}

void Server::make_gateways() {
  auto connections = std::make_shared<std::atomic<std::uint32_t>>(0);
  gateway::kafka::Options kafka;
  kafka.advertise_host = "broker";
  kafka.advertise_port = kKafkaPort;
  kafka.connection_count = connections;
  gateway::amqp091::Options amqp;
  amqp.connection_count = connections;
  for (std::size_t i = 0; i < worlds_.size(); ++i) {
    broker_->shard(i).queues().dead_letter_rewriters().add(model::Protocol::amqp091,
                                                           std::make_shared<gateway::amqp091::DeadLetterRewriter>());
    worlds_[i]->amqp = std::make_unique<gateway::amqp091::Gateway>(broker_->shard(i), amqp);
    worlds_[i]->kafka = std::make_unique<gateway::kafka::Gateway>(broker_->shard(i), kafka);
  }
}

template <class Gateway>
io::AcceptCallback Server::deal_to(std::unique_ptr<Gateway> ShardWorld::* gateway) {
  return [this, gateway](std::unique_ptr<io::PendingConnection> pending) {
    ShardWorld& world = *worlds_[next_shard_++ % worlds_.size()];
    world.loop.post([&world, gateway, pending = std::move(pending)]() mutable {
      if (world.*gateway) (world.*gateway)->accept(world.network.adopt(std::move(pending)));
    });
  };
}

void Server::listen() {
  io::Network& network = worlds_[0]->network;
  auto kafka = network.listen({"", kKafkaPort}, deal_to(&ShardWorld::kafka));
  MILLRACE_ASSERT(kafka.has_value());
  listeners_.push_back(std::move(*kafka));
  auto amqp = network.listen({"", kAmqpPort}, deal_to(&ShardWorld::amqp));
  MILLRACE_ASSERT(amqp.has_value());
  listeners_.push_back(std::move(*amqp));
}

base::Nanos Server::commit_before(std::size_t shard, std::size_t newer) const {
  const auto& commits = commits_[shard];
  return newer < commits.size() ? commits[commits.size() - 1 - newer].at : base::Nanos(0);
}

void Server::kill() {
  listeners_.clear();
  for (auto& world : worlds_) {
    world->amqp.reset();
    world->kafka.reset();
  }
  broker_.reset();
  pool_.reset();
  worlds_.clear();
  world_.destroy_loops();
  lock_.reset();
}

bool Server::stop(const std::function<void()>& before_end) {
  listeners_.clear();
  std::size_t closing = 2 * worlds_.size();
  for (auto& world : worlds_) {
    world->loop.post([&world = *world, &closing] {
      world.amqp->close_all("the broker is stopping", [&closing] { --closing; });
      world.kafka->close_all([&closing] { --closing; });
    });
  }
  if (!world_.run_until([&] { return closing == 0; }, kStopLimit)) return false;
  bool stopped = false;
  worlds_[0]->loop.post([this, &stopped] { broker_->shutdown([&stopped] { stopped = true; }); });
  if (!world_.run_until([&] { return stopped; }, kStopLimit)) return false;
  before_end();
  kill();
  return true;
}

}  // namespace millrace::simtest
