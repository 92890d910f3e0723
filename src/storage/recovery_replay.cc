// Replaying the rounds that count into states and descriptions of logs.

#include <fmt/format.h>

#include <algorithm>

#include "storage/recovery.h"

namespace millrace::storage {

/// Commands before a state's newest snapshot must not be applied: what they build on may be gone.
void Recovery::find_state_bases() {
  for (std::size_t i = 0; i < rounds_.size(); ++i) {
    if (rounds_[i].fate == Fate::ignored) continue;
    const auto& entries = rounds_[i].scanned.entries;
    for (std::size_t k = 0; k < entries.size(); ++k) {
      const EntryType type = entries[k].type;
      if (type != EntryType::snapshot && type != EntryType::command && type != EntryType::state_dropped) continue;
      const auto entry = decode_state_entry(entries[k].payload);
      if (!entry) continue;
      RecoveredState& state = states_[entry->state];
      state.dropped = type == EntryType::state_dropped;
      if (type == EntryType::command && state.based) continue;
      state.based = type != EntryType::state_dropped;
      state.base_round = i;
      state.base_entry = k;
      state.first_round = state.based ? rounds_[i].number() : 0;
    }
  }
}

Result<void> Recovery::replay() {
  for (std::size_t i = 0; i < rounds_.size(); ++i) {
    const Round& round = rounds_[i];
    if (round.fate == Fate::ignored) {
      name_offsets(round);
      continue;
    }
    ++report_.rounds_replayed;
    for (std::size_t k = 0; k < round.scanned.entries.size(); ++k) {
      const EntryView& entry = round.scanned.entries[k];
      if (entry.type == EntryType::command || entry.type == EntryType::snapshot) {
        if (auto done = replay_state_entry(i, k); !done) return done;
      } else {
        replay_log_entry(round, entry);
      }
    }
    note_record(round);
  }
  return {};
}

Result<void> Recovery::replay_state_entry(std::size_t round, std::size_t index) {
  const EntryView& view = rounds_[round].scanned.entries[index];
  const auto entry = decode_state_entry(view.payload);
  if (!entry) return {};
  RecoveredState& state = states_[entry->state];
  if (std::pair(round, index) < std::pair(state.base_round, state.base_entry) || state.dropped) return {};
  if (!state.asked) state.machine = target_.state_machine(entry->state);
  state.asked = true;
  if (state.machine == nullptr) return {};
  const bool snapshot = view.type == EntryType::snapshot;
  const bool done = snapshot ? state.machine->load_snapshot(entry->bytes) : state.machine->apply(entry->bytes);
  if (!done) {
    return base::fail(StorageErrc::newer_version, fmt::format("state {} has a {} of an unknown version",
                                                              entry->state.value, snapshot ? "snapshot" : "command"));
  }
  state.commands |= !snapshot;
  if (!snapshot) ++report_.commands_replayed;
  return {};
}

void Recovery::list_in_file(LogId id, RecoveredLog& log, const Round& round) {
  const std::uint64_t sequence = files_[round.file].sequence;
  if (log.listed_file == sequence) return;
  log.listed_file = sequence;
  files_[round.file].logs.push_back(id);
}

void Recovery::replay_batch(const Round& round, const BatchAppendEntry& batch) {
  RecoveredLog& log = logs_[batch.log];
  log.known = true;
  log.batches.push_back({batch, round.number()});
  log.end = std::max(log.end, Offset(batch.last.value + 1));
  log.max_epoch = std::max(log.max_epoch, batch.epoch);
  const auto [at, added] = log.epochs.try_emplace(batch.epoch, batch.base);
  if (!added) at->second = std::min(at->second, batch.base);
  list_in_file(batch.log, log, round);
}

void Recovery::replay_meta(const Round& round, const LogMetaEntry& meta) {
  RecoveredLog& log = logs_[meta.log];
  log.known = true;
  log.start = std::max(log.start, meta.start);
  log.end = std::max(log.end, meta.end);
  log.next = std::max(log.next, meta.next);
  log.flushed = meta.flushed;
  log.set_aside = meta.set_aside;
  for (const Log::EpochStart& epoch : meta.epochs) {
    log.epochs[epoch.epoch] = epoch.start;
    log.max_epoch = std::max(log.max_epoch, epoch.epoch);
  }
  log.meta_round = round.number();
  log.meta_next = meta.next;
  list_in_file(meta.log, log, round);
}

void Recovery::replay_log_entry(const Round& round, const EntryView& entry) {
  if (entry.type == EntryType::batch_append) {
    if (const auto batch = decode_batch_append(entry.payload)) replay_batch(round, *batch);
  } else if (entry.type == EntryType::log_meta) {
    if (const auto meta = decode_log_meta(entry.payload)) replay_meta(round, *meta);
  } else if (entry.type == EntryType::log_flushed) {
    if (const auto flushed = decode_log_flushed(entry.payload)) {
      RecoveredLog& log = logs_[flushed->log];
      log.known = true;
      log.flushed = flushed->until;
      log.end = std::max(log.end, flushed->until);
      list_in_file(flushed->log, log, round);
    }
  } else if (entry.type == EntryType::log_unflushed) {
    if (const auto unflushed = decode_log_unflushed(entry.payload)) logs_[unflushed->log].flushed = unflushed->flushed;
  } else if (entry.type == EntryType::log_trim) {
    if (const auto trim = decode_log_trim(entry.payload)) {
      RecoveredLog& log = logs_[trim->log];
      log.start = std::max(log.start, trim->start);
      list_in_file(trim->log, log, round);
    }
  } else if (entry.type == EntryType::log_deleted) {
    if (const auto id = decode_log_deleted(entry.payload)) logs_[*id].deleted = true;
  }
}

/// Ends named by a record that counts, and what a damaged round may have held.
void Recovery::note_record(const Round& round) {
  const bool damaged = round.fate == Fate::damaged;
  if (damaged && !round.scanned.record) {
    damage_without_record_ = true;
    bump(round.scanned.header.body_length);
  }
  if (!round.scanned.record) return;
  for (const RoundRecordEntry::LogEnd& end : round.scanned.record->ends) {
    RecoveredLog& log = logs_[end.log];
    log.end = std::max(log.end, end.end);
    log.damaged |= damaged;
  }
}

void Recovery::name_offset(LogId log, Offset next) {
  logs_[log].next = std::max(logs_[log].next, next);
}

/// An offset that was named once is never used again, also when it never counted.
void Recovery::name_offsets(const Round& round) {
  for (const EntryView& entry : round.scanned.entries) {
    if (entry.type == EntryType::batch_append) {
      if (const auto batch = decode_batch_append(entry.payload)) {
        name_offset(batch->log, Offset(batch->last.value + 1));
        logs_[batch->log].max_epoch = std::max(logs_[batch->log].max_epoch, batch->epoch);
      }
    } else if (entry.type == EntryType::log_meta) {
      if (const auto meta = decode_log_meta(entry.payload)) {
        name_offset(meta->log, meta->next);
        for (const auto& epoch : meta->epochs) {
          logs_[meta->log].max_epoch = std::max(logs_[meta->log].max_epoch, epoch.epoch);
        }
      }
    } else if (entry.type == EntryType::log_flushed) {
      if (const auto flushed = decode_log_flushed(entry.payload)) name_offset(flushed->log, flushed->until);
    }
  }
  if (round.scanned.record) {
    for (const auto& end : round.scanned.record->ends) name_offset(end.log, end.end);
  } else if (round.cut_now) {
    bump(round.scanned.header.body_length);
  }
}

}  // namespace millrace::storage
