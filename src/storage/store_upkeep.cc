// What happens once a second: free space, retention, rewriting of segments that are mostly settled.

#include <algorithm>

#include "base/log.h"
#include "storage/store_impl.h"

namespace millrace::storage {

namespace {

constexpr base::Nanos kTick{1'000'000'000};
constexpr std::size_t kRetainedPerTick = 64;

}  // namespace

void StoreImpl::arm_timer() {
  timer_ = environment_.loop->call_after(kTick, [this] { tick(); });
}

void StoreImpl::tick() {
  arm_timer();
  if (failed_) return;
  poll_space();
  journal_.want_spares(true);
  if (retirement_) retirement_->paused = false;
  if (write_postponed_) {
    write_postponed_ = false;
    write_journal();
  }
  if (unsynced_rounds_) {
    // Bounds what a loss of power can take from logs with durability os.
    gather_->wanted = gather_->needs_sync = true;
  }
  run_retention();
  run_rewrites();
  run_timed();
}

void StoreImpl::poll_space() {
  if (polling_space_) return;
  polling_space_ = true;
  auto job = std::make_shared<io::Result<Bytes>>();
  run([job, disk = environment_.disk] { *job = disk->free_space(); },
      [this, job] {
        polling_space_ = false;
        if (*job) {
          set_free_space(**job);
        } else {
          base::log::warning("cannot tell the free space: {}", job->error().detail);
        }
      });
}

void StoreImpl::set_free_space(Bytes free) {
  constexpr std::uint64_t kLargest = std::uint64_t{1} << 62;
  free_bytes_ = static_cast<std::int64_t>(std::min(free.value, kLargest));
  const bool full = free < options_.disk_reserve;
  if (full != disk_full_) {
    base::log::warning("{}: {} bytes are free, appends are {}", options_.directory, free.value,
                       full ? "refused" : "accepted again");
  }
  disk_full_ = full;
}

void StoreImpl::log_trimmed(LogImpl& log) {
  if (log.in_memory()) return;
  log.trim_wanted_ = true;
  if (log.options_.durability == Durability::sync) gather_->needs_sync = true;
  touch(log);
}

void StoreImpl::log_options_changed(LogImpl& log) {
  const bool limited = log.options_.retain_bytes > Bytes(0) || log.options_.retain_time > Millis(0);
  if (limited && !log.listed_retained_ && !log.in_memory()) {
    log.listed_retained_ = true;
    retained_.push_back(log.id_);
  }
  const bool timed = log.options_.segment_time > Millis(0) || log.options_.compaction.enabled;
  if (timed && !log.listed_timed_ && !log.in_memory()) {
    log.listed_timed_ = true;
    timed_.push_back(log.id_);
  }
  if (log.needed_ && !log.listed_rewritable_ && !log.in_memory()) {
    log.listed_rewritable_ = true;
    rewritable_.push_back(log.id_);
  }
}

/// Frees segments below the durable start.
void StoreImpl::apply_trim(LogImpl& log) {
  if (log.deleted_ || log.in_memory()) return;
  if (log.durable_start_ <= log.segments_->first_offset()) return;
  remove_files(log, log.segments_->trim(log.durable_start_));
}

void StoreImpl::remove_files(LogImpl& log, SegmentRemoval removal) {
  if (removal.empty()) return;
  struct Job {
    SegmentRemoval removal;
    Result<void> result;
  };
  auto job = std::make_shared<Job>(Job{std::move(removal), {}});
  ++log.works_;
  run([job] { job->result = job->removal.execute(); },
      [this, job, &log] {
        if (!job->result) base::log::warning("files of log {} stay: {}", log.id_.value, job->result.error().detail);
        if (!log.deleted_) log.segments_->finish(std::move(job->removal));
        work_ended(log);
      });
}

void StoreImpl::run_retention() {
  for (std::size_t i = 0; i < kRetainedPerTick && !retained_.empty(); ++i) {
    next_retained_ %= retained_.size();
    const auto found = logs_.find(retained_[next_retained_]);
    LogImpl* log = found == logs_.end() ? nullptr : found->second.get();
    const bool limited =
        log != nullptr && (log->options_.retain_bytes > Bytes(0) || log->options_.retain_time > Millis(0));
    if (!limited) {
      if (log != nullptr) log->listed_retained_ = false;
      retained_[next_retained_] = retained_.back();
      retained_.pop_back();
      continue;
    }
    retain(*log);
    ++next_retained_;
    if (i + 1 >= retained_.size()) break;
  }
}

void StoreImpl::retain(LogImpl& log) {
  if (log.retention_running_ || log.segments_->segments() == 0) return;
  struct Job {
    SegmentRetention retention;
    Result<Offset> result;
  };
  auto job = std::make_shared<Job>(
      Job{log.segments_->plan_retention(environment_.loop->clock().wall(), log.options_, Bytes(log.tail_bytes_)),
          Offset(0)});
  log.retention_running_ = true;
  ++log.works_;
  run([job] { job->result = job->retention.execute(); },
      [this, job, &log] {
        log.retention_running_ = false;
        if (!job->result) {
          base::log::warning("retention of log {}: {}", log.id_.value, job->result.error().detail);
        } else if (*job->result != model::kNoOffset) {
          log.trim(*job->result);
        }
        work_ended(log);
      });
}

void StoreImpl::retain_memory(LogImpl& log) {
  const LogOptions& limits = log.options_;
  const Timestamp now = environment_.loop->clock().wall();
  while (!log.tail_.empty()) {
    const TailEntry& oldest = log.tail_.front();
    const bool too_many = limits.retain_bytes > Bytes(0) && log.tail_bytes_ > limits.retain_bytes.value;
    const bool too_old =
        limits.retain_time > Millis(0) && now.value - oldest.appended_at.value > limits.retain_time.value;
    if (!too_many && !too_old) return;
    log.trim(Offset(oldest.last.value + 1));
  }
}

void StoreImpl::run_rewrites() {
  for (std::size_t tries = rewritable_.size(); tries > 0 && !rewrite_running_; --tries) {
    next_rewritable_ %= rewritable_.size();
    const auto found = logs_.find(rewritable_[next_rewritable_]);
    LogImpl* log = found == logs_.end() ? nullptr : found->second.get();
    if (log == nullptr || !log->needed_) {
      if (log != nullptr) log->listed_rewritable_ = false;
      rewritable_[next_rewritable_] = rewritable_.back();
      rewritable_.pop_back();
      continue;
    }
    ++next_rewritable_;
    if (log->segments_->segments() > 1) rewrite(*log);
  }
}

void StoreImpl::rewrite(LogImpl& log) {
  auto plan = log.segments_->plan_rewrite(log.start_);
  if (!plan) return;
  struct Job {
    SegmentRewrite rewrite;
    Result<void> result;
  };
  auto job = std::make_shared<Job>(Job{std::move(*plan), {}});
  rewrite_running_ = true;
  ++log.works_;
  auto finish = [this, job, &log] {
    rewrite_running_ = false;
    if (!job->result) {
      base::log::warning("log {}: a segment stays as it is: {}", log.id_.value, job->result.error().detail);
    }
    SegmentRemoval removal = log.segments_->finish(std::move(job->rewrite));
    if (!log.deleted_) remove_files(log, std::move(removal));
    work_ended(log);
  };
  run([job] { job->result = job->rewrite.load(); },
      [this, job, &log, finish] {
        const bool wanted = job->result && !log.deleted_ && log.needed_ && job->rewrite.choose(log.needed_);
        if (!wanted) {
          finish();
          return;
        }
        // What the owner does not need any more it may know from changes that are not durable yet: after a loss of
        // power it would ask for what is gone.
        want_round();
        rewrite_waits_.emplace(current_round(),
                               [this, job, finish] { run([job] { job->result = job->rewrite.execute(); }, finish); });
      });
}

}  // namespace millrace::storage
