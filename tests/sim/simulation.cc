#include "simulation.h"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::simtest {

namespace {

constexpr int kStartAttempts = 30;
constexpr base::Nanos kAnswerLimit{20'000'000'000};
/// A round of so many bytes holds several things, of which a tear can take some.
constexpr std::size_t kTornBytes = 2048;

}  // namespace

Simulation::Simulation(const Plan& plan)
    : plan_(plan),
      world_(plan.seed),
      wire_(world_),
      disk_(plan.seed),
      random_(plan.seed ^ 0x4368616FULL),
      oracle_(world_, draw_traits(plan)),
      logs_(oracle_, plan.partitions + 1),
      group_(oracle_, plan.partitions),
      transactions_(oracle_, kTransactionPartitions),
      server_(world_, wire_, disk_, plan_),
      declared_(plan.queues + 4) {
  if (plan_.full_disk || plan_.write_failure || plan_.sync_failure) oracle_.expect_refusals();
  if (plan_.resets) wire_.settings().reset_per_million = 2000;
}

Simulation::~Simulation() {
  stop_clients();
  server_.kill();
  amqp_.clear();
  kafka_.clear();
}

void Simulation::make_clients() {
  for (std::size_t i = 0; i < plan_.kafka_producers; ++i) {
    kafka_.push_back(std::make_unique<KafkaProducer>(world_, wire_, oracle_, logs_, plan_, 100 + i));
  }
  for (std::size_t i = 0; i < plan_.kafka_fetchers; ++i) {
    kafka_.push_back(std::make_unique<KafkaFetcher>(world_, wire_, oracle_, logs_, plan_, 200 + i));
  }
  for (std::size_t i = 0; i < plan_.group_members; ++i) {
    kafka_.push_back(std::make_unique<KafkaGroupMember>(world_, wire_, oracle_, logs_, group_, plan_, 500 + i));
  }
  for (std::size_t i = 0; i < plan_.transactors; ++i) {
    kafka_.push_back(std::make_unique<KafkaTransactor>(world_, wire_, oracle_, transactions_, plan_, 600 + i));
  }
  for (std::size_t i = 0; i < plan_.decided_readers; ++i) {
    kafka_.push_back(
        std::make_unique<KafkaTransactionReader>(world_, wire_, oracle_, transactions_, plan_, 700 + i, false));
  }
  using Kind = AmqpClient::Kind;
  const std::pair<Kind, std::size_t> kinds[] = {{Kind::publisher, plan_.amqp_publishers},
                                                {Kind::consumer, plan_.amqp_consumers},
                                                {Kind::transactor, plan_.amqp_transactors}};
  for (const auto& [kind, count] : kinds) {
    for (std::size_t i = 0; i < count; ++i) {
      amqp_.push_back(std::make_unique<AmqpClient>(world_, wire_, oracle_, plan_, 300 + amqp_.size(), kind));
    }
  }
  for (std::size_t i = 0; i < plan_.stream_readers; ++i) {
    amqp_.push_back(std::make_unique<AmqpStreamClient>(world_, wire_, oracle_, logs_, plan_, 400 + i));
  }
}

Outcome Simulation::run() {
  oracle_.trace(plan_.to_string());
  make_clients();
  for (std::size_t i = 0; i < plan_.lifetimes && !oracle_.failed() && !refused_; ++i) run_lifetime();
  if (!oracle_.failed() && !refused_) drain_and_judge();
  outcome_.failure = oracle_.failure();
  outcome_.trace_hash = oracle_.trace_hash();
  outcome_.faults.add(disk_.counters());
  outcome_.faults.add(wire_.counters());
  outcome_.events.add(oracle_.events());
  outcome_.events.count("messages", oracle_.message_count());
  outcome_.events.count("records", logs_.count());
  outcome_.events.count("steps", world_.steps());
  if (refused_) outcome_.events.count("damaged_beyond_start");
  return outcome_;
}

bool Simulation::wait(const std::function<bool()>& done) {
  const bool reached = world_.run_until(done, kAnswerLimit);
  if (!reached && !world_.halted()) oracle_.fail("the server does not answer");
  return reached;
}

bool Simulation::start_server(bool calm) {
  for (int attempt = 0; attempt < kStartAttempts; ++attempt) {
    calm_disk();
    if (!calm && plan_.power_loss && random_.chance(1, 3)) {
      disk_.lose_power_after(random_.between(1, 60), [this] { world_.halt(); });
    }
    world_.resume();
    oracle_.next_lifetime();
    oracle_.trace("the server starts");
    const Server::Start started = server_.start();
    if (started == Server::Start::serving && !world_.halted()) {
      outcome_.events.count("starts");
      note_quarantined();
      return true;
    }
    oracle_.trace("the start failed: " + server_.reason());
    if (started == Server::Start::refused) {
      if (!oracle_.damaged()) oracle_.fail("the server refuses its data: " + server_.reason());
      refused_ = oracle_.damaged();
      return false;
    }
    outcome_.faults.count("process.stopped_in_recovery");
    die(true);
  }
  oracle_.fail("the server does not start");
  return false;
}

void Simulation::calm_disk() {
  disk_.faults() = {};
  if (plan_.misdirected) disk_.faults().crash_misdirect = 100'000;
  disk_.set_capacity(base::Bytes(std::uint64_t{1} << 40));
  disk_.lose_power_after(0);
}

bool Simulation::create(const catalog::Queue& wanted, std::size_t slot) {
  broker::Shard& shard = server_.shard(random_.below(server_.shards()));
  catalog::Queue queue = wanted;
  queue.vhost = shard.catalog().find_virtual_host("/")->id;
  if (shard.catalog().find_queue(queue.vhost, queue.name) != nullptr) {
    declared_[slot] = true;
    return true;
  }
  if (declared_[slot] && !oracle_.damaged()) {
    oracle_.fail("the catalog lost the queue " + queue.name);
    return false;
  }
  auto done = std::make_shared<bool>(false);
  shard.loop().post([&shard, queue, done, this, slot] {
    shard.topology().create_queue(queue, [done, this, slot](broker::Result<broker::QueueRef> made) {
      *done = true;
      if (made.has_value()) declared_[slot] = true;
    });
  });
  return wait([done] { return *done; }) && declared_[slot];
}

bool Simulation::create_queue(std::size_t number) {
  catalog::Queue queue;
  queue.name = queue_name(number, plan_);
  if (number < plan_.queues) queue.settings = oracle_.traits(number).settings();
  return create(queue, number);
}

bool Simulation::create_stream() {
  if (plan_.stream_readers == 0) return true;
  catalog::Queue stream;
  stream.name = kStreamName;
  stream.kind = catalog::QueueKind::stream;
  stream.settings.segment_bytes = plan_.segment_bytes;
  return create(stream, plan_.queues + 2);
}

bool Simulation::create_topic(std::string_view name, std::size_t partitions, std::size_t slot) {
  broker::Shard& shard = server_.shard(0);
  const model::ObjectId vhost = shard.catalog().find_virtual_host("/")->id;
  if (shard.catalog().find_topic(vhost, name) != nullptr) {
    declared_[slot] = true;
    return true;
  }
  if (declared_[slot] && !oracle_.damaged()) {
    oracle_.fail("the catalog lost a topic");
    return false;
  }
  catalog::Topic topic;
  topic.vhost = vhost;
  topic.name = name;
  topic.topic_id.fill(static_cast<std::uint8_t>(slot + 1));
  auto done = std::make_shared<bool>(false);
  shard.loop().post([&shard, topic, partitions, done, this, slot] {
    shard.topology().create_topic(topic, static_cast<std::uint32_t>(partitions),
                                  [done, this, slot](broker::Result<model::ObjectId> made) {
                                    *done = true;
                                    if (made.has_value()) declared_[slot] = true;
                                  });
  });
  return wait([done] { return *done; }) && declared_[slot];
}

bool Simulation::declare() {
  for (std::size_t i = 0; i <= plan_.queues; ++i) {
    if (!create_queue(i)) return false;
  }
  if (plan_.transactors > 0 && !create_topic(kTransactionTopic, kTransactionPartitions, plan_.queues + 3)) return false;
  return create_topic("topic", plan_.partitions, plan_.queues + 1) && create_stream();
}

std::vector<broker::QueueRef> Simulation::queue_refs() {
  std::vector<broker::QueueRef> refs;
  const catalog::State& catalog = server_.shard(0).catalog();
  const model::ObjectId vhost = catalog.find_virtual_host("/")->id;
  for (std::size_t i = 0; i <= plan_.queues; ++i) {
    const catalog::Queue* queue = catalog.find_queue(vhost, queue_name(i, plan_));
    refs.push_back({queue->id, queue->shard});
  }
  return refs;
}

void Simulation::note_homes() {
  queue_homes_.clear();
  partition_homes_.clear();
  for (const broker::QueueRef& ref : queue_refs()) queue_homes_.push_back(ref.shard.value);
  for (const broker::LogRef& log : log_refs()) partition_homes_.push_back(log.shard.value);
}

std::vector<broker::LogRef> Simulation::log_refs() {
  const catalog::State& catalog = server_.shard(0).catalog();
  const model::ObjectId vhost = catalog.find_virtual_host("/")->id;
  std::vector<broker::LogRef> refs;
  for (const catalog::Partition& partition : catalog.find_topic(vhost, "topic")->partitions) {
    refs.push_back({partition.log, partition.shard});
  }
  if (plan_.stream_readers > 0) {
    const catalog::Queue* stream = catalog.find_queue(vhost, kStreamName);
    refs.push_back({broker::LogId(stream->id.value), stream->shard});
  }
  return refs;
}

void Simulation::newest_rounds_in_doubt(std::uint64_t hits) {
  oracle_.data_was_damaged();
  if (queue_homes_.empty()) return;  // nothing was ever sent
  const auto certain = [this, hits](const std::vector<std::size_t>& homes) {
    std::vector<base::Nanos> times;
    times.reserve(homes.size());
    for (const std::size_t shard : homes) times.push_back(server_.commit_before(shard, hits));
    return times;
  };
  oracle_.newest_rounds_in_doubt(certain(queue_homes_));
  logs_.newest_rounds_in_doubt(certain(partition_homes_));
}

void Simulation::start_clients() {
  const auto refs = queue_refs();
  for (std::size_t i = 0; i < plan_.direct_clients; ++i) {
    broker::Shard& shard = server_.shard(i % server_.shards());
    direct_.push_back(std::make_unique<DirectClient>(shard, oracle_, plan_, refs, oracle_.lifetime() * 16 + i));
    direct_.back()->start();
  }
  for (const auto& client : kafka_) client->start();
  for (const auto& client : amqp_) client->start();
}

void Simulation::stop_clients() {
  chaos_timer_.cancel();
  for (const auto& client : kafka_) client->stop();
  for (const auto& client : amqp_) client->stop();
  direct_.clear();
}

void Simulation::arm_faults() {
  if (plan_.sync_failure && random_.chance(1, 2)) {
    disk_.faults().sync_failure = 8'000;
    disk_.faults().directory_sync_failure = 8'000;
  }
  if (plan_.read_failure) disk_.faults().read_failure = 300'000;
  if (plan_.write_failure && random_.chance(1, 2)) disk_.faults().write_failure = 4'000;
  if (plan_.torn_rounds) {
    disk_.lose_power_in_write("/journal/", kTornBytes, random_.between(1, 8), [this] { world_.halt(); });
  } else if (plan_.power_loss && random_.chance(2, 3)) {
    disk_.lose_power_after(random_.between(1, 500), [this] { world_.halt(); });
  }
}

void Simulation::chaos() {
  if (plan_.resets && random_.chance(1, 3) && wire_.drop_one()) outcome_.faults.count("net.dropped");
  if (plan_.full_disk) {
    if (random_.chance(1, 2)) {
      disk_.set_capacity(base::Bytes(disk_.used().value + random_.below(96 << 10)));
    } else {
      disk_.set_capacity(base::Bytes(std::uint64_t{1} << 40));
    }
  }
  chaos_timer_ = world_.after(world_.random_delay(base::Nanos(100'000), base::Nanos(8'000'000)), [this] { chaos(); });
}

void Simulation::run_lifetime() {
  if (!start_server(false)) return;
  if (declare()) {
    note_homes();
    start_clients();
    arm_faults();
    chaos();
    world_.run_for(base::Nanos(plan_.lifetime_nanos));
  }
  if (!oracle_.failed()) end_lifetime();
}

void Simulation::end_lifetime() {
  note_quarantined();
  if (server_.must_stop()) {
    oracle_.trace("the storage stopped the process: " + server_.reason());
    outcome_.faults.count("process.stopped_by_storage");
    if (!disk_.power_lost() && !plan_.sync_failure && !plan_.write_failure && !plan_.full_disk) {
      return oracle_.fail("the storage stopped the process without a reason: " + server_.reason());
    }
    return die(true);
  }
  if (disk_.power_lost()) return die(true);
  const std::uint64_t dice = random_.below(3);
  if (plan_.clean_stops && dice == 0) {
    calm_disk();
    for (const auto& client : direct_) client->stop();
    if (server_.stop([this] { note_quarantined(); })) {
      outcome_.faults.count("process.clean_stop");
      return die(random_.chance(1, 2));
    }
    if (!world_.halted()) return oracle_.fail("the server does not stop");
    return die(true);
  }
  die(!(plan_.process_kills && dice == 1));
}

void Simulation::die(bool machine) {
  std::uint64_t hits = 0;
  stop_clients();
  server_.kill();
  wire_.drop_all();
  if (machine) {
    oracle_.trace("the machine dies");
    const std::uint64_t misdirected = disk_.counters().of("crash.sector_misdirected");
    disk_.crash(random_);
    // It may have hit what was synced.
    hits += disk_.counters().of("crash.sector_misdirected") - misdirected;
    outcome_.faults.count("process.machine_crash");
  } else {
    oracle_.trace("the process dies");
    outcome_.faults.count("process.kill");
  }
  world_.resume();
  if (plan_.bit_rot && oracle_.lifetime() >= 2 && random_.chance(1, 2)) hits += rot();
  if (hits > 0) newest_rounds_in_doubt(hits);
}

/// How often something was hit.
std::uint64_t Simulation::rot() {
  std::vector<std::string> files;
  for (const std::string& path : disk_.files()) {
    if (path.starts_with("shards/")) files.push_back(path);
  }
  if (files.empty()) return 0;
  std::uint64_t hits = 0;
  for (std::uint64_t left = random_.between(1, 3); left > 0; --left) {
    const std::string& path = files[random_.below(files.size())];
    const std::uint64_t anywhere = ~std::uint64_t{0};
    const std::uint64_t kind = random_.below(3);
    const bool hit = kind == 0   ? disk_.flip_bit(path, anywhere, random_)
                     : kind == 1 ? disk_.misdirect_write(path, anywhere, random_)
                                 : disk_.zero_sector(path, anywhere, random_);
    if (!hit) continue;
    oracle_.trace(fmt::format("damage of kind {} to {}", kind, path));
    ++hits;
  }
  return hits;
}

void Simulation::note_quarantined() {
  const auto note = [this](const storage::QuarantinedRange& range) {
    if (!quarantined_.emplace(range.log.value, range.first.value, range.last.value).second) return;
    outcome_.events.count("quarantined");
    const std::string text = fmt::format("log {}: records {} to {} are said to be damaged: {}", range.log.value,
                                         range.first.value, range.last.value, range.reason);
    oracle_.trace(text);
    if (!oracle_.damaged()) oracle_.fail(text);
  };
  for (const auto& report : server_.report().shards) {
    for (const auto& range : report.quarantined) note(range);
  }
  for (std::size_t i = 0; i < server_.shards(); ++i) {
    for (const auto& range : server_.shard(i).store().quarantined()) note(range);
  }
}

}  // namespace millrace::simtest
