#include "server/check.h"

#include <algorithm>
#include <cstdio>

#include "broker/broker.h"
#include "io/real_disk.h"
#include "storage/store.h"

namespace millrace::server {

namespace {

constexpr int kSound = 0;
constexpr int kDamaged = 1;
constexpr int kUnreadable = 2;

int worse(int a, int b) {
  return std::max(a, b);
}

void print(const std::string& line) {
  std::printf("%s\n", line.c_str());
}

int unreadable(const std::string& why) {
  print(why);
  return kUnreadable;
}

int check_one(io::Disk& disk, const std::string& store) {
  print(store + ":");
  const auto checked = storage::check_store(disk, store, [](const std::string& line) { print("  " + line); });
  if (checked.has_value()) return *checked ? kSound : kDamaged;
  print("  " + checked.error().detail);
  return checked.error().code == storage::StorageErrc::newer_version ? kUnreadable : kDamaged;
}

}  // namespace

int check_data_directory(const std::string& directory) {
  auto disk = io::RealDisk::open_existing(directory);
  if (!disk.has_value()) return unreadable(disk.error().detail);
  // Nothing may change underneath.
  const auto lock = (*disk)->lock_for_reading();
  if (!lock.has_value()) {
    const bool in_use = lock.error().code == io::IoErrc::in_use;
    return unreadable(lock.error().detail + (in_use ? "; stop it first" : ""));
  }
  const auto shards = broker::Broker::stored_shard_count(**disk);
  if (!shards.has_value()) {
    print(shards.error().detail);
    return shards.error().code == broker::BrokerErrc::damaged ? kDamaged : kUnreadable;
  }
  if (*shards == 0) return unreadable(directory + ": not a Millrace data directory");
  int result = check_one(**disk, "catalog");
  for (std::size_t i = 0; i < *shards; ++i) result = worse(result, check_one(**disk, "shards/" + std::to_string(i)));
  if (result == kSound) print("The data is sound.");
  if (result == kDamaged) print("The data is damaged: see above.");
  if (result == kUnreadable) print("The data cannot be read: see above.");
  return result;
}

}  // namespace millrace::server
