#include "testing/sim_disk.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "testing/sim_disk_state.h"

namespace millrace::sim {

namespace {

using io::IoErrc;

std::unexpected<io::IoError> failure(IoErrc code, const char* action, const std::string& path, const char* reason) {
  return base::fail(code, fmt::format("cannot {} {}: {}", action, path, reason));
}

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  while (start <= path.size()) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    if (end > start && path.substr(start, end - start) != ".") parts.push_back(path.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

bool leaves_root(const std::string& path) {
  return path.starts_with('/') || ("/" + path + "/").find("/../") != std::string::npos;
}

class SimLock final : public io::DirectoryLock {
 public:
  explicit SimLock(std::shared_ptr<SimDisk::State> state) : state_(std::move(state)), generation_(state_->generation) {}
  ~SimLock() override {
    if (generation_ == state_->generation) state_->locked = false;
  }

 private:
  std::shared_ptr<SimDisk::State> state_;
  std::uint64_t generation_;
};

void set_entry(std::map<std::string, Entry>& names, const std::string& name, const Entry& entry) {
  if (entry.empty()) {
    names.erase(name);
  } else {
    names[name] = entry;
  }
}

/// Makes the durable names the visible ones, in the whole tree; collects its files.
void adopt_durable(SimDirectory& directory, std::set<SimInode*>& files) {
  directory.visible = directory.durable;
  for (auto& [name, entry] : directory.visible) {
    if (entry.directory) adopt_durable(*entry.directory, files);
    if (entry.file) files.insert(entry.file.get());
  }
}

void collect_files(const SimDirectory& directory, const std::string& prefix, std::vector<std::string>& paths) {
  for (const auto& [name, entry] : directory.visible) {
    if (entry.directory) collect_files(*entry.directory, prefix + name + "/", paths);
    if (entry.file) paths.push_back(prefix + name);
  }
}

}  // namespace

io::IoError power_is_off() {
  return {IoErrc::failed, "the simulated disk has lost its power"};
}

SimDisk::State::Go SimDisk::State::begin_change() {
  if (power_lost) return Go::no;
  ++stats.operations;
  if (until_power_loss == 0) return Go::yes;
  --until_power_loss;
  if (until_power_loss > 0) return Go::yes;
  power_lost = true;
  counters.count("power_loss");
  if (on_power_lost) on_power_lost();
  return std::exchange(lost_in_write, false) || prng.chance(1, 2) ? Go::yes_but_fail : Go::no;
}

std::shared_ptr<SimInode> SimDisk::State::make_inode(const std::shared_ptr<State>& state) {
  std::erase_if(state->inodes, [](const auto& weak) { return weak.expired(); });
  std::shared_ptr<SimInode> inode(new SimInode, [weak = std::weak_ptr(state)](SimInode* dying) {
    if (const auto disk = weak.lock()) disk->used -= dying->accounted;
    delete dying;
  });
  state->inodes.push_back(inode);
  return inode;
}

void SimDisk::State::apply(NameChange change) {
  for (const NameChange::Part& part : change.parts) set_entry(part.directory->visible, part.name, part.entry);
  unsynced.push_back(std::move(change));
}

void SimDisk::State::make_durable(const NameChange& change) {
  for (const NameChange::Part& part : change.parts) set_entry(part.directory->durable, part.name, part.entry);
}

void SimDisk::State::sync_names(const std::shared_ptr<SimDirectory>& directory) {
  // A rename between two directories is one change: what it rests on in the other directory becomes durable too.
  std::set<SimDirectory*> wanted{directory.get()};
  std::vector<bool> chosen(unsynced.size(), false);
  for (std::size_t i = unsynced.size(); i-- > 0;) {
    const auto& parts = unsynced[i].parts;
    chosen[i] = std::any_of(parts.begin(), parts.end(),
                            [&](const NameChange::Part& part) { return wanted.contains(part.directory.get()); });
    if (!chosen[i]) continue;
    for (const NameChange::Part& part : parts) wanted.insert(part.directory.get());
  }
  std::vector<NameChange> rest;
  for (std::size_t i = 0; i < unsynced.size(); ++i) {
    if (chosen[i]) {
      make_durable(unsynced[i]);
    } else {
      rest.push_back(std::move(unsynced[i]));
    }
  }
  unsynced = std::move(rest);
}

Entry SimDisk::State::find(const std::string& path) const {
  Entry at{nullptr, root};
  if (leaves_root(path)) return {};
  for (const std::string& part : split(path)) {
    if (!at.directory) return {};
    const auto it = at.directory->visible.find(part);
    if (it == at.directory->visible.end()) return {};
    at = it->second;
  }
  return at;
}

io::Result<std::pair<std::shared_ptr<SimDirectory>, std::string>> SimDisk::State::parent_of(
    const std::string& path) const {
  if (leaves_root(path)) {
    return base::fail(IoErrc::permission_denied, fmt::format("path '{}' leaves the data directory", path));
  }
  std::vector<std::string> parts = split(path);
  if (parts.empty()) return failure(IoErrc::failed, "use", path, "Invalid argument");
  std::string name = std::move(parts.back());
  parts.pop_back();
  std::string parent;
  for (const std::string& part : parts) parent += part + "/";
  const Entry entry = find(parent);
  if (!entry.directory) return failure(IoErrc::not_found, "open", path, "No such file or directory");
  return std::pair(entry.directory, std::move(name));
}

SimDisk::SimDisk(std::uint64_t seed) : state_(std::make_shared<State>(seed)) {}
SimDisk::~SimDisk() = default;

DiskFaults& SimDisk::faults() {
  return state_->faults;
}
void SimDisk::set_capacity(base::Bytes capacity) {
  state_->capacity = capacity.value;
}
base::Bytes SimDisk::used() const {
  return base::Bytes(state_->used);
}
bool SimDisk::power_lost() const {
  return state_->power_lost;
}
FaultCounters& SimDisk::counters() {
  return state_->counters;
}
const DiskStats& SimDisk::stats() const {
  return state_->stats;
}

io::Result<std::unique_ptr<io::File>> SimDisk::open(const std::string& path, io::OpenMode mode) {
  if (state_->power_lost) return std::unexpected(power_is_off());
  const bool create = mode == io::OpenMode::create_read_write;
  const auto parent = state_->parent_of(path);
  if (!parent) return std::unexpected(parent.error());
  Entry entry = state_->find(path);
  if (create) {
    if (!entry.empty()) return failure(IoErrc::already_exists, "create", path, "File exists");
    const State::Go go = state_->begin_change();
    if (go == State::Go::no) return std::unexpected(power_is_off());
    entry.file = State::make_inode(state_);
    state_->apply({{{parent->first, parent->second, entry}}});
    if (go == State::Go::yes_but_fail) return std::unexpected(power_is_off());
  }
  if (entry.directory) return failure(IoErrc::failed, "open", path, "Is a directory");
  if (!entry.file) return failure(IoErrc::not_found, "open", path, "No such file or directory");
  if (entry.file->broken) return failure(IoErrc::bad_medium, "open", path, "Input/output error");
  return std::unique_ptr<io::File>(
      std::make_unique<SimFile>(state_, std::move(entry.file), path, mode != io::OpenMode::read));
}

io::Result<std::vector<std::string>> SimDisk::list(const std::string& directory) {
  if (state_->power_lost) return std::unexpected(power_is_off());
  const Entry entry = state_->find(directory);
  if (!entry.directory) return failure(IoErrc::not_found, "list", directory, "No such file or directory");
  if (entry.directory->broken) return failure(IoErrc::bad_medium, "list", directory, "Input/output error");
  std::vector<std::string> names;
  for (const auto& [name, child] : entry.directory->visible) names.push_back(name);
  return names;
}

bool SimDisk::exists(const std::string& path) {
  return !state_->power_lost && !state_->find(path).empty();
}

io::Result<void> SimDisk::make_directory(const std::string& path) {
  if (leaves_root(path)) return std::unexpected(state_->parent_of(path).error());
  std::string at;
  for (const std::string& part : split(path)) {
    at += part;
    const Entry entry = state_->find(at);
    if (entry.file) return failure(IoErrc::already_exists, "create directory", at, "File exists");
    if (!entry.directory) {
      const auto parent = state_->parent_of(at);
      if (!parent) return std::unexpected(parent.error());
      const State::Go go = state_->begin_change();
      if (go == State::Go::no) return std::unexpected(power_is_off());
      state_->apply({{{parent->first, parent->second, Entry{nullptr, std::make_shared<SimDirectory>()}}}});
      if (go == State::Go::yes_but_fail) return std::unexpected(power_is_off());
    }
    at += "/";
  }
  if (state_->power_lost) return std::unexpected(power_is_off());
  return {};
}

io::Result<void> SimDisk::rename(const std::string& from, const std::string& to) {
  const auto source = state_->parent_of(from);
  if (!source) return std::unexpected(source.error());
  const auto target = state_->parent_of(to);
  if (!target) return std::unexpected(target.error());
  const Entry moved = state_->find(from);
  if (moved.empty()) return failure(IoErrc::not_found, "rename", from, "No such file or directory");
  const Entry replaced = state_->find(to);
  if (replaced.file == moved.file && replaced.directory == moved.directory) return {};
  if (replaced.directory && (moved.file || !replaced.directory->visible.empty())) {
    return failure(IoErrc::failed, "rename", from, "the target is a directory that is not empty");
  }
  if (moved.directory && replaced.file) return failure(IoErrc::not_found, "rename", from, "Not a directory");
  const State::Go go = state_->begin_change();
  if (go == State::Go::no) return std::unexpected(power_is_off());
  state_->apply({{{source->first, source->second, {}}, {target->first, target->second, moved}}});
  if (go == State::Go::yes_but_fail) return std::unexpected(power_is_off());
  return {};
}

io::Result<void> SimDisk::remove(const std::string& path) {
  const auto parent = state_->parent_of(path);
  if (!parent) return std::unexpected(parent.error());
  const Entry entry = state_->find(path);
  if (entry.empty()) return failure(IoErrc::not_found, "remove", path, "No such file or directory");
  if (entry.directory && !entry.directory->visible.empty()) {
    return failure(IoErrc::failed, "remove", path, "Directory not empty");
  }
  const State::Go go = state_->begin_change();
  if (go == State::Go::no) return std::unexpected(power_is_off());
  state_->apply({{{parent->first, parent->second, {}}}});
  if (go == State::Go::yes_but_fail) return std::unexpected(power_is_off());
  return {};
}

io::Result<void> SimDisk::remove_tree(const std::string& path) {
  if (leaves_root(path)) return std::unexpected(state_->parent_of(path).error());
  const Entry entry = state_->find(path);
  if (entry.empty()) return {};
  if (entry.directory) {
    const auto names = list(path);
    if (!names) return std::unexpected(names.error());
    for (const std::string& name : *names) {
      if (auto removed = remove_tree(fmt::format("{}/{}", path, name)); !removed) return removed;
    }
  }
  return remove(path);
}

io::Result<void> SimDisk::sync_directory(const std::string& path) {
  const Entry entry = state_->find(path);
  if (!entry.directory) return failure(IoErrc::not_found, "sync directory", path, "No such file or directory");
  const State::Go go = state_->begin_change();
  if (go == State::Go::no) return std::unexpected(power_is_off());
  ++state_->stats.directory_syncs;
  if (state_->fires(state_->faults.directory_sync_failure)) {
    state_->counters.count("directory_sync_failure");
    return failure(IoErrc::failed, "sync directory", path, "Input/output error");
  }
  state_->sync_names(entry.directory);
  if (go == State::Go::yes_but_fail) return std::unexpected(power_is_off());
  return {};
}

io::Result<base::Bytes> SimDisk::free_space() {
  if (state_->power_lost) return std::unexpected(power_is_off());
  return base::Bytes(state_->capacity - std::min(state_->capacity, state_->used));
}

io::Result<std::unique_ptr<io::DirectoryLock>> SimDisk::lock() {
  if (state_->power_lost) return std::unexpected(power_is_off());
  if (state_->locked) return base::fail(IoErrc::in_use, "the simulated disk is in use by another holder");
  state_->locked = true;
  return std::unique_ptr<io::DirectoryLock>(std::make_unique<SimLock>(state_));
}

void SimDisk::lose_power_after(std::uint64_t operations, std::function<void()> on_lost) {
  state_->until_power_loss = operations;
  state_->loss_path.clear();
  state_->on_power_lost = std::move(on_lost);
}

void SimDisk::lose_power_in_write(std::string part, std::size_t bytes, std::uint64_t writes,
                                  std::function<void()> on_lost) {
  state_->until_power_loss = 0;
  state_->loss_path = std::move(part);
  state_->loss_bytes = bytes;
  state_->until_write_loss = writes;
  state_->on_power_lost = std::move(on_lost);
}

void SimDisk::State::note_write(const std::string& path, std::size_t bytes) {
  if (loss_path.empty() || power_lost || bytes < loss_bytes || path.find(loss_path) == std::string::npos) {
    return;
  }
  if (--until_write_loss > 0) return;
  loss_path.clear();
  until_power_loss = 1;
  lost_in_write = true;
  counters.count("power_loss_in_write");
}

void SimDisk::crash(base::Prng& prng) {
  State& state = *state_;
  CrashStyle style = CrashStyle::draw(prng);
  style.misdirect_per_million = state.faults.crash_misdirect;
  state.counters.count("crash");

  const bool as_journal = prng.chance(1, 2);
  bool journal_ended = false;
  for (const NameChange& change : state.unsynced) {
    const bool kept = !journal_ended && prng.below(100) < style.keep_percent;
    state.counters.count(kept ? "crash.name_kept" : "crash.name_lost");
    if (kept) State::make_durable(change);
    if (as_journal && !kept) journal_ended = true;
  }
  state.unsynced.clear();

  std::set<SimInode*> reachable;
  adopt_durable(*state.root, reachable);
  // In the order of creation, not of addresses: the same seed must do the same every time.
  state.used = 0;
  CrashOrder order;
  for (const std::weak_ptr<SimInode>& weak : state.inodes) {
    const std::shared_ptr<SimInode> inode = weak.lock();
    if (!inode) continue;
    inode->accounted = 0;
    if (!reachable.contains(inode.get())) continue;
    inode->crash(prng, style, order, state.counters);
    state.account(*inode);
  }
  if (order.earliest_lost < order.latest_kept) state.counters.count("crash.writes_reordered");
  ++state.generation;
  state.locked = false;
  state.power_lost = false;
  state.until_power_loss = 0;
  state.on_power_lost = {};
}

bool SimDisk::flip_bit(const std::string& path, std::uint64_t below, base::Prng& prng) {
  const Entry entry = state_->find(path);
  if (!entry.file || !entry.file->flip_bit(prng, below)) return false;
  state_->counters.count("damage.bit_flipped");
  return true;
}

bool SimDisk::misdirect_write(const std::string& path, std::uint64_t below, base::Prng& prng) {
  const Entry entry = state_->find(path);
  if (!entry.file || !entry.file->copy_sector_elsewhere(prng, below)) return false;
  state_->counters.count("damage.sector_misdirected");
  return true;
}

bool SimDisk::zero_sector(const std::string& path, std::uint64_t below, base::Prng& prng) {
  const Entry entry = state_->find(path);
  if (!entry.file || !entry.file->zero_sector(prng, below)) return false;
  state_->counters.count("damage.sector_zeroed");
  return true;
}

bool SimDisk::spoil_sector(const std::string& path, std::uint64_t below, base::Prng& prng) {
  const Entry entry = state_->find(path);
  if (!entry.file || !entry.file->spoil_sector(prng, below)) return false;
  state_->counters.count("damage.sector_spoilt");
  return true;
}

bool SimDisk::spoil_sector_at(const std::string& path, std::uint64_t position) {
  const Entry entry = state_->find(path);
  if (!entry.file || position >= entry.file->size()) return false;
  entry.file->spoil_sector_at(position);
  state_->counters.count("damage.sector_spoilt");
  return true;
}

bool SimDisk::spoil_path(const std::string& path) {
  const Entry entry = state_->find(path);
  if (entry.empty()) return false;
  (entry.file ? entry.file->broken : entry.directory->broken) = true;
  state_->counters.count(entry.file ? "damage.file_spoilt" : "damage.directory_spoilt");
  return true;
}

bytes::ByteVector SimDisk::durable_content(const std::string& path) const {
  Entry at{nullptr, state_->root};
  for (const std::string& part : split(path)) {
    if (!at.directory) return {};
    const auto it = at.directory->durable.find(part);
    if (it == at.directory->durable.end()) return {};
    at = it->second;
  }
  return at.file ? at.file->durable_bytes() : bytes::ByteVector{};
}

std::vector<std::string> SimDisk::files() const {
  std::vector<std::string> paths;
  collect_files(*state_->root, "", paths);
  return paths;
}

}  // namespace millrace::sim
