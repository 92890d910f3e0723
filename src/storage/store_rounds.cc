// Writing and committing rounds. The one place that lets anybody believe that data is stored: publish().

#include "base/assert.h"
#include "base/log.h"
#include "storage/store_impl.h"

namespace millrace::storage {

namespace {

/// Batches stay in memory after they went to a segment, so that readers a little behind need no disk.
constexpr std::uint64_t kCacheBytes = std::uint64_t{16} << 20;

}  // namespace

bool StoreImpl::round_wanted() const {
  return held_ || gather_->wanted || !gather_->builder.empty() || !gather_->touched.empty();
}

/// A log's segments take one write at a time; a flush for retirement may be running.
bool StoreImpl::direct_logs_are_free() const {
  if (held_) return true;
  for (const LogImpl* log : gather_->direct) {
    if (!log->deleted_ && log->segments_->writing()) return false;
  }
  return true;
}

/// At least the size of the gathered round once it is complete.
std::uint64_t StoreImpl::round_bound() const {
  constexpr std::uint64_t kPerLog = 160;
  constexpr std::uint64_t kPerEpoch = 12;
  constexpr std::uint64_t kPerRange = 16;
  std::uint64_t bound = gather_->builder.size() + 2 * kRoundAlignment;
  for (const LogImpl* log : gather_->touched) {
    bound += kPerLog + kPerEpoch * log->epochs_.size() + kPerRange * log->set_aside_.size();
  }
  if (!held_) return bound;
  for (const auto& logs : {held_->direct, gather_->direct}) {
    for (const LogImpl* log : logs) bound += kPerLog + log->tail_bytes_;
  }
  return bound;
}

void StoreImpl::try_start_round() {
  if (in_flight_ || failed_ || !round_wanted() || !direct_logs_are_free()) return;
  if (!journal_.make_room(round_bound())) return;
  complete_gathered();
  in_flight_ = std::move(gather_);
  gather_ = spare_ ? std::move(spare_) : std::make_shared<CommitRound>();
  gather_->reset(in_flight_->builder.round() + 1);
  place_round(*in_flight_);
  submit_round();
}

/// Adds what is known only now: meta data, direct writes and the record of all ends.
void StoreImpl::complete_gathered() {
  CommitRound& round = *gather_;
  if (held_) take_back_held();
  std::erase_if(round.touched, [](const LogImpl* log) { return log->deleted_; });
  for (LogImpl* log : round.touched) {
    log->direct_wanted_ = false;
    if (log->meta_wanted_) {
      round.builder.add_log_meta(meta_of(*log));
      log->meta_round_ = round.builder.round();
    } else if (log->trim_wanted_) {
      round.builder.add_log_trim(log->id_, log->start_);
    }
    if (log->trim_wanted_ || log->meta_wanted_) round.trimmed.push_back({log, log->start_});
    log->meta_wanted_ = log->trim_wanted_ = false;
    round.ends.push_back({log->id_, log->appended_end_});
  }
  // After the meta data, which tells the old end of the segments.
  for (LogImpl* log : round.direct) {
    if (!log->deleted_ && !held_) add_direct(*log);
  }
  const bool drop_record = environment_.mutations != nullptr && environment_.mutations->drop_round_records;
  if (!drop_record) round.builder.add_record(round.ends, oldest_file_needed());
}

/// The round that completes a retirement says already that the file is not needed: it may go as soon as that is
/// durable.
std::uint64_t StoreImpl::oldest_file_needed() {
  const auto& files = journal_.files();
  const bool retires = retirement_ && retirement_->phase == Retirement::Phase::wait &&
                       gather_->builder.round() >= retirement_->done_round;
  return files[retires && files.size() > 1 ? 1 : 0].sequence;
}

/// What the round says of the log. A held round counts together with this one, and its write to this log's segments may
/// have succeeded: then that is where the segments end, though it has not been settled yet.
LogMetaEntry StoreImpl::meta_of(const LogImpl& log) const {
  LogMetaEntry meta = log.meta();
  if (!held_) return meta;
  for (const auto& write : held_->writes) {
    if (write->log == &log && write->result) meta.flushed = std::max(meta.flushed, write->until);
  }
  return meta;
}

/// Everything of the log that is only in the journal or was gathered goes to its segment together with this round.
void StoreImpl::add_direct(LogImpl& log) {
  auto write = std::make_unique<CommitRound::Write>();
  const std::vector<BatchRef> batches = log.unflushed(log.appended_end_, ~std::uint64_t{0});
  MILLRACE_ASSERT(!batches.empty());
  write->log = &log;
  write->until = log.appended_end_;
  write->write = log.segments_->plan_append(batches, log.options_.segment_bytes, log.options_.segment_time);
  const SegmentPlace& place = write->write.places().front();
  gather_->builder.add_log_flushed({.log = log.id_,
                                    .from = batches.front().base_offset,
                                    .until = log.appended_end_,
                                    .segment_base = place.segment_base,
                                    .position = place.position});
  gather_->writes.push_back(std::move(write));
}

/// Puts batches into the journal after all that were meant for a segment only.
void StoreImpl::journal_direct(LogImpl& log) {
  for (std::size_t i = log.unflushed_begin(); i < log.tail_.size(); ++i) {
    TailEntry& entry = log.tail_[i];
    if (!entry.direct) continue;
    entry.direct = false;
    entry.round = gather_->builder.round();
    gather_->builder.add_batch(log.id_, entry.base, entry.epoch, entry.appended_at, entry.batch);
  }
}

/// The segment writes of the round before found no space. This round repeats their batches in the journal, uses no
/// segment itself, and makes both rounds valid.
void StoreImpl::take_back_held() {
  gather_->needs_sync = true;
  for (const auto& write : held_->writes) {
    if (write->result || write->log->deleted_) continue;
    touch(*write->log);
    gather_->builder.add_log_unflushed({write->log->id_, write->log->flushed_end_});
    journal_direct(*write->log);
  }
  for (LogImpl* log : gather_->direct) {
    if (!log->deleted_) journal_direct(*log);
  }
}

/// Gives the round its place in the current file, and lists there what the file now keeps alive.
void StoreImpl::place_round(CommitRound& round) {
  JournalFile& file = journal_.current();
  const std::uint64_t number = round.builder.round();
  round.file = file.file;
  round.file_sequence = file.sequence;
  round.position = file.end;
  round.synced = synced_;
  file.end += round_up(round.builder.size());
  if (file.end > file.capacity) {
    round.grow_to = file.end;
    file.capacity = file.end;
  }
  if (file.first_round == 0) file.first_round = number;
  file.last_round = number;
  for (LogImpl* log : round.touched) {
    if (log->listed_file_ == file.sequence) continue;
    log->listed_file_ = file.sequence;
    file.logs.push_back(log->id_);
  }
  file.states.insert(file.states.end(), round.state_bases.begin(), round.state_bases.end());
  auto& files = journal_.files();
  if (files.size() > 1 && files[files.size() - 2].unsynced) {
    files[files.size() - 2].unsynced = false;
    round.sync_first = files[files.size() - 2].file;
  }
  file.unsynced = !round.needs_sync;
  stats_.journal_bytes += round_up(round.builder.size());
}

void StoreImpl::submit_round() {
  const auto round = in_flight_;
  round->pending = 1 + static_cast<int>(round->writes.size());
  write_journal();
  for (auto& owned : round->writes) {
    CommitRound::Write* write = owned.get();
    stats_.segment_bytes += write->write.bytes().value;
    run([round, write] { write->result = write->write.execute(); }, [this] { part_done(); });
  }
  if (environment_.mutations != nullptr && environment_.mutations->confirm_before_sync) publish(*round);
}

void StoreImpl::write_journal() {
  environment_.sync_pool->submit(
      *environment_.loop, [round = in_flight_, clock = &environment_.loop->clock()] { round->write(*clock); },
      [this, alive = alive_] {
        if (!*alive) return;
        if (in_flight_->no_space) {
          write_postponed_ = true;
          return;
        }
        if (!in_flight_->result) {
          fail("journal: " + in_flight_->result.error().detail);
          return;
        }
        part_done();
      });
}

void StoreImpl::part_done() {
  MILLRACE_ASSERT(in_flight_ && in_flight_->pending > 0);
  if (failed_ || --in_flight_->pending > 0) return;
  round_done();
}

void StoreImpl::round_done() {
  bool no_space = false;
  for (const auto& write : in_flight_->writes) {
    if (write->result) continue;
    if (write->result.error().code != StorageErrc::disk_full) {
      fail("segment: " + write->result.error().detail);
      return;
    }
    no_space = true;
    write->log->segments_->abandon(std::move(write->write));
  }
  auto round = std::move(in_flight_);
  stats_.sync_nanos_total += round->sync_nanos;
  stats_.sync_nanos_max = std::max(stats_.sync_nanos_max, round->sync_nanos);
  if (no_space) {
    base::log::warning("no space for segments; their batches stay in the journal");
    disk_full_ = true;
    held_ = std::move(round);
    return;
  }
  auto held = std::move(held_);
  if (held) settle(*held, true);
  settle(*round, round->needs_sync);
  if (held && !held->published) publish(*held);
  if (!round->published) publish(*round);
  free_dead_logs();
  if (!spare_) spare_ = std::move(round);
  if (spare_) spare_->reset(0);
}

/// Bookkeeping after all of a round is on the disk. `synced`: on stable storage, not only handed to the system.
void StoreImpl::settle(CommitRound& round, bool synced) {
  ++stats_.rounds;
  if (synced) {
    synced_ = round.builder.round();
    unsynced_rounds_ = false;
  } else {
    unsynced_rounds_ = true;
  }
  for (const auto& write : round.writes) {
    if (!write->result) continue;
    LogImpl& log = *write->log;
    log.segments_->finish(std::move(write->write));
    note_cached(log, Offset(write->until.value - 1), log.mark_flushed(write->until));
    apply_trim(log);
  }
  if (!synced) {
    // Files may go only when nothing can bring the old start back.
    gather_->trimmed.insert(gather_->trimmed.end(), round.trimmed.begin(), round.trimmed.end());
    return;
  }
  for (const CommitRound::Trimmed& trimmed : round.trimmed) {
    trimmed.log->durable_start_ = std::max(trimmed.log->durable_start_, trimmed.start);
    apply_trim(*trimmed.log);
  }
}

/// Lets readers see the round and tells everybody who waits for it.
void StoreImpl::publish(CommitRound& round) {
  committed_ = round.builder.round();
  for (std::size_t i = 0; i < round.touched.size(); ++i) {
    LogImpl& log = *round.touched[i];
    log.committed_end_ = std::max(log.committed_end_, round.ends[i].end);
  }
  round.published = true;
  for (const auto& listener : listeners_) listener(Round(committed_));
  if (rewrite_waits_ && rewrite_waits_->first <= Round(committed_)) {
    io::Task goes_on = std::move(rewrite_waits_->second);
    rewrite_waits_.reset();
    goes_on();
  }
}

void StoreImpl::note_cached(LogImpl& log, Offset last, std::uint64_t bytes) {
  cached_.push_back({log.id_, last, bytes});
  cached_bytes_ += bytes;
  while (cached_bytes_ > kCacheBytes) {
    const Cached oldest = cached_.front();
    cached_.pop_front();
    cached_bytes_ -= oldest.bytes;
    const auto found = logs_.find(oldest.log);
    if (found != logs_.end()) (void)found->second->evict(oldest.last);
  }
}

}  // namespace millrace::storage
