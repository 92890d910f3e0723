// Reading what there is of a journal, also from a disk that does not give all of it back.

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "storage/recovery.h"

namespace millrace::storage {

namespace {

/// What a directory of journal files that cannot be listed may have held.
constexpr std::uint64_t kLostJournal = std::uint64_t{1} << 30;

std::uint64_t content_end(bytes::ByteView content) {
  std::size_t end = content.size();
  while (end > 0 && content[end - 1] == 0) --end;
  return end;
}

}  // namespace

Result<void> Recovery::read_journal() {
  io::Disk& disk = *environment_.disk;
  const std::string directory = options_.directory + "/journal";
  const std::string logs = logs_directory(options_.directory);
  for (const std::string& path : {directory, logs}) {
    if (auto made = disk.make_directory(path); !made) return io_failure(made.error());
  }
  // Every name on the way from the root of the data directory, also when it exists: a process that was killed may have
  // created it, and files below it, without this.
  std::vector<std::string> synced_paths{""};
  for (std::size_t slash = options_.directory.find('/'); slash != std::string::npos;
       slash = options_.directory.find('/', slash + 1)) {
    synced_paths.push_back(options_.directory.substr(0, slash));
  }
  synced_paths.insert(synced_paths.end(), {options_.directory, directory, logs});
  for (const std::string& path : synced_paths) {
    if (auto synced = disk.sync_directory(path); !synced) return io_failure(synced.error());
  }
  const auto names = list_journal(directory);
  if (!names) return std::unexpected(names.error());
  for (const std::string& name : *names) {
    const std::uint64_t sequence = Journal::parse_file_name(name);
    if (sequence == 0) continue;
    if (auto read = read_file(sequence); !read) return read;
  }
  return {};
}

/// The names in the journal's directory. One that cannot be listed is put aside, for whoever can read it.
Result<std::vector<std::string>> Recovery::list_journal(const std::string& directory) {
  io::Disk& disk = *environment_.disk;
  auto names = disk.list(directory);
  if (names) return std::move(*names);
  if (names.error().code != io::IoErrc::bad_medium) return io_failure(names.error());
  report_damage(names.error().detail);
  damage_without_record_ = journal_unreadable_ = true;
  bump(kLostJournal);
  if (options_.refuse_damage) return std::vector<std::string>();
  if (auto moved = put_aside(disk, directory); !moved) return std::unexpected(moved.error());
  if (auto made = disk.make_directory(directory); !made) return io_failure(made.error());
  if (auto synced = disk.sync_directory(options_.directory); !synced) return io_failure(synced.error());
  return std::vector<std::string>();
}

Result<void> Recovery::read_file(std::uint64_t sequence) {
  File file;
  file.sequence = sequence;
  if (auto read = read_content(file); !read) {
    if (read.error().code != io::IoErrc::bad_medium) return io_failure(read.error());
    report_damage(read.error().detail);
    file.whole_file_unreadable = file.damaged = true;
    damage_without_record_ = true;
    bump(options_.journal_file_bytes.value);
    files_.push_back(std::move(file));
    return {};
  }
  return scan(file);
}

io::Result<void> Recovery::read_content(File& file) const {
  auto opened = environment_.disk->open(store_->journal_.path_of(file.sequence), io::OpenMode::read_write);
  if (!opened) return std::unexpected(opened.error());
  file.file = std::move(*opened);
  const auto size = file.file->size();
  if (!size) return std::unexpected(size.error());
  file.bytes = bytes::Slab::allocate(static_cast<std::size_t>(*size));
  auto parts = read_around_damage(*file.file, 0, {file.bytes.mutable_data(), file.bytes.size()});
  if (!parts) return std::unexpected(parts.error());
  file.unreadable = std::move(*parts);
  return {};
}

Result<void> Recovery::scan(File& file) {
  const bytes::ByteView content = file.bytes.view();
  if (const auto header = decode_file_header(content)) {
    if (header->version > kJournalVersion) {
      return base::fail(StorageErrc::newer_version,
                        fmt::format("journal file {} has version {}", file.sequence, header->version));
    }
    file.header_readable = header->sequence == file.sequence;
  }
  JournalScanner scanner(content, file.sequence);
  Round round;
  round.file = files_.size();
  while (scanner.next(round.scanned)) {
    ++file.rounds;
    file.rounds_end = round.scanned.end();
    max_round_ = std::max(max_round_, round.number());
    report_.journal_bytes += Bytes(round.scanned.end() - round.scanned.position);
    rounds_.push_back(std::move(round));
    round = Round{};
    round.file = files_.size();
  }
  file.content_end = content_end(content);
  if (!file.header_readable && file.rounds > 0) report_damage(fmt::format("header of journal file {}", file.sequence));
  note_unreadable(file);
  files_.push_back(std::move(file));
  return {};
}

/// Unlike a torn write this is damage, wherever it is: the bytes may have been confirmed.
void Recovery::note_unreadable(File& file) {
  for (const UnreadablePart& part : file.unreadable) {
    report_damage(
        fmt::format("journal file {}: the disk does not read bytes {} to {}", file.sequence, part.begin, part.end - 1));
    file.damaged = true;
    damage_without_record_ = true;
    bump(part.end - part.begin);
  }
}

}  // namespace millrace::storage
