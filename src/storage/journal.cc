#include "storage/journal.h"

#include <fmt/format.h>

#include <charconv>

#include "base/assert.h"
#include "base/log.h"
#include "storage/journal_format.h"

namespace millrace::storage {

namespace {

constexpr std::size_t kSequenceDigits = 16;
constexpr std::string_view kSuffix = ".wal";

}  // namespace

std::string Journal::file_name(std::uint64_t sequence) {
  return fmt::format("{:016}{}", sequence, kSuffix);
}

std::uint64_t Journal::parse_file_name(const std::string& name) {
  if (name.size() != kSequenceDigits + kSuffix.size() || !name.ends_with(kSuffix)) return 0;
  std::uint64_t sequence = 0;
  const char* end = name.data() + kSequenceDigits;
  const auto parsed = std::from_chars(name.data(), end, sequence);
  return parsed.ec == std::errc() && parsed.ptr == end ? sequence : 0;
}

io::Result<JournalFile> Journal::create(io::Disk& disk, const std::string& directory, std::uint16_t shard,
                                        std::uint64_t sequence, std::uint64_t bytes) {
  const std::string path = directory + "/" + file_name(sequence);
  // What an attempt without enough space left behind.
  if (disk.exists(path)) {
    if (auto removed = disk.remove(path); !removed) return std::unexpected(removed.error());
  }
  auto file = disk.open(path, io::OpenMode::create_read_write);
  if (!file) return std::unexpected(file.error());
  bytes::ByteVector header;
  encode_file_header({.shard = shard, .sequence = sequence}, header);
  auto done = (*file)->allocate(bytes);
  if (done) done = (*file)->write_at(0, header);
  if (done) done = (*file)->sync();
  if (done) done = disk.sync_directory(directory);
  if (!done) {
    // It holds nothing; best effort, recovery removes it too.
    (void)disk.remove(path);
    return std::unexpected(done.error());
  }
  JournalFile result;
  result.sequence = sequence;
  result.file = std::move(*file);
  result.capacity = bytes;
  result.end = kJournalHeaderSize;
  return result;
}

io::Result<void> Journal::start() {
  auto file = create(*setup_.disk, setup_.directory, setup_.shard, next_sequence_, setup_.file_bytes);
  if (!file) return std::unexpected(file.error());
  ++next_sequence_;
  files_.push_back(std::move(*file));
  return {};
}

bool Journal::make_room(std::uint64_t bytes) {
  const JournalFile& last = current();
  if (last.end + bytes <= last.capacity) return true;
  if (spares_.empty()) {
    want_spares(false);
    return false;
  }
  files_.push_back(std::move(spares_.front()));
  spares_.pop_front();
  want_spares(false);
  return true;
}

void Journal::want_spares(bool retry) {
  if (creating_ || spares_.size() >= kSpares || (no_space_ && !retry)) return;
  creating_ = true;
  struct Job {
    io::Result<JournalFile> result = JournalFile{};
  };
  auto job = std::make_shared<Job>();
  // Its number must be above those of the spares that exist: they are used in this order.
  const std::uint64_t sequence = next_sequence_;
  setup_.pool->submit(
      *setup_.loop,
      [job, disk = setup_.disk, directory = setup_.directory, shard = setup_.shard, sequence,
       bytes = setup_.file_bytes] { job->result = create(*disk, directory, shard, sequence, bytes); },
      [this, job, alive = setup_.alive] {
        if (!*alive) return;
        creating_ = false;
        if (!job->result) {
          no_space_ = job->result.error().code == io::IoErrc::no_space;
          if (!no_space_) {
            setup_.fatal("cannot create a journal file: " + job->result.error().detail);
          } else {
            base::log::warning("no space for another journal file in {}", setup_.directory);
          }
          return;
        }
        no_space_ = false;
        ++next_sequence_;
        spares_.push_back(std::move(*job->result));
        if (on_spare) on_spare();
        want_spares(false);
      });
}

void Journal::remove_oldest(std::function<void()> done) {
  MILLRACE_ASSERT(!removing_ && files_.size() > 1);
  removing_ = true;
  auto file = std::make_shared<JournalFile>(std::move(files_.front()));
  files_.pop_front();
  struct Job {
    io::Result<void> result;
  };
  auto job = std::make_shared<Job>();
  const std::string path = path_of(file->sequence);
  setup_.pool->submit(
      *setup_.loop,
      [job, file, path, disk = setup_.disk, directory = setup_.directory] {
        file->file.reset();
        job->result = file->damaged ? disk->rename(path, path + ".damaged") : disk->remove(path);
        // Before the next one is removed: files must disappear in their order.
        if (job->result) job->result = disk->sync_directory(directory);
      },
      [this, job, alive = setup_.alive, done = std::move(done)] {
        if (!*alive) return;
        removing_ = false;
        if (!job->result) {
          setup_.fatal("cannot remove a journal file: " + job->result.error().detail);
          return;
        }
        done();
      });
}

}  // namespace millrace::storage
