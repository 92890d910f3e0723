#include "storage/store_impl.h"

#include <cstdlib>

#include "base/assert.h"
#include "base/log.h"
#include "model/batch.h"

namespace millrace::storage {

StoreImpl::StoreImpl(const StoreEnvironment& environment, const StoreOptions& options)
    : environment_(environment),
      options_(options),
      cache_(std::make_shared<FileCache>(*environment.disk, options.max_open_files)),
      journal_({.loop = environment.loop,
                .disk = environment.disk,
                .pool = environment.pool,
                .directory = options.directory + "/journal",
                .shard = options.shard.value,
                .file_bytes = options.journal_file_bytes.value,
                .alive = alive_,
                .fatal = [this](const std::string& reason) { fail(reason); }}) {
  journal_.on_spare = [this] { wake(); };
}

StoreImpl::~StoreImpl() {
  *alive_ = false;
  if (started_) environment_.loop->remove_hook(this);
}

void StoreImpl::start() {
  started_ = true;
  environment_.loop->add_hook(io::Loop::Stage::storage, this);
  journal_.want_spares(false);
  arm_timer();
  wake();
}

void StoreImpl::fail(const std::string& reason) {
  if (failed_) return;
  failed_ = true;
  if (environment_.fatal) {
    environment_.fatal(reason);
    return;
  }
  base::log::error("storage failed, stopping before anything is confirmed that may be lost: {}", reason);
  std::abort();
}

void StoreImpl::run(io::Task work, io::Task done) {
  environment_.pool->submit(
      *environment_.loop, [cache = cache_, work = std::move(work)]() mutable { work(); },
      [alive = alive_, done = std::move(done)]() mutable {
        if (*alive) done();
      });
}

/// Makes sure that a turn follows, in which the round starts; also for callers that act after this turn's hook.
void StoreImpl::wake() {
  if (wake_posted_ || !started_) return;
  wake_posted_ = true;
  environment_.loop->post([this, alive = alive_] {
    if (*alive) wake_posted_ = false;
  });
}

void StoreImpl::touch(LogImpl& log) {
  const std::uint64_t round = gather_->builder.round();
  if (log.touched_round_ == round) return;
  log.touched_round_ = round;
  gather_->touched.push_back(&log);
  if (!in_flight_) wake();
}

void StoreImpl::want_meta(LogImpl& log) {
  if (log.in_memory() || log.deleted_) return;
  log.meta_wanted_ = true;
  gather_->needs_sync = true;
  touch(log);
}

Log* StoreImpl::create_log(LogId id, const LogOptions& options) {
  MILLRACE_ASSERT(!logs_.contains(id), "log {} exists", id.value);
  auto segments = std::make_unique<SegmentSet>(*cache_, log_directory(options_.directory, id), id);
  auto created = std::make_unique<LogImpl>(*this, id, options, std::move(segments));
  LogImpl& log = *created;
  logs_.emplace(id, std::move(created));
  log_options_changed(log);
  want_meta(log);
  return &log;
}

Log* StoreImpl::find_log(LogId id) {
  const auto found = logs_.find(id);
  return found == logs_.end() ? nullptr : found->second.get();
}

void StoreImpl::delete_log(LogId id) {
  auto node = logs_.extract(id);
  if (node.empty()) return;
  LogImpl& log = *node.mapped();
  log.deleted_ = true;
  if (!log.in_memory()) {
    gather_->builder.add_log_deleted(id);
    gather_->needs_sync = true;
    touch(log);
  }
  log.delete_round_ = gather_->builder.round();
  log.touched_round_ = gather_->builder.round();
  dead_logs_.push_back(std::move(node.mapped()));
  if (!in_flight_) wake();
}

void StoreImpl::work_ended(LogImpl& log) {
  MILLRACE_ASSERT(log.works_ > 0);
  --log.works_;
  if (log.deleted_) free_dead_logs();
}

/// Frees deleted logs when no round and no worker knows them any more.
void StoreImpl::free_dead_logs() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < dead_logs_.size(); ++i) {
    LogImpl& log = *dead_logs_[i];
    const bool busy = log.works_ > 0 || log.memory_dirty_ || (!log.in_memory() && log.delete_round_ > committed_);
    if (!busy && log.segments_ && !log.in_memory()) {
      // The directory goes while the log still counts as not freed, so that the journal keeps its deletion.
      SegmentRemoval removal = log.segments_->clear();
      ++log.works_;
      auto job = std::make_shared<SegmentRemoval>(std::move(removal));
      log.segments_.reset();
      run([job] { (void)job->execute(); }, [this, &log] { work_ended(log); });
    }
    if (busy || log.works_ > 0) {
      if (kept != i) dead_logs_[kept] = std::move(dead_logs_[i]);
      ++kept;
    }
  }
  dead_logs_.resize(kept);
}

Result<Offset> StoreImpl::append(Log& log_interface, bytes::Slab batch) {
  auto& log = static_cast<LogImpl&>(log_interface);
  if (log.deleted_) return base::fail(StorageErrc::unknown_log, "the log was deleted");
  const std::size_t size = batch.size();
  MILLRACE_ASSERT(size >= model::kBatchHeaderSize && size <= model::kMaxBatchSize);
  const std::int32_t delta = batch_last_delta(batch.view());
  MILLRACE_ASSERT(delta >= 0);
  const Offset base = log.next_offset_;
  TailEntry entry{.base = base,
                  .last = Offset(base.value + delta),
                  .appended_at = environment_.loop->clock().wall(),
                  .round = gather_->builder.round(),
                  .batch = std::move(batch),
                  .epoch = log.epoch_};
  if (log.in_memory()) {
    append_memory(log, std::move(entry));
    return base;
  }
  if (disk_full_ || free_bytes_ < static_cast<std::int64_t>(options_.disk_reserve.value)) {
    disk_full_ = true;
    return base::fail(StorageErrc::disk_full, "the disk is nearly full");
  }
  free_bytes_ -= static_cast<std::int64_t>(size);
  ++stats_.appended_batches;
  touch(log);
  if (log.options_.durability == Durability::sync) gather_->needs_sync = true;
  if (goes_direct(log, size)) {
    entry.direct = true;
    // Its epoch is named by the table in the log's meta data.
    if (!log.epoch_recorded_) want_meta(log);
    if (!log.direct_wanted_) {
      log.direct_wanted_ = true;
      gather_->direct.push_back(&log);
    }
  } else {
    gather_->builder.add_batch(log.id_, base, entry.epoch, entry.appended_at, entry.batch);
  }
  log.push(std::move(entry));
  return base;
}

/// See StoreOptions::direct_backlog_bytes.
bool StoreImpl::goes_direct(const LogImpl& log, std::uint64_t size) const {
  if (size < options_.direct_write_bytes.value) return false;
  return log.flushed_end_ > log.start_ || log.tail_bytes_ + size >= options_.direct_backlog_bytes.value;
}

void StoreImpl::append_memory(LogImpl& log, TailEntry entry) {
  log.push(std::move(entry));
  ++stats_.appended_batches;
  if (log.memory_dirty_) return;
  log.memory_dirty_ = true;
  memory_dirty_.push_back(&log);
  wake();
}

void StoreImpl::commit_memory_logs() {
  if (memory_dirty_.empty()) return;
  bool any_dead = false;
  for (LogImpl* log : memory_dirty_) {
    log->memory_dirty_ = false;
    log->committed_end_ = log->appended_end_;
    any_dead |= log->deleted_;
    if (!log->deleted_) retain_memory(*log);
  }
  memory_dirty_.clear();
  if (any_dead) free_dead_logs();
  for (const auto& listener : listeners_) listener(Round(committed_));
}

void StoreImpl::append_command(StateId id, bytes::ByteView command, Durability durability) {
  const auto found = states_.find(id);
  MILLRACE_ASSERT(found != states_.end() && found->second.machine != nullptr, "state {} is not attached", id.value);
  State& state = found->second;
  gather_->builder.add_state(EntryType::command, id, command);
  if (durability == Durability::sync) gather_->needs_sync = true;
  state.commands_since_snapshot = true;
  if (state.base_round == 0) {
    state.base_round = gather_->builder.round();
    gather_->state_bases.push_back(id);
  }
  if (!in_flight_) wake();
}

void StoreImpl::attach_state(StateId id, StateMachine* machine) {
  MILLRACE_ASSERT(machine != nullptr);
  states_[id].machine = machine;
}

void StoreImpl::drop_state(StateId id) {
  const auto found = states_.find(id);
  if (found == states_.end()) return;
  if (found->second.base_round != 0) {
    gather_->builder.add_state_dropped(id);
    gather_->needs_sync = true;
    if (!in_flight_) wake();
  }
  states_.erase(found);
}

void StoreImpl::add_quarantined(const std::vector<QuarantinedRange>& ranges) {
  for (const QuarantinedRange& range : ranges) {
    base::log::error("log {}: offsets {} to {} are damaged and set aside: {}", range.log.value, range.first.value,
                     range.last.value, range.reason);
    quarantined_.push_back(range);
  }
}

void StoreImpl::shutdown(io::Task done) {
  MILLRACE_ASSERT(!shutdown_done_);
  shutdown_done_ = std::move(done);
  for (auto& [id, state] : states_) {
    if (state.commands_since_snapshot) snapshot_state(id, state);
  }
  gather_->builder.add_clean_stop();
  gather_->needs_sync = true;
  shutdown_round_ = gather_->builder.round();
  wake();
}

void StoreImpl::on_turn_end() {
  commit_memory_logs();
  if (failed_) return;
  retire_step();
  try_start_round();
  if (shutdown_done_ && committed_ >= shutdown_round_ && !in_flight_) {
    environment_.loop->post(std::exchange(shutdown_done_, io::Task()));
  }
}

Store::Stats StoreImpl::stats() {
  Stats result = stats_;
  result.tail_bytes = memory_bytes();
  result.open_files = cache_->open_files() + journal_.open_files();
  result.logs = logs_.size();
  result.quarantined_ranges = quarantined_.size();
  stats_.sync_nanos_max = 0;
  return result;
}

}  // namespace millrace::storage
