#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/file.h"
#include "io/loop.h"
#include "storage/error.h"
#include "storage/types.h"

namespace millrace::storage {

/// One journal file and what would be lost with it.
struct JournalFile {
  std::uint64_t sequence = 0;
  std::shared_ptr<io::File> file;
  std::uint64_t capacity = 0;
  /// Where the next round goes.
  std::uint64_t end = 0;
  /// Numbers of the rounds in it; 0 when it has none.
  std::uint64_t first_round = 0;
  std::uint64_t last_round = 0;
  /// Kept under another name instead of being removed.
  bool damaged = false;
  /// Rounds were written that nobody has synced yet (durability os).
  bool unsynced = false;
  /// Logs that a round of this file touched; states whose newest snapshot, or first command, is here.
  std::vector<LogId> logs;
  std::vector<StateId> states;
};

/// The journal's files: the ones with rounds, oldest first, and empty ones that were allocated ahead.
///
/// Owned by the Store, used on its loop. Creating and removing files runs on a worker.
class Journal {
 public:
  /// One file for the next rotation and one reserve, for when the disk is full.
  static constexpr std::size_t kSpares = 2;

  struct Setup {
    io::Loop* loop = nullptr;
    io::Disk* disk = nullptr;
    io::WorkPool* pool = nullptr;
    std::string directory;  // <shard directory>/journal
    std::uint16_t shard = 0;
    std::uint64_t file_bytes = 0;
    /// False once the store is gone.
    std::shared_ptr<const bool> alive;
    /// The process has to stop.
    std::function<void(const std::string&)> fatal;
  };
  explicit Journal(Setup setup) : setup_(std::move(setup)) {}

  static std::string file_name(std::uint64_t sequence);
  /// The sequence in a file's name; 0 for a foreign name.
  static std::uint64_t parse_file_name(const std::string& name);
  std::string path_of(std::uint64_t sequence) const { return setup_.directory + "/" + file_name(sequence); }

  std::deque<JournalFile>& files() { return files_; }
  JournalFile& current() { return files_.back(); }
  void set_next_sequence(std::uint64_t sequence) { next_sequence_ = sequence; }

  /// Creates an empty file of `bytes` and makes it durable; blocks.
  static io::Result<JournalFile> create(io::Disk& disk, const std::string& directory, std::uint16_t shard,
                                        std::uint64_t sequence, std::uint64_t bytes);
  /// Creates the file to write to after a recovery; blocks.
  io::Result<void> start();

  /// Makes room for `bytes` more in the current file, by going on to the next one if need be. False when there is none
  /// yet. A round larger than a file gets one of its own, which grows with the write.
  bool make_room(std::uint64_t bytes);
  /// Starts creating spare files that are missing. `retry` after a full disk: once a second.
  void want_spares(bool retry);
  /// Removes the oldest file, whose content is not needed any more.
  void remove_oldest(std::function<void()> done);
  bool removing() const { return removing_; }
  std::size_t open_files() const { return files_.size() + spares_.size(); }
  /// Called on the loop when a spare file became available.
  std::function<void()> on_spare;

 private:
  Setup setup_;
  std::deque<JournalFile> files_;
  std::deque<JournalFile> spares_;
  std::uint64_t next_sequence_ = 1;
  bool creating_ = false;
  bool no_space_ = false;
  bool removing_ = false;
};

}  // namespace millrace::storage
