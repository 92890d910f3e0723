#include "broker/stream_start.h"

#include <algorithm>
#include <vector>

#include "broker/shard.h"
#include "storage/log.h"

namespace millrace::broker {

namespace {

using StartFound = std::move_only_function<void(Offset)>;

Offset decided_end(const storage::Log& log) {
  return log.readable_end(storage::Isolation::decided);
}

void find_last_batch(storage::Log& log, StartFound done) {
  const Offset end = decided_end(log);
  if (end <= log.start()) return done(end);
  const storage::Log::ReadRequest request{log.skip_quarantined(end - Offset(1)), end, base::Bytes(1)};
  std::vector<storage::BatchRef> batches;
  const auto first_of = [end](const std::vector<storage::BatchRef>& found) {
    return found.empty() ? end : found.front().base_offset;
  };
  if (request.from >= end || log.read_hot(request, batches)) return done(first_of(batches));
  log.read_cold(request, [first_of, done = std::move(done)](auto found) mutable {
    done(first_of(found.has_value() ? *found : std::vector<storage::BatchRef>()));
  });
}

}  // namespace

void find_start(Shard& shard, storage::Log& log, const StreamStart& start, StartFound done) {
  switch (start.at) {
    case StreamStart::At::first:
      return done(log.start());
    case StreamStart::At::next:
      return done(decided_end(log));
    case StreamStart::At::offset:
      return done(std::max(start.offset, Offset(0)));
    case StreamStart::At::last:
      return find_last_batch(log, std::move(done));
    case StreamStart::At::time:
      return log.find_time(start.time,
                           [&shard, id = log.id(), end = decided_end(log), done = std::move(done)](auto found) mutable {
                             const storage::Log* there = shard.store().find_log(id);
                             // Nothing is as young as that: what comes next is.
                             const bool none = !found.has_value() || found->offset == model::kNoOffset;
                             done(!none ? found->offset : there == nullptr ? end : decided_end(*there));
                           });
  }
}

}  // namespace millrace::broker
