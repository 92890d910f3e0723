// Freeing the oldest journal file: large tails go to segments, small ones and states are repeated in a new round.

#include <algorithm>
#include <set>

#include "base/log.h"
#include "bytes/writer.h"
#include "storage/store_impl.h"

namespace millrace::storage {

namespace {

/// The current file and the one before it.
constexpr std::size_t kKeptFiles = 2;
/// Tails from this size on are flushed rather than copied.
constexpr std::uint64_t kFlushBytes = std::uint64_t{64} << 10;
/// At most this share of a journal file is copied forward.
constexpr std::uint64_t kCopyShare = 4;
/// One flush writes this much at most, of so many logs: commit rounds wait for the disk behind it.
constexpr std::uint64_t kFlushPiece = std::uint64_t{4} << 20;
constexpr std::size_t kFlushLogs = 64;
constexpr int kParallelFlushes = 2;
/// What retirement adds to one round, so that nobody waits long for it.
constexpr std::uint64_t kCopyPerRound = std::uint64_t{1} << 20;

bool has_entry_until(const LogImpl& log, std::uint64_t last_round) {
  for (std::size_t i = log.unflushed_begin(); i < log.tail_.size(); ++i) {
    if (log.tail_[i].round <= last_round) return true;
  }
  return false;
}

}  // namespace

void StoreImpl::retire_step() {
  if (!retirement_) begin_retirement();
  if (!retirement_ || retirement_->paused) return;
  if (retirement_->phase == Retirement::Phase::flush) retire_flush();
  if (retirement_->phase == Retirement::Phase::copy && retire_copy()) {
    // Also when nothing had to be copied: what was flushed must be recorded, and earlier rounds be synced.
    gather_->wanted = gather_->needs_sync = true;
    retirement_->done_round = gather_->builder.round();
    retirement_->phase = Retirement::Phase::wait;
  }
  if (retirement_->phase == Retirement::Phase::wait && synced_ >= retirement_->done_round) finish_retirement();
}

void StoreImpl::begin_retirement() {
  const auto& files = journal_.files();
  if (files.size() <= kKeptFiles || journal_.removing() || files.front().last_round > committed_) return;
  retirement_.emplace();
  retirement_->last_round = files.front().last_round;
  pick_flushes(files.front());
}

void StoreImpl::pick_flushes(const JournalFile& file) {
  std::vector<LogImpl*> small;
  std::uint64_t small_bytes = 0;
  for (const LogId id : file.logs) {
    const auto found = logs_.find(id);
    if (found == logs_.end()) continue;
    LogImpl& log = *found->second;
    // What readers settle soon after it came is gone by now: newer files hold the rest.
    if (!has_entry_until(log, retirement_->last_round)) continue;
    if (log.tail_bytes_ >= kFlushBytes) {
      retirement_->to_flush.push_back({id, log.committed_end_});
    } else {
      small.push_back(&log);
      small_bytes += log.tail_bytes_;
    }
  }
  const std::uint64_t limit = options_.journal_file_bytes.value / kCopyShare;
  if (small_bytes <= limit) return;
  // Else each retirement would fill the next file with copies.
  std::sort(small.begin(), small.end(), [](const LogImpl* a, const LogImpl* b) {
    return a->tail_bytes_ != b->tail_bytes_ ? a->tail_bytes_ > b->tail_bytes_ : a->id_ < b->id_;
  });
  for (LogImpl* log : small) {
    if (small_bytes <= limit) break;
    small_bytes -= log->tail_bytes_;
    retirement_->to_flush.push_back({log->id_, log->committed_end_});
  }
}

void StoreImpl::retire_flush() {
  Retirement& retirement = *retirement_;
  while (retirement.flushing < kParallelFlushes && retirement.next_flush < retirement.to_flush.size()) {
    auto group = std::make_shared<FlushGroup>();
    const bool all_free = plan_flushes(*group);
    if (!group->items.empty()) flush(std::move(group));
    if (!all_free) return;
  }
  if (retirement.flushing == 0 && retirement.next_flush == retirement.to_flush.size()) {
    retirement.phase = Retirement::Phase::copy;
  }
}

/// Fills a group with what is next. False when a log has to be waited for: a round, or another group, writes to its
/// segments right now, and the end of that causes another turn.
bool StoreImpl::plan_flushes(FlushGroup& group) {
  Retirement& retirement = *retirement_;
  while (retirement.next_flush < retirement.to_flush.size()) {
    if (is_full(group)) return true;
    const Retirement::Flush next = retirement.to_flush[retirement.next_flush];
    const auto found = logs_.find(next.log);
    if (found == logs_.end() || found->second->unflushed(next.until, 1).empty()) {
      ++retirement.next_flush;
      continue;
    }
    LogImpl& log = *found->second;
    if (log.segments_->writing()) return false;
    add_flush(group, log);
    // A large tail takes several pieces.
    if (group.items.back().until >= next.until) ++retirement.next_flush;
  }
  return true;
}

/// Plans the next piece of a tail that is not empty, of a log whose segments nobody writes to.
void StoreImpl::add_flush(FlushGroup& group, LogImpl& log) {
  const std::vector<BatchRef> batches = log.unflushed(log.committed_end_, kFlushPiece - group.bytes);
  FlushGroup::Item& item = group.items.emplace_back();
  item.log = &log;
  item.until = Offset(batches.back().last_offset.value + 1);
  item.write = log.segments_->plan_append(batches, log.options_.segment_bytes, log.options_.segment_time);
  group.bytes += item.write.bytes().value;
  ++log.works_;
}

bool StoreImpl::is_full(const FlushGroup& group) {
  return group.items.size() == kFlushLogs || group.bytes >= kFlushPiece;
}

void FlushGroup::execute() {
  for (Item& item : items) item.result = item.write.write();
  std::set<std::string> parents;
  for (Item& item : items) {
    if (item.result) item.result = item.write.sync(parents);
  }
}

/// Writes committed batches of tails to their logs' segments.
void StoreImpl::flush(std::shared_ptr<FlushGroup> group) {
  ++retirement_->flushing;
  run([group] { group->execute(); },
      [this, group] {
        --retirement_->flushing;
        flushed(*group);
      });
}

void StoreImpl::flushed(FlushGroup& group) {
  for (FlushGroup::Item& item : group.items) {
    LogImpl& log = *item.log;
    const bool no_space = !item.result && item.result.error().code == StorageErrc::disk_full;
    if (!item.result && !no_space) {
      fail("segment: " + item.result.error().detail);
      return;
    }
    if (no_space) {
      log.segments_->abandon(std::move(item.write));
      base::log::warning("no space to move batches of log {} to its segment", log.id_.value);
      // To try it again.
      if (retirement_) {
        retirement_->paused = true;
        retirement_->to_flush.push_back({log.id_, item.until});
      }
    } else {
      stats_.segment_bytes += item.write.bytes().value;
      log.segments_->finish(std::move(item.write));
      note_cached(log, Offset(item.until.value - 1), log.mark_flushed(item.until));
      want_meta(log);
      apply_trim(log);
    }
    work_ended(log);
  }
}

/// Repeats what the file keeps alive. True when all of it is in a round that was gathered.
bool StoreImpl::retire_copy() {
  Retirement& retirement = *retirement_;
  const JournalFile& file = journal_.files().front();
  const std::uint64_t limit = gather_->builder.size() + kCopyPerRound;
  for (; retirement.next_log < file.logs.size(); ++retirement.next_log) {
    if (gather_->builder.size() > limit) return false;
    const auto found = logs_.find(file.logs[retirement.next_log]);
    if (found == logs_.end()) continue;
    copy_forward(*found->second, retirement.last_round);
    if (found->second->meta_round_ <= retirement.last_round) want_meta(*found->second);
  }
  for (; retirement.next_state < file.states.size(); ++retirement.next_state) {
    if (gather_->builder.size() > limit) return false;
    const StateId id = file.states[retirement.next_state];
    const auto found = states_.find(id);
    if (found == states_.end() || found->second.base_round == 0) continue;
    if (found->second.base_round <= retirement.last_round) snapshot_state(id, found->second);
  }
  return true;
}

void StoreImpl::copy_forward(LogImpl& log, std::uint64_t last_round) {
  for (std::size_t i = log.unflushed_begin(); i < log.tail_.size(); ++i) {
    TailEntry& entry = log.tail_[i];
    if (entry.round > last_round) continue;
    entry.round = gather_->builder.round();
    gather_->builder.add_batch(log.id_, entry.base, entry.epoch, entry.appended_at, entry.batch);
    touch(log);
  }
}

void StoreImpl::snapshot_state(StateId id, State& state) {
  bytes::ByteVector& out = gather_->builder.begin_entry(EntryType::snapshot);
  bytes::Writer(out).u64(id.value);
  state.machine->save_snapshot(out);
  gather_->builder.end_entry();
  gather_->needs_sync = true;
  gather_->state_bases.push_back(id);
  state.base_round = gather_->builder.round();
  state.commands_since_snapshot = false;
}

void StoreImpl::finish_retirement() {
  if (journal_.removing()) return;
  for (const auto& log : dead_logs_) {
    // Its deletion must not be forgotten before its files are gone.
    if (!log->in_memory() && log->delete_round_ <= retirement_->last_round) return;
  }
  retirement_.reset();
  journal_.remove_oldest([this] { wake(); });
}

}  // namespace millrace::storage
