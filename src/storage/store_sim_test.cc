#include "storage/store_sim_test.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace millrace::storage {

namespace {

constexpr base::Nanos kMillisecond{1'000'000};
constexpr base::Nanos kLongTime{30'000'000'000};

/// Most batches have one.
std::optional<Millis> time_to_live_of(std::uint64_t tag) {
  if (tag % 64 == 5) return std::nullopt;
  return Millis(static_cast<std::int64_t>(tag * 37 % 300));
}

}  // namespace

void SimOperation::apply(SimModel& model) const {
  switch (kind) {
    case Kind::create_log:
      (void)model.logs[LogId(id)];
      return;
    case Kind::append:
      model.logs[LogId(id)].batches[base] = batch;
      model.logs[LogId(id)].end = Offset(batch.last.value + 1);
      return;
    case Kind::trim:
      model.logs[LogId(id)].start = base;
      return;
    case Kind::delete_log:
      model.logs.erase(LogId(id));
      return;
    case Kind::command:
      (void)model.states[StateId(id)].apply(command);
      return;
    case Kind::drop_state:
      model.states.erase(StateId(id));
      return;
  }
}

StoreSim::StoreSim(std::uint64_t seed, const SimProfile& profile, const StoreMutations* mutations)
    : profile_(profile), mutations_(mutations), prng_(seed), world_(seed), disk_(seed) {
  options_.directory = "shard";
  options_.journal_file_bytes = base::kib(8 * prng_.between(2, 8));
  options_.direct_write_bytes = base::kib(prng_.between(1, 4));
  options_.direct_backlog_bytes = base::kib(prng_.between(0, 32));
  options_.disk_reserve = base::kib(32);
  options_.max_open_files = 4;
}

StoreSim::~StoreSim() {
  stop(false);
}

void StoreSim::problem(const std::string& text) {
  if (problem_.empty()) problem_ = text;
}

std::string StoreSim::run() {
  const std::uint64_t sessions = profile_.bursts ? prng_.between(8, 16) : prng_.between(2, 4);
  for (std::uint64_t i = 0; i < sessions && problem_.empty() && !rotten_; ++i) {
    if (!open()) break;
    if (problem_.empty()) session();
  }
  if (problem_.empty() && !store_) (void)open();
  return problem_;
}

Result<std::unique_ptr<Store>> StoreSim::try_open() {
  sim::SimLoop& loop = world_.add_loop();
  sync_pool_ = std::make_unique<sim::SimWorkPool>(world_, 1);
  pool_ = std::make_unique<sim::SimWorkPool>(world_, 3);
  for (auto& [id, machine] : target_.machines) machine = std::make_unique<TestMachine>();
  const StoreEnvironment environment{.loop = &loop,
                                     .disk = &disk_,
                                     .sync_pool = sync_pool_.get(),
                                     .pool = pool_.get(),
                                     .mutations = mutations_,
                                     .fatal = [this](const std::string& reason) { failed_ = reason; }};
  report_ = {};
  return Store::open(environment, options_, target_, report_);
}

/// Opens the store, perhaps with crashes in the middle of the recovery. Then checks what came back.
bool StoreSim::open() {
  for (int attempt = 0;; ++attempt) {
    const bool calm = attempt >= 3 || rotten_;
    disk_.faults() = calm ? sim::DiskFaults{} : profile_.faults;
    if (!calm && profile_.power_loss && prng_.chance(1, 3)) disk_.lose_power_after(prng_.between(1, 25));
    if (calm) disk_.set_capacity(base::mib(1024));
    failed_.clear();
    auto opened = try_open();
    disk_.lose_power_after(0);
    if (opened) {
      store_ = std::move(*opened);
      break;
    }
    if (calm) {
      problem("open failed: " + opened.error().detail);
      return false;
    }
    stop(disk_.power_lost() || (profile_.power_loss && prng_.chance(1, 2)));
  }
  disk_.faults() = profile_.faults;
  disk_.faults().read_failure = 0;
  verify();
  store_->on_commit([this](Round round) {
    confirmed_ = round.value;
    ++total_rounds_;
    if (synced_rounds_.contains(round.value)) confirmed_synced_ = round.value;
    note_epochs();
    note_visible();
  });
  for (const auto& [id, machine] : target_.machines) store_->attach_state(id, machine.get());
  for (const auto& [id, options] : target_.logs) {
    if (store_->find_log(id) == nullptr) {
      store_->create_log(id, options);
      record({.kind = SimOperation::Kind::create_log, .id = id.value});
    }
    if (rewritten_.contains(id)) {
      store_->find_log(id)->set_needed([this, id](Offset first, Offset last) { return needed(id, first, last); });
    }
  }
  return true;
}

void StoreSim::stop(bool power_loss) {
  store_.reset();
  pool_.reset();
  sync_pool_.reset();
  world_.destroy_loops();
  world_.resume();
  if (!power_loss) return;
  killed_ = false;
  const std::uint64_t before = disk_.counters().of("crash.sector_misdirected");
  disk_.crash(prng_);
  if (disk_.counters().of("crash.sector_misdirected") != before) rotten_ = true;
}

void StoreSim::session() {
  const bool cut_power = profile_.power_loss && prng_.chance(3, 4);
  if (cut_power && profile_.bursts && prng_.chance(2, 3)) {
    disk_.lose_power_in_write("/journal/", 1024, prng_.between(1, 8), [this] { world_.halt(); });
  } else if (cut_power && (profile_.bursts || prng_.chance(1, 2))) {
    disk_.lose_power_after(prng_.between(1, profile_.bursts ? 60 : 400), [this] { world_.halt(); });
  }
  if (profile_.small_disk && prng_.chance(1, 2)) {
    disk_.set_capacity(Bytes(disk_.used().value + prng_.below(std::uint64_t{300} << 10)));
  }
  work();
  const bool orderly = prng_.chance(1, 10) && failed_.empty() && !disk_.power_lost();
  if (orderly) {
    bool stopped = false;
    store_->shutdown([&stopped] { stopped = true; });
    if (!world_.run_until([&] { return stopped; }, kLongTime) && failed_.empty() && !disk_.power_lost() &&
        !profile_.small_disk) {
      problem("the store does not stop");
    }
  }
  if (profile_.bit_rot && prng_.chance(1, 2)) rot();
  stop(disk_.power_lost() || (!rotten_ && (cut_power || !profile_.kill)));
  disk_.lose_power_after(0);
}

void StoreSim::work() {
  const std::uint64_t steps = prng_.between(20, 250);
  for (std::uint64_t i = 0; i < steps && problem_.empty() && failed_.empty() && !disk_.power_lost(); ++i) {
    one_step();
    if (profile_.bursts && prng_.chance(7, 8)) continue;
    for (std::uint64_t turns = prng_.below(8); turns > 0 && !world_.halted(); --turns) world_.step();
    if (prng_.chance(1, 60)) world_.run_for(base::Nanos(1'100 * kMillisecond.value));
    if (prng_.chance(1, 20)) world_.run_for(base::Nanos(20 * kMillisecond.value));
  }
}

void StoreSim::one_step() {
  const std::uint64_t dice = prng_.below(100);
  if (target_.logs.empty() || dice < 3) return create_log();
  if (dice < 55) return append();
  if (dice < 75) return command();
  if (dice < 83) return trim();
  if (dice < 84) return delete_log();
  if (dice < 85) return drop_state();
  read();
}

void StoreSim::record(SimOperation operation) {
  operation.round = store_->current_round().value;
  last_round_ = std::max(last_round_, operation.round);
  const auto log = target_.logs.find(LogId(operation.id));
  const bool on_log = operation.kind == SimOperation::Kind::append || operation.kind == SimOperation::Kind::trim;
  if (!on_log || log->second.durability == Durability::sync) synced_rounds_.insert(operation.round);
  operation.apply(live_);
  operations_.push_back(std::move(operation));
}

LogOptions StoreSim::random_options() {
  LogOptions options;
  options.segment_bytes = base::kib(prng_.between(4, 40));
  if (prng_.chance(1, 5)) options.durability = Durability::os;
  return options;
}

void StoreSim::create_log() {
  const LogId id(next_log_++);
  const LogOptions options = random_options();
  target_.logs[id] = options;
  Log* log = store_->create_log(id, options);
  record({.kind = SimOperation::Kind::create_log, .id = id.value});
  if (!prng_.chance(1, 4)) return;
  rewritten_.insert(id);
  log->set_needed([this, id](Offset first, Offset last) { return needed(id, first, last); });
}

Log* StoreSim::random_log() {
  auto at = target_.logs.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(prng_.below(target_.logs.size())));
  return store_->find_log(at->first);
}

void StoreSim::append() {
  Log* log = random_log();
  const std::uint64_t tag = next_tag_++;
  static constexpr std::uint64_t kSizes[] = {20, 100, 700, 2500, 6000};
  const int records = static_cast<int>(prng_.between(1, 5));
  const std::size_t size = static_cast<std::size_t>(prng_.below(kSizes[prng_.below(5)]) + 8);
  const auto base = store_->append(*log, make_batch(tag, records, size, 1000, time_to_live_of(tag)));
  if (!base) {
    if (base.error().code != StorageErrc::disk_full || !profile_.small_disk) problem("append refused");
    return;
  }
  Offset& assigned = assigned_end_[log->id()];
  if (*base < assigned) problem(fmt::format("log {}: offset {} was assigned before", log->id().value, base->value));
  assigned = Offset(base->value + records);
  if (log->epoch() < last_epoch_[log->id()]) problem("an epoch went back");
  record({.kind = SimOperation::Kind::append,
          .id = log->id().value,
          .base = *base,
          .batch = {Offset(base->value + records - 1), tag}});
}

void StoreSim::trim() {
  Log* log = random_log();
  const std::int64_t room = log->committed_end().value - log->start().value;
  if (room <= 0) return;
  const Offset start(log->start().value + static_cast<std::int64_t>(prng_.below(static_cast<std::uint64_t>(room))) + 1);
  log->trim(prng_.chance(1, 8) ? log->committed_end() : start);
  record({.kind = SimOperation::Kind::trim, .id = log->id().value, .base = log->start()});
}

void StoreSim::delete_log() {
  const LogId id = random_log()->id();
  // The catalog's decision is durable before the store hears of it.
  store_->delete_log(id);
  record({.kind = SimOperation::Kind::delete_log, .id = id.value});
  target_.logs.erase(id);
}

void StoreSim::command() {
  StateId id(1'000'000 + next_state_);
  if (target_.machines.empty() || prng_.chance(1, 15)) {
    ++next_state_;
    target_.machines[id] = std::make_unique<TestMachine>();
    store_->attach_state(id, target_.machines[id].get());
  } else {
    auto at = target_.machines.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(prng_.below(target_.machines.size())));
    id = at->first;
  }
  TestMachine& machine = *target_.machines[id];
  const auto bytes = TestMachine::command(machine.count + 1, prng_.below(20), prng_.next());
  (void)machine.apply(bytes);
  store_->append_command(id, bytes);
  record({.kind = SimOperation::Kind::command, .id = id.value, .command = bytes});
}

void StoreSim::drop_state() {
  if (target_.machines.empty()) return;
  const StateId id = target_.machines.begin()->first;
  store_->drop_state(id);
  record({.kind = SimOperation::Kind::drop_state, .id = id.value});
  target_.machines.erase(id);
}

bool StoreSim::needed(LogId, Offset first, Offset last) const {
  return (first.value / 16) % 8 == 0 || (last.value / 16) % 8 == 0;
}

Result<std::vector<BatchRef>> StoreSim::read_from(Log& log, Offset from) {
  std::vector<BatchRef> batches;
  const Log::ReadRequest request{from, log.committed_end(), base::kib(prng_.between(1, 32))};
  if (log.read_hot(request, batches)) return batches;
  const auto result = std::make_shared<std::optional<Result<std::vector<BatchRef>>>>();
  log.read_cold(request, [result](Result<std::vector<BatchRef>> read) { *result = std::move(read); });
  if (!world_.run_until([&] { return result->has_value(); }, kLongTime)) {
    return base::fail(StorageErrc::io, "the read never ended");
  }
  return std::move(**result);
}

/// What readers get while work goes on is committed and right.
void StoreSim::read() {
  Log* log = random_log();
  const LogId id = log->id();
  if (log->start() >= log->committed_end()) return;
  if (prng_.chance(1, 4)) {
    // Nobody waits for this one: the log may be trimmed, deleted or gone with the process before it ends.
    log->read_cold({log->start(), log->committed_end(), base::kib(8)}, [](Result<std::vector<BatchRef>>) {});
    log->find_max_time([](Result<Log::TimeLookup>) {});
    (void)log->find_expired({log->start(), log->committed_end(), Timestamp(0), Millis(1)}, [](Result<Offset>) {});
    return;
  }
  const auto room = static_cast<std::uint64_t>(log->committed_end().value - log->start().value);
  const Offset from(log->start().value + static_cast<std::int64_t>(prng_.below(room)));
  const auto batches = read_from(*log, from);
  if (disk_.power_lost() || !failed_.empty()) return;
  if (!batches) {
    problem(fmt::format("log {}: a read failed: {}", id.value, batches.error().detail));
    return;
  }
  for (const BatchRef& batch : *batches) {
    const auto& known = live_.logs[id].batches;
    const auto at = known.find(batch.base_offset);
    if (at == known.end() || at->second.last != batch.last_offset || at->second.tag != tag_of(batch.bytes.view)) {
      problem(fmt::format("log {}: a wrong batch at {}", id.value, batch.base_offset.value));
    }
  }
  ask_for_expired(*log, from, *batches);
}

/// Nothing is said to be over its time before it is.
void StoreSim::ask_for_expired(Log& log, Offset from, std::span<const BatchRef> batches) {
  if (batches.empty()) return;
  const LogId id = log.id();
  const Timestamp now(batches.back().appended_at.value + static_cast<std::int64_t>(prng_.below(400)));
  std::optional<Millis> of_all;
  if (prng_.chance(1, 3)) of_all = Millis(static_cast<std::int64_t>(prng_.below(400)));
  const auto answer = std::make_shared<std::optional<Result<Offset>>>();
  if (!log.find_expired({from, log.committed_end(), now, of_all},
                        [answer](Result<Offset> until) { *answer = std::move(until); })) {
    return;
  }
  const bool answered = world_.run_until([&] { return answer->has_value(); }, kLongTime);
  if (disk_.power_lost() || !failed_.empty()) return;
  if (!answered) return problem(fmt::format("log {}: no answer about expiry", id.value));
  if (!(*answer)->has_value()) return;  // the index cannot be read
  const Offset until = ***answer;
  if (until < from) problem(fmt::format("log {}: what is over its time ends before it begins", id.value));
  for (const BatchRef& batch : batches) {
    const auto own = time_to_live_of(tag_of(batch.bytes.view));
    const auto over = [&](std::optional<Millis> time) {
      return time.has_value() && batch.appended_at.value + time->value <= now.value;
    };
    if (until <= std::max(from, batch.base_offset)) continue;
    // A rewrite may have left it out meanwhile.
    if (rewritten_.contains(id) && !needed(id, batch.base_offset, batch.last_offset)) continue;
    ++expired_;
    if (!over(own) && !over(of_all)) {
      problem(fmt::format("log {}: the batch at {} is not over its time", id.value, batch.base_offset.value));
    }
  }
}

/// Of batches that anybody may have seen: an epoch of which nothing was confirmed may come again.
void StoreSim::note_epochs() {
  for (const auto& [id, options] : target_.logs) {
    const Log* log = store_->find_log(id);
    if (log == nullptr || options.durability != Durability::sync || log->committed_end() <= visible_end_[id]) continue;
    last_epoch_[id] = std::max(last_epoch_[id], log->epoch());
  }
}

/// What anybody may have seen must stay.
void StoreSim::note_visible() {
  for (const auto& [id, options] : target_.logs) {
    const Log* log = store_->find_log(id);
    if (log != nullptr && options.durability == Durability::sync) visible_end_[id] = log->committed_end();
  }
}

/// The store must be what all rounds up to one of the possible last ones make.
void StoreSim::verify() {
  const std::uint64_t bound = killed_ ? confirmed_ : confirmed_synced_;
  SimModel model = base_;
  SimModel solid = base_;  // what damage to the newest rounds, which looks like a torn write, cannot have taken
  for (const SimOperation& operation : operations_) {
    if (operation.round + 2 < bound) operation.apply(solid);
  }
  std::size_t next = 0;
  std::string first_difference;
  std::set<std::uint64_t> candidates{bound};
  for (const SimOperation& operation : operations_) candidates.insert(operation.round);
  for (const std::uint64_t round : candidates) {
    if (round < bound) continue;
    while (next < operations_.size() && operations_[next].round <= round) operations_[next++].apply(model);
    if (rotten_) continue;
    const std::string difference = compare(model);
    if (difference.empty()) {
      adopt(round);
      return;
    }
    if (first_difference.empty()) first_difference = fmt::format("as of round {}: {}", round, difference);
  }
  if (rotten_) {
    verify_rotten(model, solid);
    // What was assigned and never confirmed may be assigned again.
    for (auto& [id, end] : assigned_end_) end = solid.logs.contains(id) ? solid.logs.at(id).end : Offset(0);
    return;
  }
  problem(fmt::format("no prefix of rounds from {} ({}) on matches; {}", bound, killed_ ? "killed" : "lost power",
                      first_difference));
}

std::string StoreSim::compare(const SimModel& model) {
  for (const auto& range : report_.quarantined) {
    return fmt::format("log {}: {} to {} were called damaged: {}", range.log.value, range.first.value, range.last.value,
                       range.reason);
  }
  for (const auto& [id, options] : target_.logs) {
    const auto expected = model.logs.find(id);
    std::string difference = compare_log(id, expected == model.logs.end() ? nullptr : &expected->second);
    if (!difference.empty()) return difference;
  }
  for (std::uint64_t id = 1; id < next_log_; ++id) {
    if (!target_.logs.contains(LogId(id)) && store_->find_log(LogId(id)) != nullptr) {
      return fmt::format("log {} was deleted", id);
    }
  }
  return compare_states(model);
}

std::string StoreSim::compare_log(LogId id, const SimModel::Log* expected) {
  Log* log = store_->find_log(id);
  if (log == nullptr) return expected == nullptr ? "" : fmt::format("log {} is missing", id.value);
  static const SimModel::Log kEmpty;
  if (expected == nullptr) expected = &kEmpty;
  if (log->start() != expected->start || log->committed_end() != expected->end) {
    return fmt::format("log {}: {} to {}, expected {} to {}", id.value, log->start().value, log->committed_end().value,
                       expected->start.value, expected->end.value);
  }
  if (log->committed_end() < visible_end_[id]) return fmt::format("log {}: visible records are gone", id.value);
  auto at = expected->batches.begin();
  while (at != expected->batches.end() && at->second.last < expected->start) ++at;
  Offset from = log->start();
  const bool partly = rewritten_.contains(id);
  while (from < log->committed_end()) {
    const auto batches = read_from(*log, from);
    if (!batches) return fmt::format("log {}: read at {}: {}", id.value, from.value, batches.error().detail);
    if (batches->empty()) break;
    for (const BatchRef& batch : *batches) {
      while (partly && at != expected->batches.end() && at->first < batch.base_offset &&
             !needed(id, at->first, at->second.last)) {
        ++at;
      }
      if (at == expected->batches.end() || at->first != batch.base_offset || at->second.last != batch.last_offset ||
          at->second.tag != tag_of(batch.bytes.view)) {
        return fmt::format("log {}: a batch at {} is not the expected one", id.value, batch.base_offset.value);
      }
      ++at;
    }
    from = Offset(batches->back().last_offset.value + 1);
  }
  while (partly && at != expected->batches.end() && !needed(id, at->first, at->second.last)) ++at;
  if (at != expected->batches.end()) {
    return fmt::format("log {}: the batch at {} is missing, nothing at {}", id.value, at->first.value, from.value);
  }
  return "";
}

std::string StoreSim::compare_states(const SimModel& model) {
  for (const auto& [id, machine] : target_.machines) {
    const auto expected = model.states.find(id);
    const std::uint64_t count = expected == model.states.end() ? 0 : expected->second.count;
    if (machine->out_of_order) return fmt::format("state {}: commands out of order", id.value);
    if (machine->count != count || (count > 0 && machine->values != expected->second.values)) {
      return fmt::format("state {}: {} commands, expected {}", id.value, machine->count, count);
    }
  }
  return "";
}

/// Everything up to `round` is what the store starts with now; the rest is forgotten.
void StoreSim::adopt(std::uint64_t round) {
  for (const SimOperation& operation : operations_) {
    if (operation.round <= round) operation.apply(base_);
  }
  std::erase_if(base_.logs, [&](const auto& entry) { return !target_.logs.contains(entry.first); });
  std::erase_if(base_.states, [&](const auto& entry) { return !target_.machines.contains(entry.first); });
  live_ = base_;
  killed_ = true;
  operations_.clear();
  synced_rounds_.clear();
  confirmed_ = confirmed_synced_ = store_->committed_round().value;
  visible_end_.clear();
  // What was assigned and never confirmed may be assigned again if nothing of it is left.
  for (auto& [id, end] : assigned_end_) end = base_.logs.contains(id) ? base_.logs.at(id).end : Offset(0);
  note_visible();
}

/// Damages bytes that were synced. The newest rounds are left out: damage to them looks like a torn write.
void StoreSim::rot() {
  if (!failed_.empty() || disk_.power_lost()) return;
  disk_.faults() = {};
  for (int i = 0; i < 3; ++i) {
    if (target_.logs.empty()) create_log();
    const Round round = store_->current_round();
    command();
    if (!world_.run_until([&] { return store_->committed_round() >= round; }, kLongTime)) return;
  }
  for (const std::string& path : disk_.files()) {
    const bool journal = path.find("/journal/") != std::string::npos;
    if (prng_.chance(1, 25)) {
      const bool done = disk_.spoil_path(!journal && prng_.chance(1, 2) ? path.substr(0, path.rfind('/')) : path);
      rotted_ += done ? 1 : 0;
      rotten_ |= done;
      continue;
    }
    if (!prng_.chance(1, journal ? 3 : 6)) continue;
    const std::uint64_t size = disk_.durable_content(path).size();
    if (size == 0) continue;
    const std::uint64_t kind = prng_.below(5);
    const bool done = kind == 0   ? disk_.flip_bit(path, size, prng_)
                      : kind == 1 ? disk_.zero_sector(path, size, prng_)
                      : kind == 2 ? disk_.misdirect_write(path, size, prng_)
                                  : disk_.spoil_sector(path, size, prng_);
    rotted_ += done ? 1 : 0;
    rotten_ |= done;
  }
}

bool StoreSim::told(LogId log, Offset first, Offset last) const {
  for (const auto* ranges : {&report_.quarantined, &store_->quarantined()}) {
    for (const QuarantinedRange& range : *ranges) {
      const bool unknown = range.first < Offset(0);
      if (unknown || (range.log == log && range.first <= last && range.last >= first)) return true;
    }
  }
  return false;
}

/// After damage: whatever is readable is right; what is missing was reported or lay in the newest rounds.
void StoreSim::verify_rotten(const SimModel& model, const SimModel& solid) {
  reported_ += report_.quarantined.size();
  for (const auto& [id, options] : target_.logs) {
    const auto expected = model.logs.find(id);
    Log* log = store_->find_log(id);
    const auto sure = solid.logs.find(id);
    if (log == nullptr || expected == model.logs.end()) {
      if (log == nullptr && sure != solid.logs.end() && report_.quarantined.empty()) problem("a log is gone");
      continue;
    }
    std::set<Offset> seen;
    Offset from = log->start();
    int refusals = 0;
    while (from < log->committed_end()) {
      const auto batches = read_from(*log, from);
      // What the disk does not read is called damage after some attempts only.
      if (!batches && batches.error().code == StorageErrc::io && ++refusals < 1000) continue;
      if (!batches) {
        const Offset next = log->skip_quarantined(from);
        if (batches.error().code != StorageErrc::quarantined || next <= from) {
          problem(fmt::format("log {}: read of damage at {}: {}", id.value, from.value, batches.error().detail));
          return;
        }
        from = next;
        continue;
      }
      if (batches->empty()) break;
      for (const BatchRef& batch : *batches) {
        const auto at = expected->second.batches.find(batch.base_offset);
        if (at == expected->second.batches.end() || at->second.tag != tag_of(batch.bytes.view)) {
          problem(fmt::format("log {}: damage was served at {}", id.value, batch.base_offset.value));
        }
        seen.insert(batch.base_offset);
      }
      from = Offset(batches->back().last_offset.value + 1);
    }
    if (sure == solid.logs.end()) continue;
    for (const auto& [base, batch] : sure->second.batches) {
      if (batch.last < expected->second.start || seen.contains(base) || told(id, base, batch.last)) continue;
      if (rewritten_.contains(id) && !needed(id, base, batch.last)) continue;
      problem(fmt::format("log {}: the batch at {} is gone and nothing was reported", id.value, base.value));
    }
  }
}

namespace {

std::uint64_t seeds() {
  const char* text = std::getenv("MILLRACE_SIM_SEEDS");
  return text == nullptr ? 2000 : std::strtoull(text, nullptr, 10);
}

/// A profile for each seed in turn, so that all faults are met and their failures told apart.
SimProfile profile_of(std::uint64_t seed) {
  SimProfile profile;
  switch (seed % 8) {
    case 0:
    case 1:
      break;
    case 2:
      profile.faults.sync_failure = 5'000;
      profile.faults.directory_sync_failure = 5'000;
      break;
    case 3:
      profile.faults.write_failure = 5'000;
      break;
    case 4:
      profile.faults.write_no_space = 10'000;
      profile.small_disk = true;
      break;
    case 5:
      profile.small_disk = true;
      break;
    case 6:
      profile.bit_rot = true;
      if (seed % 16 == 6) profile.faults.crash_misdirect = 200'000;
      break;
    case 7:
      profile.faults.read_failure = 10'000;
      profile.faults.sync_failure = 2'000;
      break;
    default:
      ADD_FAILURE() << "there is no profile for seed " << seed;
  }
  return profile;
}

TEST(StoreSimulation, LosesNothingAndInventsNothing) {
  const char* one = std::getenv("MILLRACE_SIM_SEED");
  const std::uint64_t first = one == nullptr ? 1 : std::strtoull(one, nullptr, 10);
  const std::uint64_t count = one == nullptr ? seeds() : 1;
  sim::FaultCounters counters;
  std::uint64_t rounds = 0;
  std::uint64_t reported = 0;
  std::uint64_t expired = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    StoreSim sim(seed, profile_of(seed), nullptr);
    const std::string problem = sim.run();
    ASSERT_EQ(problem, "") << "MILLRACE_SIM_SEED=" << seed;
    counters.add(sim.disk().counters());
    rounds += sim.rounds();
    reported += sim.reported();
    expired += sim.expired();
  }
  std::printf("%llu seeds, %llu rounds, %llu damaged ranges reported, %llu expired batches; %s\n",
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(rounds),
              static_cast<unsigned long long>(reported), static_cast<unsigned long long>(expired),
              counters.to_string().c_str());
  if (count < 500) return;
  EXPECT_GT(reported, 0u);
  EXPECT_GT(expired, 0u);
  for (const char* fault : {"power_loss",
                            "crash",
                            "crash.sector_lost",
                            "crash.sector_torn",
                            "crash.writes_reordered",
                            "crash.size_lost",
                            "crash.name_lost",
                            "crash.sector_misdirected",
                            "sync_failure",
                            "directory_sync_failure",
                            "write_failure",
                            "write_no_space",
                            "disk_full",
                            "read_failure",
                            "damage.bit_flipped",
                            "damage.sector_zeroed",
                            "damage.sector_misdirected",
                            "damage.sector_spoilt",
                            "damage.file_spoilt",
                            "damage.directory_spoilt",
                            "unreadable_sector"}) {
    EXPECT_GT(counters.of(fault), 0u) << fault;
  }
}

SimProfile burst_profile() {
  SimProfile profile;
  profile.kill = false;
  profile.bursts = true;
  return profile;
}

/// A deliberately broken store must be noticed, else the simulation proves nothing.
void expect_caught(const StoreMutations& mutations, const char* name) {
  constexpr std::uint64_t kTries = 100;
  std::uint64_t caught = 0;
  std::string first;
  for (std::uint64_t seed = 1; seed <= kTries; ++seed) {
    StoreSim sim(seed, burst_profile(), &mutations);
    const std::string problem = sim.run();
    if (problem.empty()) continue;
    if (caught++ == 0) first = fmt::format("seed {}: {}", seed, problem);
  }
  std::printf("%s: caught by %llu of %llu seeds, first by %s\n", name, static_cast<unsigned long long>(caught),
              static_cast<unsigned long long>(kTries), first.c_str());
  EXPECT_GE(caught, kTries / 10) << name;
}

TEST(StoreSimulation, BurstsLoseNothing) {
  const char* one = std::getenv("MILLRACE_SIM_SEED");
  const std::uint64_t first = one == nullptr ? 1 : std::strtoull(one, nullptr, 10);
  const std::uint64_t count = one == nullptr ? seeds() / 4 : 1;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    EXPECT_EQ(StoreSim(seed, burst_profile(), nullptr).run(), "") << "MILLRACE_SIM_SEED=" << seed;
  }
}

TEST(StoreSimulation, NoticesConfirmationBeforeTheSync) {
  expect_caught({.confirm_before_sync = true}, "confirm_before_sync");
}

TEST(StoreSimulation, NoticesDroppedRoundRecords) {
  expect_caught({.drop_round_records = true}, "drop_round_records");
}

TEST(StoreSimulation, NoticesReusedOffsets) {
  expect_caught({.reuse_offsets = true}, "reuse_offsets");
}

}  // namespace
}  // namespace millrace::storage
