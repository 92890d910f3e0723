#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "storage/disk_damage.h"
#include "storage/journal_verdict.h"
#include "storage/store_impl.h"

namespace millrace::storage {

/// Stands for "no particular log" in a quarantined range: damage whose victims cannot be told.
constexpr LogId kUnknownLog{~std::uint64_t{0}};

/// Opens a shard's data: reads the journal, decides what of it counts, rebuilds states and logs, and makes that
/// durable.
///
/// Until the first round of the new journal file is written only unconfirmed leftovers are removed; a crash before that
/// repeats the same recovery. Old journal files stay and are retired by the running store, so that start-up need not
/// flush tails.
class Recovery final : private JournalEvidence {
 public:
  Recovery(const StoreEnvironment& environment, const StoreOptions& options, RecoveryTarget& target,
           RecoveryReport& report);
  Result<std::unique_ptr<Store>> run();

 private:
  struct File {
    std::uint64_t sequence = 0;
    std::shared_ptr<io::File> file;
    bytes::Slab bytes;
    bool header_readable = false;
    std::size_t rounds = 0;
    bool counting = false;                          // one of them counts, or is damaged
    std::uint64_t rounds_end = kJournalHeaderSize;  // behind the last readable round
    std::uint64_t content_end = 0;                  // behind the last byte that is not zero
    bool sync_wanted = false;
    bool damaged = false;
    std::vector<UnreadablePart> unreadable;
    bool whole_file_unreadable = false;
    std::vector<LogId> logs;
  };
  using Round = JournalRound;
  using Fate = Round::Fate;
  struct RecoveredLog {
    bool known = false;  // by a round that counts
    bool deleted = false;
    Offset start{0};
    Offset end{0};
    Offset next{0};
    Offset flushed{0};
    std::map<Epoch, Offset> epochs;
    std::vector<LogMetaEntry::Range> set_aside;  // as its newest meta data says
    Epoch max_epoch{-1};
    std::uint64_t meta_round = 0;
    Offset meta_next{0};
    std::uint64_t listed_file = 0;
    struct Batch {
      BatchAppendEntry entry;
      std::uint64_t round = 0;
    };
    std::vector<Batch> batches;
    bool damaged = false;  // a damaged round may have touched it
  };
  struct RecoveredState {
    std::size_t base_round = 0;  // indices of the entry from which on entries count
    std::size_t base_entry = 0;
    bool based = false;
    bool asked = false;
    StateMachine* machine = nullptr;
    std::uint64_t first_round = 0;
    bool dropped = false;
    bool commands = false;
  };

  // recovery_read.cc
  Result<void> read_journal();
  Result<std::vector<std::string>> list_journal(const std::string& directory);
  Result<void> read_file(std::uint64_t sequence);
  io::Result<void> read_content(File& file) const;
  Result<void> scan(File& file);
  void note_unreadable(File& file);

  // recovery.cc
  Result<void> judge();
  bool cannot_read(const Round& round) const override;
  Result<bool> flush_is_whole(const LogFlushedEntry& flushed, Offset from) override;
  void rounds_missing(const Round* previous, const Round& next, std::uint64_t last) override;
  void round_damaged(const Round& round) override;
  void flush_unreadable(const Round& round, const std::string& reason) override;
  void find_oldest_file();
  void note_unreadable_end();
  Result<void> check_usable();
  void report_damage(const std::string& reason);
  void bump(std::uint64_t bytes);
  bool damage_seen() const { return !report_.quarantined.empty(); }

  // recovery_replay.cc
  void find_state_bases();
  Result<void> replay();
  void replay_log_entry(const Round& round, const EntryView& entry);
  void replay_batch(const Round& round, const BatchAppendEntry& batch);
  void replay_meta(const Round& round, const LogMetaEntry& meta);
  Result<void> replay_state_entry(std::size_t round, std::size_t entry);
  void name_offsets(const Round& round);
  void name_offset(LogId log, Offset next);
  void note_record(const Round& round);
  void list_in_file(LogId id, RecoveredLog& log, const Round& round);

  // recovery_build.cc
  Result<void> build_logs();
  Result<std::set<LogId>> log_directories();
  Result<void> build_log(LogId id, RecoveredLog& recovered, const LogOptions& options, bool has_directory);
  Result<void> trust_segments(LogId id, RecoveredLog& recovered);
  void build_tail(LogImpl& log, RecoveredLog& recovered);
  void set_aside(LogImpl& log, LogMetaEntry::Range range);
  void remember_damage(LogImpl& log, LogMetaEntry::Range range);
  void build_states();
  void build_files();
  Result<void> sync_unsynced();
  Result<void> sync_journal(const File& file, std::size_t index);
  Result<void> sync_segments(const LogFlushedEntry& flushed);
  Result<void> write_first_round();
  Result<void> clean_up();
  Result<void> remove_files();
  Result<void> remove_logs();
  void build_quarantine();

  StoreEnvironment environment_;
  StoreOptions options_;
  RecoveryTarget& target_;
  RecoveryReport& report_;
  std::unique_ptr<StoreImpl> store_;
  std::vector<File> files_;
  std::vector<Round> rounds_;
  std::unordered_map<LogId, RecoveredLog> logs_;
  std::unordered_map<StateId, RecoveredState> states_;
  std::uint64_t synced_ = 0;
  std::uint64_t last_counting_ = 0;
  std::uint64_t max_round_ = 0;
  std::int64_t bump_ = 0;  // for offsets that unreadable records may have named
  bool damage_without_record_ = false;
  bool journal_unreadable_ = false;  // its directory
  /// Logs whose segments were written by rounds that may not be synced, and from where on.
  std::map<LogId, LogFlushedEntry> flushed_unsynced_;
  std::vector<LogId> directories_to_remove_;
};

}  // namespace millrace::storage
