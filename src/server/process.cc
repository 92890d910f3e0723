#include "server/process.h"

#include <fmt/core.h>
#include <signal.h>

#include <thread>

#include "admin/metrics_page.h"
#include "auth/password.h"
#include "base/assert.h"
#include "base/log.h"
#include "broker/broker.h"
#include "broker/queue_host.h"
#include "gateway/amqp091/dead_letter_rewriter.h"
#include "gateway/amqp091/gateway.h"
#include "gateway/amqp091/native_codec.h"
#include "gateway/kafka/gateway.h"
#include "gateway/kafka/quotas.h"
#include "io/http_server.h"
#include "io/process_info.h"
#include "io/real_disk.h"
#include "io/real_loop.h"
#include "io/real_network.h"
#include "io/signals.h"
#include "io/thread_pool.h"
#include "server/definitions.h"
#include "server/host_port.h"

namespace millrace::server {

using base::fail;

namespace {

constexpr std::size_t kPoolThreads = 4;

broker::BrokerOptions broker_options(const Config& config) {
  broker::BrokerOptions options;
  options.memory_limit =
      base::Bytes(config.memory_limit_bytes != 0 ? config.memory_limit_bytes : io::machine_memory().value / 5 * 2);
  options.disk_free_limit = base::Bytes(config.disk_free_limit_bytes);
  options.max_message_bytes = base::Bytes(config.max_message_bytes);
  options.unacknowledged_bytes = base::Bytes(config.unacknowledged_bytes);
  options.default_partitions = config.kafka_default_partitions;
  options.auto_create_topics = config.kafka_auto_create_topics;
  options.journal_file_bytes = base::Bytes(config.journal_file_bytes);
  options.segment_bytes = base::Bytes(config.segment_bytes);
  options.durability = config.durability == "os" ? storage::Durability::os : storage::Durability::sync;
  options.accept_catalog_damage = config.accept_catalog_damage;
  options.loopback_users = config.loopback_users;
  options.object_limits = {.virtual_hosts = config.max_virtual_hosts,
                           .users = config.max_users,
                           .exchanges = config.max_exchanges,
                           .queues = config.max_queues,
                           .bindings = config.max_bindings,
                           .topics = config.max_topics,
                           .partitions = config.max_partitions};
  options.groups.initial_delay = base::Millis(config.group_initial_delay_ms);
  options.groups.max_members = config.group_max_members;
  options.groups.min_session_timeout = base::Millis(config.group_min_session_ms);
  options.groups.max_session_timeout = base::Millis(config.group_max_session_ms);
  options.groups.offset_retention = base::Millis(std::int64_t{config.group_offset_retention_hours} * 3600 * 1000);
  return options;
}

/// What is in the journal only is also in memory, consumed or not; more than this per shard it cannot be for long.
void warn_of_tight_memory(base::Bytes limit, const Config& config, std::size_t shards) {
  constexpr std::uint64_t kJournalFiles = 3;
  constexpr std::uint64_t kReadCache = std::uint64_t{16} << 20;
  const std::uint64_t usual = shards * (kJournalFiles * config.journal_file_bytes + kReadCache);
  if (limit.value >= usual) return;
  base::log::warning(
      "limits.memory is {} MiB, but {} shards may keep {} MiB of the journal in memory: publishers may be slowed for "
      "long; give more memory, or make storage.journal_file smaller",
      limit.value >> 20, shards, usual >> 20);
}

/// What one shard runs on. Everything in it is used by its thread only, once that runs.
struct ShardWorld {
  io::RealLoop loop;
  io::ThreadPool sync_pool{1, "millrace-sync"};
  std::unique_ptr<io::RealNetwork> network;
  std::unique_ptr<gateway::amqp091::Gateway> amqp;
  std::unique_ptr<gateway::kafka::Gateway> kafka;
  std::thread thread;  // none for shard 0: that is the main thread
};

std::string address(const std::string& bind, std::uint16_t port) {
  if (bind.find(':') != std::string::npos) return fmt::format("[{}]:{}", bind, port);
  return fmt::format("{}:{}", bind == "*" ? "0.0.0.0" : bind, port);
}

}  // namespace

struct Process::State {
  Config config;
  model::NativeCodecs codecs;
  std::unique_ptr<io::RealDisk> disk;
  std::unique_ptr<io::DirectoryLock> lock;
  std::vector<std::unique_ptr<ShardWorld>> worlds;
  std::unique_ptr<io::ThreadPool> pool;
  std::unique_ptr<io::ThreadPool> login_pool;
  std::unique_ptr<broker::Broker> broker;
  std::unique_ptr<admin::MetricsPage> metrics;
  std::unique_ptr<io::HttpServer> http;
  std::unique_ptr<io::Listener> amqp_listener;
  std::unique_ptr<io::Listener> kafka_listener;
  std::size_t next_shard = 0;
  std::uint32_t closing = 0;
  bool stopping = false;
  bool closing_data = false;
  io::Timer grace_timer;  // after the worlds: it goes before its loop

  base::Result<void, StartError> open_data();
  broker::Result<void> load_definitions(catalog::CatalogStore& catalog, std::size_t shards, bool fresh) const;
  base::Result<void, StartError> open_ports();
  void make_gateways();
  template <class Gateway>
  io::AcceptCallback deal_to(std::unique_ptr<Gateway> ShardWorld::* gateway);
  void stop();
  void close_gateways(std::function<void()> done);
  void close_data();
  void stop_loops();
};

Process::Process(const Config& config) : state_(std::make_unique<State>()) {
  state_->config = config;
}

Process::~Process() {
  State& s = *state_;
  // Destroyed in the order in which they depend on each other, while no loop runs.
  s.http.reset();
  s.metrics.reset();
  s.amqp_listener.reset();
  s.kafka_listener.reset();
  for (auto& world : s.worlds) {
    world->amqp.reset();
    world->kafka.reset();
  }
  s.login_pool.reset();
  s.pool.reset();
  s.broker.reset();
}

base::Result<void, StartError> Process::State::open_data() {
  auto opened = io::RealDisk::open_root(config.data_dir);
  if (!opened.has_value()) {
    return fail(StartErrc::data_directory, fmt::format("the data directory cannot be used: {}", opened.error().detail));
  }
  disk = std::move(*opened);
  auto locked = disk->lock();
  if (!locked.has_value()) {
    return fail(StartErrc::data_directory, fmt::format("the data directory cannot be used: {}", locked.error().detail));
  }
  lock = std::move(*locked);
  const auto stored = broker::Broker::stored_shard_count(*disk);
  if (!stored.has_value()) return fail(StartErrc::data_directory, stored.error().detail);
  std::size_t shards = config.shards != 0 ? config.shards : std::max(1U, std::thread::hardware_concurrency());
  shards = std::min(shards, broker::kMaxShards);
  if (*stored != 0 && *stored != shards) {
    if (config.shards != 0) {
      base::log::warning("the data directory was made with {} shards; shards = {} has no effect", *stored,
                         config.shards);
    }
    shards = *stored;
  }
  pool = std::make_unique<io::ThreadPool>(kPoolThreads, "millrace-pool");
  login_pool = std::make_unique<io::ThreadPool>(1, "millrace-login");
  std::vector<broker::ShardEnvironment> environments;
  for (std::size_t i = 0; i < shards; ++i) {
    worlds.push_back(std::make_unique<ShardWorld>());
    ShardWorld& world = *worlds.back();
    world.network = std::make_unique<io::RealNetwork>(world.loop);
    environments.push_back({.loop = &world.loop,
                            .disk = disk.get(),
                            .sync_pool = &world.sync_pool,
                            .pool = pool.get(),
                            .login_pool = login_pool.get(),
                            .network = world.network.get(),
                            .codecs = &codecs,
                            .mutations = nullptr});
  }
  codecs.add(model::Protocol::amqp091, std::make_unique<gateway::amqp091::NativeCodec>());
  const broker::BrokerOptions options = broker_options(config);
  warn_of_tight_memory(options.memory_limit, config, shards);
  broker = std::make_unique<broker::Broker>(std::move(environments), options);
  const std::string guest = *stored == 0 ? auth::hash_password("guest", auth::kKnownPasswordIterations) : std::string();
  auto report = broker->open(guest, [this, shards, fresh = *stored == 0](catalog::CatalogStore& catalog) {
    return load_definitions(catalog, shards, fresh);
  });
  if (!report.has_value()) return fail(StartErrc::data_directory, report.error().detail);
  for (std::size_t i = 0; i < report->shards.size(); ++i) {
    const storage::RecoveryReport& shard = report->shards[i];
    base::log::info("shard {}: {} commit rounds with {} batches replayed, {} unconfirmed bytes cut", i,
                    shard.rounds_replayed, shard.batches_replayed, shard.bytes_cut.value);
    for (const auto& range : shard.quarantined) {
      base::log::error("shard {}: log {}: records {} to {} are damaged and set aside: {}", i, range.log.value,
                       range.first.value, range.last.value, range.reason);
    }
  }
  return {};
}

broker::Result<void> Process::State::load_definitions(catalog::CatalogStore& catalog, std::size_t shards,
                                                      bool fresh) const {
  if (config.load_definitions.empty()) return {};
  const auto done = import_definitions_file(config.load_definitions, fresh, catalog, shards);
  if (!done.has_value()) return fail(broker::BrokerErrc::invalid, done.error().detail);
  return {};
}

void Process::State::make_gateways() {
  auto connections = std::make_shared<std::atomic<std::uint32_t>>(0);
  gateway::amqp091::Options amqp;
  amqp.frame_max = config.amqp_frame_max;
  amqp.channel_max = config.amqp_channel_max;
  amqp.heartbeat_seconds = config.amqp_heartbeat_seconds;
  amqp.consumer_timeout = base::Millis(std::int64_t{1000} * config.amqp_consumer_timeout_seconds);
  amqp.max_message_bytes = config.max_message_bytes;
  amqp.max_connections = config.max_connections;
  amqp.connection_count = connections;
  gateway::kafka::Options kafka;
  if (!config.kafka_advertise.empty()) {
    const auto advertised = parse_host_port("kafka.advertise", config.kafka_advertise);
    MILLRACE_ASSERT(advertised.has_value(), "validate() has refused it");
    kafka.advertise_host = advertised->host;
    kafka.advertise_port = advertised->port;
  }
  kafka.auto_create_topics = config.kafka_auto_create_topics;
  kafka.default_partitions = config.kafka_default_partitions;
  kafka.max_request_bytes = config.kafka_max_request_bytes;
  kafka.idle_timeout = base::Millis(std::int64_t{config.kafka_idle_timeout_seconds} * 1000);
  kafka.max_batch_bytes = config.max_message_bytes;
  kafka.max_connections = config.max_connections;
  kafka.connection_count = connections;
  kafka.quotas = std::make_shared<gateway::kafka::QuotaBuckets>();
  for (std::size_t i = 0; i < worlds.size(); ++i) {
    broker::Shard& shard = broker->shard(i);
    shard.queues().dead_letter_rewriters().add(model::Protocol::amqp091,
                                               std::make_shared<gateway::amqp091::DeadLetterRewriter>());
    worlds[i]->amqp = std::make_unique<gateway::amqp091::Gateway>(shard, amqp);
    worlds[i]->kafka = std::make_unique<gateway::kafka::Gateway>(shard, kafka);
  }
}

template <class Gateway>
io::AcceptCallback Process::State::deal_to(std::unique_ptr<Gateway> ShardWorld::* gateway) {
  return [this, gateway](std::unique_ptr<io::PendingConnection> pending) {
    if (stopping) return;
    // Round robin: with the lifetimes that clients have, as even as counting.
    ShardWorld& world = *worlds[next_shard++ % worlds.size()];
    world.loop.post([&world, gateway, pending = std::move(pending)]() mutable {
      if (world.*gateway) (world.*gateway)->accept(world.network->adopt(std::move(pending)));
    });
  };
}

base::Result<void, StartError> Process::State::open_ports() {
  io::Network& network = *worlds[0]->network;
  const auto listen = [&](const char* what, const std::string& bind, std::uint16_t port,
                          io::AcceptCallback on_accept) -> base::Result<std::unique_ptr<io::Listener>, StartError> {
    auto made = network.listen({bind, port}, std::move(on_accept));
    if (!made.has_value()) {
      return fail(StartErrc::listen,
                  fmt::format("cannot listen for {} on {}: {}", what, address(bind, port), made.error().detail));
    }
    return std::move(*made);
  };
  auto amqp = listen("AMQP", config.amqp_bind, config.amqp_port, deal_to(&ShardWorld::amqp));
  if (!amqp.has_value()) return std::unexpected(amqp.error());
  amqp_listener = std::move(*amqp);
  auto kafka = listen("Kafka", config.kafka_bind, config.kafka_port, deal_to(&ShardWorld::kafka));
  if (!kafka.has_value()) return std::unexpected(kafka.error());
  kafka_listener = std::move(*kafka);
  metrics = std::make_unique<admin::MetricsPage>(*broker, [this](std::size_t i) {
    const auto counters = worlds[i]->loop.counters();
    return admin::LoopLoad{counters.turns, counters.busy};
  });
  http = std::make_unique<io::HttpServer>(worlds[0]->loop, network,
                                          [this](io::HttpRequest request, io::HttpResponder responder) {
                                            metrics->handle(std::move(request), std::move(responder));
                                          });
  if (auto made = http->listen({config.metrics_bind, config.metrics_port}); !made.has_value()) {
    return fail(StartErrc::listen, fmt::format("cannot listen for metrics on {}: {}",
                                               address(config.metrics_bind, config.metrics_port), made.error().detail));
  }
  return {};
}

base::Result<void, StartError> Process::start() {
  io::ignore_broken_pipes();
  State& s = *state_;
  if (auto opened = s.open_data(); !opened.has_value()) return opened;
  s.make_gateways();
  if (auto opened = s.open_ports(); !opened.has_value()) return opened;
  s.broker->start_watching();
  const AddressNotice notice = kafka_address_notice(s.config);
  if (notice.wrong)
    base::log::warning("{}", notice.text);
  else if (!notice.text.empty())
    base::log::info("{}", notice.text);
  return {};
}

std::string Process::ready_line() const {
  const State& s = *state_;
  return fmt::format("millrace ready amqp={} kafka={} metrics={}", address(s.config.amqp_bind, s.amqp_listener->port()),
                     address(s.config.kafka_bind, s.kafka_listener->port()),
                     address(s.config.metrics_bind, s.http->port()));
}

std::string Process::welcome() const {
  const State& s = *state_;
  return fmt::format(
      "  AMQP 0-9-1   amqp://guest:guest@{}/\n"
      "  Kafka        {}\n"
      "  metrics      http://{}/metrics\n"
      "  data         {}\n"
      "Stop with Ctrl-C.",
      address(s.config.amqp_bind, s.amqp_listener->port()), address(s.config.kafka_bind, s.kafka_listener->port()),
      address(s.config.metrics_bind, s.http->port()), s.config.data_dir);
}

void Process::State::stop_loops() {
  for (auto& world : worlds) world->loop.stop();
}

void Process::State::close_gateways(std::function<void()> done) {
  closing = static_cast<std::uint32_t>(2 * worlds.size());
  auto one_closed = [this, done = std::move(done)] {
    worlds[0]->loop.post([this, done] {
      if (--closing == 0) done();
    });
  };
  for (auto& world : worlds) {
    world->loop.post([&world = *world, one_closed] {
      world.amqp->close_all("broker is shutting down", one_closed);
      world.kafka->close_all(one_closed);
    });
  }
}

void Process::State::stop() {
  if (stopping) {
    base::log::warning("stopping at once; the next start replays the journal");
    std::_Exit(1);
  }
  stopping = true;
  base::log::info("stopping: closing connections");
  amqp_listener.reset();
  kafka_listener.reset();
  close_gateways([this] { close_data(); });
  // A client that does not take what is pending must not hold up the stop for ever.
  const base::Millis grace(std::int64_t{1000} * config.shutdown_grace_seconds);
  grace_timer = worlds[0]->loop.call_after(base::to_nanos(grace), [this] { close_data(); });
}

void Process::State::close_data() {
  if (std::exchange(closing_data, true)) return;
  base::log::info("stopping: closing the data");
  broker->shutdown([this] {
    base::log::info("stopped cleanly");
    stop_loops();
  });
}

void Process::run() {
  State& s = *state_;
  io::Signals signals(s.worlds[0]->loop, {SIGTERM, SIGINT}, [&s](int) { s.stop(); });
  for (std::size_t i = 1; i < s.worlds.size(); ++i) {
    s.worlds[i]->thread = std::thread([&world = *s.worlds[i]] { world.loop.run(); });
  }
  s.worlds[0]->loop.run();
  for (auto& world : s.worlds) {
    if (world->thread.joinable()) world->thread.join();
  }
}

}  // namespace millrace::server
