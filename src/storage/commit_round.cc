#include "storage/commit_round.h"

#include "io/clock.h"

namespace millrace::storage {

void CommitRound::reset(std::uint64_t round) {
  builder.reset(round);
  touched.clear();
  direct.clear();
  trimmed.clear();
  state_bases.clear();
  needs_sync = false;
  wanted = false;
  ends.clear();
  writes.clear();
  file.reset();
  sync_first.reset();
  result = {};
  no_space = false;
  sealed = false;
  grow_to = 0;
  sync_nanos = 0;
  pending = 0;
  published = false;
}

void CommitRound::write(const io::Clock& clock) {
  if (!sealed) builder.seal(file_sequence, position, synced);
  sealed = true;
  no_space = false;
  result = {};
  if (sync_first) result = sync_first->sync();
  if (result && grow_to > 0) {
    result = file->allocate(grow_to);
    no_space = !result && result.error().code == io::IoErrc::no_space;
  }
  if (result) result = file->write_at(position, builder.parts());
  if (!result || !needs_sync) return;
  const base::Nanos before = clock.monotonic();
  result = file->sync();
  sync_nanos = static_cast<std::uint64_t>((clock.monotonic() - before).value);
}

}  // namespace millrace::storage
