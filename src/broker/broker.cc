#include "broker/broker.h"

#include "base/log.h"

#include "broker/catalog_host.h"
#include "broker/group_host.h"
#include "broker/storage_errors.h"
#include "bytes/crc32c.h"
#include "bytes/reader.h"
#include "bytes/writer.h"

namespace millrace::broker {

namespace {

constexpr const char* kFormatFile = "MILLRACE";
constexpr std::uint32_t kMagic = 0x4D4C5243;  // "MLRC"
constexpr std::uint16_t kFormatVersion = 1;
constexpr std::size_t kFormatSize = 16;
constexpr const char* kCatalogDamaged =
    "; nothing was changed. Restore the data directory from a backup, or start with storage.accept_catalog_damage: "
    "queues, topics and users that the catalog has lost are then gone, with those of their messages that are not in "
    "segments; their segments are kept in shards/*/orphans";

BrokerError from_io(const io::IoError& error) {
  return {BrokerErrc::storage, error.detail};
}

/// magic u32 | version u16 | shard count u16 | reserved u32 | crc u32
Result<void> write_format(io::Disk& disk, std::size_t shards) {
  bytes::ByteVector content;
  bytes::Writer out(content);
  out.u32(kMagic);
  out.u16(kFormatVersion);
  out.u16(static_cast<std::uint16_t>(shards));
  out.u32(0);
  out.u32(bytes::crc32c(content));
  const std::string temporary = std::string(kFormatFile) + ".new";
  if (disk.exists(temporary)) {
    if (auto removed = disk.remove(temporary); !removed.has_value()) return std::unexpected(from_io(removed.error()));
  }
  auto file = disk.open(temporary, io::OpenMode::create_read_write);
  if (!file.has_value()) return std::unexpected(from_io(file.error()));
  if (auto r = (*file)->write_at(0, bytes::ByteView(content)); !r.has_value())
    return std::unexpected(from_io(r.error()));
  if (auto r = (*file)->sync(); !r.has_value()) return std::unexpected(from_io(r.error()));
  if (auto r = disk.rename(temporary, kFormatFile); !r.has_value()) return std::unexpected(from_io(r.error()));
  if (auto r = disk.sync_directory("."); !r.has_value()) return std::unexpected(from_io(r.error()));
  return {};
}

}  // namespace

struct Broker::Watcher {
  io::Timer timer;
  std::uint64_t memory_bytes = 0;
  std::uint64_t free_bytes = UINT64_MAX;
};

Broker::Broker(std::vector<ShardEnvironment> environments, const BrokerOptions& options)
    : environments_(std::move(environments)), options_(options) {
  MILLRACE_ASSERT(!environments_.empty() && environments_.size() <= kMaxShards);
}

Broker::~Broker() {
  watcher_.reset();
  shards_.clear();
}

Result<std::size_t> Broker::stored_shard_count(io::Disk& disk) {
  if (!disk.exists(kFormatFile)) return 0;
  auto file = disk.open(kFormatFile, io::OpenMode::read);
  if (!file.has_value()) return std::unexpected(from_io(file.error()));
  bytes::ByteVector content(kFormatSize);
  const auto got = (*file)->read_at(0, content);
  if (!got.has_value()) return std::unexpected(from_io(got.error()));
  bytes::Reader in(content);
  const std::uint32_t magic = in.u32();
  const std::uint16_t version = in.u16();
  const std::uint16_t shards = in.u16();
  if (*got != kFormatSize || magic != kMagic) {
    return base::fail(BrokerErrc::damaged, "this is not a Millrace data directory, or its MILLRACE file is damaged");
  }
  if (version > kFormatVersion) {
    return base::fail(
        BrokerErrc::unsupported,
        fmt::format("the data directory was written by a newer version (format {}, this program knows {})", version,
                    kFormatVersion));
  }
  in.u32();
  if (in.u32() != bytes::crc32c(bytes::ByteView(content).first(kFormatSize - 4)) || shards == 0 ||
      shards > kMaxShards) {
    return base::fail(BrokerErrc::damaged, "the data directory's MILLRACE file is damaged");
  }
  return shards;
}

Result<Broker::Report> Broker::open(const std::string& guest_password_hash, const Prepare& prepare) {
  io::Disk& disk = *environments_[0].disk;
  const auto stored = stored_shard_count(disk);
  if (!stored.has_value()) return std::unexpected(stored.error());
  MILLRACE_ASSERT(*stored == 0 || *stored == environments_.size());
  Report report;
  const ShardEnvironment& home = environments_[0];
  auto catalog = catalog::CatalogStore::open({.loop = home.loop,
                                              .disk = home.disk,
                                              .sync_pool = home.sync_pool,
                                              .pool = home.pool,
                                              .mutations = home.mutations,
                                              .fatal = home.fatal},
                                             {.must_exist = *stored > 0,
                                              .accept_damage = options_.accept_catalog_damage,
                                              .guest_password_hash = guest_password_hash,
                                              .limits = options_.object_limits},
                                             report.catalog);
  if (!catalog.has_value()) {
    BrokerError error = to_broker(catalog.error());
    if (error.code == BrokerErrc::damaged) error.detail += kCatalogDamaged;
    return std::unexpected(std::move(error));
  }
  catalog_ = std::move(*catalog);
  if (prepare) {
    if (auto prepared = prepare(*catalog_); !prepared.has_value()) return std::unexpected(prepared.error());
  }
  catalog_->replicas_copied();
  for (std::size_t i = 0; i < environments_.size(); ++i) {
    shards_.push_back(
        std::make_unique<Shard>(ShardId(static_cast<std::uint16_t>(i)), environments_[i], options_, peers_));
  }
  for (const auto& shard : shards_) peers_.push_back(shard.get());
  for (const auto& shard : shards_) {
    auto opened = shard->open(catalog_->state(), shard == shards_.front() ? catalog_.get() : nullptr, *stored > 0);
    if (!opened.has_value()) return std::unexpected(opened.error());
    report.shards.push_back(std::move(*opened));
  }
  // Decided transactions are complete before anybody can look.
  for (Shard* shard : peers_) shard->transactions().resume(peers_);
  for (Shard* shard : peers_) shard->group_host().name_offsets(peers_);
  // Last: a directory whose creation was interrupted counts as new.
  if (*stored == 0) {
    if (auto written = write_format(disk, shards_.size()); !written.has_value())
      return std::unexpected(written.error());
  }
  return report;
}

void Broker::start_watching() {
  watcher_ = std::make_unique<Watcher>();
  check_resources();
}

void Broker::check_resources() {
  constexpr base::Nanos kInterval{250'000'000};
  Shard& home = *shards_[0];
  auto memory = std::make_shared<std::atomic<std::uint64_t>>(0);
  auto free_space = std::make_shared<std::uint64_t>(UINT64_MAX);
  io::Disk* disk = environments_[0].disk;
  home.pool().submit(
      home.loop(),
      [free_space, disk] {
        if (const auto space = disk->free_space(); space.has_value()) *free_space = space->value;
      },
      [this, memory, free_space, &home, kInterval] {
        home.mailbox().send_all(
            [memory](Shard& there) { memory->fetch_add(there.memory_in_use(), std::memory_order_relaxed); },
            [this, memory, free_space, &home, kInterval] {
              const Limits::Alarm alarm{.memory = memory->load(std::memory_order_relaxed) > options_.memory_limit.value,
                                        .disk = *free_space < options_.disk_free_limit.value};
              if (!(alarm == home.limits().alarm())) {
                base::log::warning("resource alarm: memory {}, disk {}", alarm.memory ? "on" : "off",
                                   alarm.disk ? "on" : "off");
                home.mailbox().send_all([alarm](Shard& there) { there.limits().set(alarm); }, [] {});
              }
              if (watcher_ != nullptr) {
                watcher_->timer = home.loop().call_after(kInterval, [this] { check_resources(); });
              }
            });
      });
}

void Broker::shutdown(io::Task done) {
  watcher_.reset();
  struct Join {
    std::size_t left;
    io::Task done;
  };
  // Shards first, then the catalog: nothing changes it any more.
  auto join = std::make_shared<Join>(shards_.size(),
                                     [this, done = std::move(done)]() mutable { catalog_->shutdown(std::move(done)); });
  for (const auto& shard : shards_) {
    shards_[0]->mailbox().send(shard->id(), [join](Shard& there) {
      there.shutdown([join, &there] {
        there.mailbox().send(ShardId(0), [join](Shard&) {
          if (--join->left == 0) join->done();
        });
      });
    });
  }
}

}  // namespace millrace::broker
