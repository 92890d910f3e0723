// What a store does for logs by time: closing segments, and compaction.

#include "base/log.h"
#include "storage/compaction.h"
#include "storage/store_impl.h"

namespace millrace::storage {

namespace {

constexpr std::size_t kLogsPerTick = 256;
/// Keys that a pass remembers, at about 40 bytes each.
constexpr std::size_t kMaxKeys = 1'000'000;

}  // namespace

struct StoreImpl::CompactionJob {
  Compaction pass;
  Result<bool> due = false;
  std::size_t next = 0;
  SegmentName seen = kNoSegment;
};

void StoreImpl::run_timed() {
  const auto group = std::make_shared<FlushGroup>();
  for (std::size_t i = 0; i < kLogsPerTick && !timed_.empty(); ++i) {
    next_timed_ %= timed_.size();
    const auto found = logs_.find(timed_[next_timed_]);
    LogImpl* log = found == logs_.end() ? nullptr : found->second.get();
    const bool wanted = log != nullptr && (log->options_.segment_time > Millis(0) || log->options_.compaction.enabled);
    if (!wanted) {
      if (log != nullptr) log->listed_timed_ = false;
      timed_[next_timed_] = timed_.back();
      timed_.pop_back();
      continue;
    }
    if (has_old_tail(*log) && !is_full(*group)) add_flush(*group, *log);
    if (log->options_.compaction.enabled) compact(*log);
    ++next_timed_;
    if (i + 1 >= timed_.size()) break;
  }
  if (!group->items.empty()) run([group] { group->execute(); }, [this, group] { flushed(*group); });
}

/// Batches that are only in the journal, longer than a segment may stay open: they have to go to a segment.
bool StoreImpl::has_old_tail(const LogImpl& log) const {
  const Millis limit = log.options_.segment_time;
  if (limit <= Millis(0) || disk_full_ || log.segments_->writing()) return false;
  const auto oldest = log.unflushed(log.committed_end_, 1);
  return !oldest.empty() && environment_.loop->clock().wall().value - oldest.front().appended_at.value > limit.value;
}

void StoreImpl::compact(LogImpl& log) {
  if (compaction_running_ || disk_full_) return;
  const CompactionOptions& options = log.options_.compaction;
  const SegmentName last = log.segments_->last_segment();
  // Nothing can be due before there is another closed segment, unless time alone changes that.
  if (log.compaction_seen_ == last && options.min_lag <= Millis(0) && options.max_lag <= Millis(0)) return;
  auto job = std::make_shared<CompactionJob>(
      CompactionJob{.pass = Compaction(log.segments_->plan_compaction(
                        log.start_, log.last_stable_end(), environment_.loop->clock().wall(), options, kMaxKeys)),
                    .seen = last});
  compaction_running_ = true;
  ++log.works_;
  run([job] { job->due = job->pass.prepare(); },
      [this, job, &log] {
        if (job->due.has_value() && *job->due) return compact_next(job, log);
        if (!job->due.has_value()) {
          base::log::warning("compaction of log {}: {}", log.id_.value, job->due.error().detail);
        }
        log.compaction_seen_ = job->seen;
        compaction_running_ = false;
        work_ended(log);
      });
}

/// Rewrites the next segment of the pass, or ends it.
void StoreImpl::compact_next(const std::shared_ptr<CompactionJob>& job, LogImpl& log) {
  const auto& names = job->pass.segments();
  std::optional<SegmentRewrite> plan;
  while (!log.deleted_ && !plan.has_value() && job->next < names.size()) {
    plan = log.segments_->plan_rewrite(log.start_, names[job->next++]);
  }
  if (!plan.has_value()) {
    log.segments_->set_cleaned(job->pass.end());
    compaction_running_ = false;
    work_ended(log);
    return;
  }
  struct Work {
    SegmentRewrite rewrite;
    Result<void> result;
  };
  auto work = std::make_shared<Work>(Work{std::move(*plan), {}});
  run(
      [job, work] {
        work->result = work->rewrite.load();
        if (!work->result.has_value()) return;
        const auto changes = work->rewrite.choose(job->pass);
        if (!changes.has_value())
          work->result = std::unexpected(changes.error());
        else if (*changes)
          work->result = work->rewrite.execute();
      },
      [this, job, work, &log] {
        if (!work->result.has_value()) {
          base::log::warning("log {}: a segment is not compacted: {}", log.id_.value, work->result.error().detail);
        }
        SegmentRemoval removal = log.segments_->finish(std::move(work->rewrite));
        if (!log.deleted_) remove_files(log, std::move(removal));
        compact_next(job, log);
      });
}

}  // namespace millrace::storage
