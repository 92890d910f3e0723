#include "storage/log_impl.h"

#include <algorithm>

#include "base/assert.h"
#include "bytes/endian.h"

namespace millrace::storage {

namespace {

constexpr std::size_t kMaxTimestampAt = 35;

Timestamp max_timestamp(const bytes::Slab& batch) {
  return Timestamp(bytes::load_be<std::int64_t>(batch.data() + kMaxTimestampAt));
}

BatchRef to_ref(const TailEntry& entry) {
  return {entry.base, entry.last, entry.epoch, entry.appended_at, {entry.batch, entry.batch.view()}};
}

/// Index of the first entry whose last offset is at or above `from`.
std::size_t find_entry(const Ring<TailEntry>& tail, Offset from) {
  std::size_t low = 0;
  std::size_t high = tail.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (tail[middle].last < from) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace

Offset LogImpl::last_stable_end() const {
  if (undecided_from_ == model::kNoOffset) return committed_end_;
  return std::min(committed_end_, std::max(start_, undecided_from_));
}

void LogImpl::set_options(const LogOptions& options) {
  MILLRACE_ASSERT((options.durability == Durability::memory) == in_memory());
  options_ = options;
  compaction_seen_ = kNoSegment;
  host_.log_options_changed(*this);
}

LogMetaEntry LogImpl::meta() const {
  return {.log = id_,
          .start = start_,
          .end = appended_end_,
          .next = next_offset_,
          .flushed = flushed_end_,
          .epochs = epochs_,
          .set_aside = set_aside_};
}

void LogImpl::push(TailEntry entry) {
  MILLRACE_ASSERT(entry.base >= next_offset_);
  if (!epoch_recorded_) {
    epochs_.push_back({epoch_, entry.base});
    epoch_recorded_ = true;
  }
  appended_end_ = next_offset_ = Offset(entry.last.value + 1);
  tail_bytes_ += entry.batch.size();
  host_.tail_total += entry.batch.size();
  tail_.push_back(std::move(entry));
}

void LogImpl::take_from_tail(std::uint64_t bytes) {
  tail_bytes_ -= bytes;
  host_.tail_total -= bytes;
}

void LogImpl::raise_next(Offset next) {
  if (next <= next_offset_) return;
  next_offset_ = next;
  host_.want_meta(*this);
}

std::uint64_t LogImpl::mark_flushed(Offset end) {
  std::uint64_t bytes = 0;
  while (cached_ < tail_.size() && tail_[cached_].last < end) {
    bytes += tail_[cached_].batch.size();
    ++cached_;
  }
  take_from_tail(bytes);
  cache_bytes_ += bytes;
  flushed_end_ = std::max(flushed_end_, end);
  return bytes;
}

std::uint64_t LogImpl::evict(Offset last) {
  std::uint64_t bytes = 0;
  while (cached_ > 0 && tail_.front().last <= last) {
    bytes += tail_.front().batch.size();
    tail_.pop_front();
    --cached_;
  }
  cache_bytes_ -= bytes;
  return bytes;
}

void LogImpl::drop_below_start() {
  while (!tail_.empty() && tail_.front().last < start_ && tail_.front().last < committed_end_) {
    if (cached_ > 0) {
      --cached_;
      cache_bytes_ -= tail_.front().batch.size();
    } else {
      take_from_tail(tail_.front().batch.size());
    }
    tail_.pop_front();
  }
}

std::vector<BatchRef> LogImpl::unflushed(Offset end, std::uint64_t max_bytes) const {
  std::vector<BatchRef> batches;
  std::uint64_t bytes = 0;
  for (std::size_t i = cached_; i < tail_.size() && tail_[i].last < end && bytes < max_bytes; ++i) {
    batches.push_back(to_ref(tail_[i]));
    bytes += tail_[i].batch.size();
  }
  return batches;
}

bool LogImpl::read_hot(const ReadRequest& request, std::vector<BatchRef>& out) {
  const Offset until = std::min(request.until, committed_end_);
  const Offset from = std::max(request.from, start_);
  if (from >= until) return true;
  if (tail_.empty() || from < tail_.front().base) {
    // In a segment, or in the hole between the segments and the tail.
    if (from < flushed_end_) return false;
    if (tail_.empty()) return true;
  }
  std::uint64_t bytes = 0;
  for (std::size_t i = find_entry(tail_, from); i < tail_.size(); ++i) {
    const TailEntry& entry = tail_[i];
    if (entry.base >= until || entry.last >= committed_end_) break;
    const std::uint64_t size = entry.batch.size();
    if (bytes > 0 && bytes + size > request.max_bytes.value) break;
    bytes += size;
    out.push_back(to_ref(entry));
  }
  return true;
}

void LogImpl::read_cold(const ReadRequest& request, ReadCallback done) {
  read_cold_from(request.from, request, std::move(done));
}

/// `asked`: where the caller wanted to begin; the request may have gone on from there.
void LogImpl::read_cold_from(Offset asked, const ReadRequest& request, ReadCallback done) {
  struct Job {
    SegmentRead read;
    Result<std::vector<BatchRef>> result;
    ReadCallback done;
    Offset asked;
    ReadRequest request;
    Offset flushed_end;
  };
  ReadRequest bounded = request;
  bounded.from = std::max(request.from, start_);
  bounded.until = std::min(request.until, committed_end_);
  auto job =
      std::make_shared<Job>(Job{segments_->plan_read(bounded), {}, std::move(done), asked, bounded, flushed_end_});
  ++works_;
  host_.run([job] { job->result = job->read.execute(); },
            [this, job] {
              host_.add_quarantined(segments_->finish(std::move(job->read)));
              ReadCallback callback = std::move(job->done);
              Result<std::vector<BatchRef>> result = std::move(job->result);
              const ColdOutcome outcome = complete_cold(job->asked, job->request, job->flushed_end, result);
              if (outcome == ColdOutcome::again)
                read_cold_from(job->asked, job->request, std::exchange(callback, nullptr));
              host_.work_ended(*this);
              if (outcome == ColdOutcome::done) callback(std::move(result));
            });
}

/// What a worker could not know: the log may have been deleted, its segments replaced, its tail may go on where the
/// segments end.
LogImpl::ColdOutcome LogImpl::complete_cold(Offset asked, ReadRequest& request, Offset flushed_then,
                                            Result<std::vector<BatchRef>>& result) {
  if (deleted_) {
    result = base::fail(StorageErrc::unknown_log, "the log was deleted");
    return ColdOutcome::done;
  }
  if (!result && result.error().code == StorageErrc::below_start && request.from >= start_) return ColdOutcome::again;
  if (!result && result.error().code == StorageErrc::quarantined && skip_quarantined(asked) == asked) {
    // The damage lies behind a hole, where the caller cannot step over it.
    Offset next = skip_quarantined(request.from);
    for (const QuarantinedRange& range : segments_->quarantined()) {
      if (next > request.from) break;
      if (range.first > request.from) next = skip_quarantined(range.first);
    }
    if (next > request.from) {
      request.from = next;
      return ColdOutcome::again;
    }
  }
  if (!result || !result->empty() || read_hot(request, *result)) return ColdOutcome::done;
  // The segments ended in a hole. What follows it may have been flushed meanwhile, or be in the tail.
  if (flushed_end_ != flushed_then) return ColdOutcome::again;
  ReadRequest rest = request;
  rest.from = std::max(request.from, flushed_end_);
  (void)read_hot(rest, *result);
  return ColdOutcome::done;
}

void LogImpl::trim(Offset start) {
  const Offset bounded = std::min(start, committed_end_);
  if (bounded <= start_ || deleted_) return;
  start_ = bounded;
  // The last epoch that began at or below the start is still needed: it covers what follows.
  std::size_t drop = 0;
  while (drop + 1 < epochs_.size() && epochs_[drop + 1].start <= start_) ++drop;
  epochs_.erase(epochs_.begin(), epochs_.begin() + static_cast<std::ptrdiff_t>(drop));
  std::erase_if(set_aside_, [this](const LogMetaEntry::Range& range) { return range.last < start_; });
  drop_below_start();
  host_.log_trimmed(*this);
}

void LogImpl::set_needed(std::function<bool(Offset first, Offset last)> needed) {
  needed_ = std::move(needed);
  host_.log_options_changed(*this);
}

void LogImpl::find_time(Timestamp timestamp, TimeCallback done) {
  look_up_time(segments_->plan_find_time(start_, timestamp), false, timestamp, std::move(done));
}

void LogImpl::find_max_time(TimeCallback done) {
  look_up_time(segments_->plan_find_max_time(start_), true, Timestamp(-1), std::move(done));
}

void LogImpl::look_up_time(SegmentTimeLookup lookup, bool maximum, Timestamp timestamp, TimeCallback done) {
  struct Job {
    SegmentTimeLookup lookup;
    Result<TimeLookup> result;
    TimeCallback done;
  };
  auto job = std::make_shared<Job>(Job{std::move(lookup), TimeLookup{}, std::move(done)});
  ++works_;
  host_.run([job] { job->result = job->lookup.execute(); },
            [this, job, maximum, timestamp] {
              Result<TimeLookup> result = std::move(job->result);
              if (deleted_) {
                result = base::fail(StorageErrc::unknown_log, "the log was deleted");
              } else if (!result && result.error().code == StorageErrc::below_start) {
                auto again =
                    maximum ? segments_->plan_find_max_time(start_) : segments_->plan_find_time(start_, timestamp);
                look_up_time(std::move(again), maximum, timestamp, std::move(job->done));
                host_.work_ended(*this);
                return;
              } else if (result) {
                const bool found = result->offset != model::kNoOffset && result->offset < committed_end_;
                if (!found) *result = TimeLookup{};
                const TimeLookup tail = find_time_in_tail(timestamp, maximum);
                const bool better = !found || (maximum && tail.timestamp > result->timestamp);
                if (tail.offset != model::kNoOffset && better) *result = tail;
              }
              TimeCallback callback = std::move(job->done);
              host_.work_ended(*this);
              callback(std::move(result));
            });
}

bool LogImpl::find_expired(const ExpiryRequest& request, ExpiryCallback done) {
  ExpiryRequest bounded = request;
  bounded.from = std::max(request.from, start_);
  bounded.until = std::min({request.until, flushed_end_, committed_end_});
  if (deleted_ || bounded.from >= bounded.until) return false;
  struct Job {
    SegmentExpiry expiry;
    Result<Offset> result;
    ExpiryCallback done;
  };
  auto job = std::make_shared<Job>(Job{segments_->plan_find_expired(bounded), Offset(0), std::move(done)});
  ++works_;
  host_.run([job] { job->result = job->expiry.execute(); },
            [this, job] {
              if (deleted_) job->result = base::fail(StorageErrc::unknown_log, "the log was deleted");
              host_.work_ended(*this);
              job->done(std::move(job->result));
            });
  return true;
}

LogImpl::TimeLookup LogImpl::find_time_in_tail(Timestamp timestamp, bool maximum) const {
  TimeLookup best;
  for (std::size_t i = 0; i < tail_.size() && tail_[i].last < committed_end_; ++i) {
    if (tail_[i].last < start_) continue;
    const Timestamp at = max_timestamp(tail_[i].batch);
    if (maximum ? at > best.timestamp || best.offset == model::kNoOffset : at >= timestamp) {
      best = {tail_[i].base, at};
      if (!maximum) break;
    }
  }
  return best;
}

}  // namespace millrace::storage
