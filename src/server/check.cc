#include "server/check.h"

#include <sys/stat.h>

#include <cstdio>

#include "broker/broker.h"
#include "io/real_disk.h"
#include "storage/store.h"

namespace millrace::server {

namespace {

constexpr int kSound = 0;
constexpr int kDamaged = 1;
constexpr int kUnreadable = 2;

void print(const std::string& line) {
  std::printf("%s\n", line.c_str());
}

}  // namespace

int check_data_directory(const std::string& directory) {
  struct stat info{};
  if (stat(directory.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    print(directory + ": no such directory");
    return kUnreadable;
  }
  auto disk = io::RealDisk::open_root(directory);
  if (!disk.has_value()) {
    print(disk.error().detail);
    return kUnreadable;
  }
  // Nothing may change underneath; the lock file itself is made when there is none.
  const auto lock = (*disk)->lock();
  if (!lock.has_value()) {
    print(directory + ": in use by a running server; stop it first");
    return kUnreadable;
  }
  const auto shards = broker::Broker::stored_shard_count(**disk);
  if (!shards.has_value()) {
    print(shards.error().detail);
    return kDamaged;
  }
  if (*shards == 0) {
    print(directory + ": not a Millrace data directory");
    return kUnreadable;
  }
  std::vector<std::string> stores = {"catalog"};
  for (std::size_t i = 0; i < *shards; ++i) stores.push_back("shards/" + std::to_string(i));
  bool sound = true;
  for (const std::string& store : stores) {
    print(store + ":");
    const auto checked = storage::check_store(**disk, store, [](std::string line) { print("  " + line); });
    if (!checked.has_value()) print("  " + checked.error().detail);
    sound = sound && checked.has_value() && *checked;
  }
  print(sound ? "The data is sound." : "The data is damaged: see above.");
  return sound ? kSound : kDamaged;
}

}  // namespace millrace::server
