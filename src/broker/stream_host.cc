#include "broker/stream_host.h"

#include <algorithm>

#include "base/assert.h"
#include "base/log.h"
#include "broker/log_host.h"
#include "broker/queue_host.h"
#include "broker/shard.h"
#include "broker/stream_start.h"

namespace millrace::broker {

namespace {

// Per reader and turn, records that its filter leaves out included; then the next one has its chance.
constexpr std::uint32_t kReaderMessages = 2048;
constexpr std::uint64_t kReaderBytes = std::uint64_t{512} << 10;
// So many readers keep what they have read but have no room for; with more of them it is read again instead.
constexpr std::size_t kHoldingReaders = 256;
// Key of the one watch per log that is for the readers here; those of other watchers begin with a shard's number.
constexpr std::uint64_t kWatchKey = UINT64_MAX;
// A smaller segment would hold little more than its own description.
constexpr std::uint64_t kSmallestSegment = std::uint64_t{64} << 10;

Offset readable_end(const storage::Log& log) {
  return log.readable_end(storage::Isolation::decided);
}

}  // namespace

StreamHost::StreamHost(Shard& shard) : shard_(shard) {
  shard_.loop().add_hook(io::Loop::Stage::deliver, this);
}

StreamHost::~StreamHost() {
  shard_.loop().remove_hook(this);
}

// ---- What exists

storage::LogOptions StreamHost::options_of(const catalog::Queue& stream) const {
  const catalog::QueueSettings& settings = stream.settings;
  storage::LogOptions options;
  options.durability = shard_.options().durability_of(settings);
  options.segment_bytes = shard_.options().segment_bytes;
  if (settings.segment_bytes.has_value()) {
    options.segment_bytes = base::Bytes(std::max(*settings.segment_bytes, kSmallestSegment));
  }
  // To the log 0 means no limit.
  if (settings.max_length_bytes.has_value()) {
    options.retain_bytes = base::Bytes(std::max<std::uint64_t>(*settings.max_length_bytes, 1));
  }
  if (settings.retain_time.has_value()) {
    options.retain_time = base::Millis(std::max<std::int64_t>(settings.retain_time->value, 1));
  }
  return options;
}

void StreamHost::create(const catalog::Queue& stream) {
  const auto [it, added] = streams_.emplace(stream.id.value, Stream{stream, options_of(stream)});
  MILLRACE_ASSERT(added, "stream {} is created twice", stream.id.value);
  if (open_) shard_.store().create_log(LogId(stream.id.value), it->second.options);
}

void StreamHost::set_settings(ObjectId id, const catalog::QueueSettings& settings) {
  const auto it = streams_.find(id.value);
  if (it == streams_.end() || it->second.definition.settings == settings) return;
  it->second.definition.settings = settings;
  it->second.options = options_of(it->second.definition);
  shard_.store().find_log(LogId(id.value))->set_options(it->second.options);
}

void StreamHost::remove(ObjectId id) {
  if (streams_.erase(id.value) == 0) return;
  removed(LogId(id.value));
  shard_.store().delete_log(LogId(id.value));
}

const storage::LogOptions* StreamHost::recovery_log_options(LogId log) const {
  const auto it = streams_.find(log.value);
  return it == streams_.end() ? nullptr : &it->second.options;
}

void StreamHost::recovered() {
  open_ = true;
  for (const auto& [number, stream] : streams_) {
    if (shard_.store().find_log(LogId(number)) == nullptr) shard_.store().create_log(LogId(number), stream.options);
  }
}

void StreamHost::removed(LogId log) {
  const auto it = feeds_.find(log.value);
  if (it == feeds_.end()) return;
  const std::unique_ptr<Feed> feed = std::move(it->second);
  feeds_.erase(it);
  reader_count_ -= feed->readers.size();
  for (const auto& [id, reader] : feed->readers) {
    shard_.mailbox().send(reader->request.home, [consumer = reader->request.consumer](Shard& there) {
      there.consumers().cancelled(consumer, "the stream was deleted");
    });
  }
}

bool StreamHost::has_log(ObjectId id) const {
  return !shard_.queues().owns_log(LogId(id.value)) && shard_.store().find_log(LogId(id.value)) != nullptr;
}

bool StreamHost::append(ObjectId id, const bytes::Slab& batch) {
  storage::Log* log = shard_.store().find_log(LogId(id.value));
  MILLRACE_ASSERT(log != nullptr);
  if (!shard_.store().append(*log, batch).has_value()) return false;
  shard_.log_host().touched(LogId(id.value));
  return true;
}

// ---- Readers

StreamHost::Feed* StreamHost::find(std::uint64_t log) {
  const auto it = feeds_.find(log);
  return it == feeds_.end() ? nullptr : it->second.get();
}

StreamHost::Reader* StreamHost::find(std::uint64_t log, ConsumerId id) {
  Feed* feed = find(log);
  if (feed == nullptr) return nullptr;
  const auto it = feed->readers.find(id.value);
  return it == feed->readers.end() ? nullptr : it->second.get();
}

Result<void> StreamHost::consume(const ConsumeRequest& request) {
  const std::uint64_t number = request.options.queue.queue.value;
  storage::Log* log = shard_.store().find_log(LogId(number));
  if (log == nullptr) return base::fail(BrokerErrc::not_found, "no such stream");
  auto& feed = feeds_[number];
  if (feed == nullptr) feed = std::make_unique<Feed>();
  const ConsumerId id = request.consumer;
  const auto [it, added] = feed->readers.emplace(id.value, std::make_unique<Reader>());
  MILLRACE_ASSERT(added);
  ++reader_count_;
  Reader& reader = *it->second;
  reader.request = request;
  reader.credit = request.options.prefetch == 0 ? UINT64_MAX : request.options.prefetch;
  reader.window = request.window;
  reader.records = std::make_unique<RecordReader>(
      *log, [this, number, id] { wants_work(number, id); },
      [number](Offset first, Offset last, bool damaged) {
        if (!damaged) return;
        base::log::warning("log {}: records {} to {} are damaged and skipped", number, first.value, last.value);
      },
      [this, number](const model::BatchHeader& header) {
        return shard_.log_host().producers().is_aborted(LogId(number), header.producer_id, header.base_offset);
      });
  seek(*log, reader);
  return {};
}

void StreamHost::seek(storage::Log& log, Reader& reader) {
  const std::uint64_t number = log.id().value;
  const ConsumerId id = reader.request.consumer;
  find_start(shard_, log, reader.request.options.start, [this, number, id](Offset offset) {
    if (find(number, id) != nullptr) begin_at(number, id, offset);
  });
}

/// Above the end the reader waits for that offset; below the start it begins there when it comes to that.
void StreamHost::begin_at(std::uint64_t number, ConsumerId id, Offset offset) {
  Reader* reader = find(number, id);
  MILLRACE_ASSERT(reader != nullptr);
  reader->next = offset;
  wants_work(number, id);
}

void StreamHost::cancel(ObjectId log, ConsumerId id) {
  Feed* feed = find(log.value);
  if (feed == nullptr || feed->readers.erase(id.value) == 0) return;
  --reader_count_;
  std::erase(feed->caught_up, id);
  if (!feed->readers.empty()) return;
  if (feed->watched) shard_.log_host().unwatch(LogId(log.value), kWatchKey);
  feeds_.erase(log.value);
}

void StreamHost::settle(const SettleRequest& request) {
  Reader* reader = find(request.queue.value, request.consumer);
  if (reader == nullptr || reader->request.options.prefetch == 0) return;
  const auto count = static_cast<std::uint64_t>(request.last.value - request.first.value + 1);
  reader->credit = std::min<std::uint64_t>(reader->credit + count, reader->request.options.prefetch);
  wants_work(request.queue.value, request.consumer);
}

void StreamHost::return_window(const WindowReturn& given) {
  Reader* reader = find(given.queue.value, given.consumer);
  if (reader == nullptr) return;
  reader->window = std::min(reader->window + given.bytes, reader->request.window);
  wants_work(given.queue.value, given.consumer);
}

Result<QueueStats> StreamHost::stats(ObjectId id) const {
  const storage::Log* log = shard_.store().find_log(LogId(id.value));
  if (log == nullptr) return base::fail(BrokerErrc::not_found, "no such stream");
  QueueStats stats;
  stats.ready = static_cast<std::uint64_t>(std::max<std::int64_t>(readable_end(*log).value - log->start().value, 0));
  stats.bytes = log->size().value;
  const auto it = feeds_.find(id.value);
  if (it == feeds_.end()) return stats;
  stats.consumers = static_cast<std::uint32_t>(it->second->readers.size());
  for (const auto& [number, reader] : it->second->readers) {
    if (reader->request.options.prefetch > 0) stats.unacknowledged += reader->request.options.prefetch - reader->credit;
  }
  return stats;
}

// ---- Serving them

void StreamHost::wants_work(std::uint64_t log, ConsumerId id) {
  Reader* reader = find(log, id);
  if (reader == nullptr || std::exchange(reader->in_work_list, true)) return;
  work_.push_back({log, id});
  if (work_.size() == 1) shard_.loop().post([] {});
}

void StreamHost::retry_later(const Work& work) {
  retrying_.push_back(work);
  if (retry_timer_) return;
  retry_timer_ = shard_.loop().call_after(base::to_nanos(kRetryDelay), [this] {
    retry_timer_ = {};
    for (const Work& each : std::exchange(retrying_, {})) wants_work(each.log, each.reader);
  });
}

/// Everybody who has caught up is served when there is more.
void StreamHost::watch(std::uint64_t number, Feed& feed, Offset seen) {
  if (std::exchange(feed.watched, true)) return;
  shard_.log_host().watch(LogId(number), {seen, storage::Isolation::decided, kWatchKey}, [this, number] {
    Feed* changed = find(number);
    if (changed == nullptr) return;
    changed->watched = false;
    for (const ConsumerId id : std::exchange(changed->caught_up, {})) {
      find(number, id)->caught_up = false;
      wants_work(number, id);
    }
  });
}

void StreamHost::send(std::unique_ptr<DeliveryBundle> bundle, ShardId home) {
  shard_.counters().delivered.fetch_add(bundle->deliveries.size(), std::memory_order_relaxed);
  if (home == shard_.id()) return shard_.consumers().deliver(std::move(bundle));
  shard_.mailbox().send(
      home, [bundle = std::move(bundle)](Shard& there) mutable { there.consumers().deliver(std::move(bundle)); });
}

StreamHost::Served StreamHost::serve(storage::Log& log, Reader& reader, WorkBudget& budget) {
  if (reader.next == model::kNoOffset) return Served::waits;
  const Offset end = readable_end(log);
  reader.next = std::max(reader.next, log.start());
  std::unique_ptr<DeliveryBundle> bundle;
  Served served = Served::waits;
  const ConsumeOptions& options = reader.request.options;
  while (reader.credit > 0 && reader.window > 0) {
    if (reader.next >= end || budget.spent()) {
      served = reader.next >= end ? Served::caught_up : Served::more;
      break;
    }
    RecordReader::Found found;
    const RecordReader::Status status = reader.records->find(reader.next, end, found);
    if (status == RecordReader::Status::none) {
      reader.next = end;
      continue;
    }
    if (status != RecordReader::Status::found) {
      if (status == RecordReader::Status::failed) retry_later({log.id().value, reader.request.consumer});
      break;
    }
    reader.next = found.offset + Offset(1);
    budget.take(window_cost(found));
    if (options.filter != nullptr && !options.filter->matches(found.record, found.envelope)) continue;
    if (bundle == nullptr) {
      bundle = std::make_unique<DeliveryBundle>();
      bundle->queue = options.queue;
      bundle->consumer = reader.request.consumer;
    }
    add_delivery(*bundle, found, {});
    if (options.prefetch > 0) --reader.credit;
    reader.window -= std::min(reader.window, window_cost(found));
  }
  const bool full = reader.credit == 0 || reader.window == 0;
  if (reader.next >= end || (full && reader_count_ > kHoldingReaders)) reader.records->release();
  if (bundle != nullptr) send(std::move(bundle), reader.request.home);
  return served;
}

void StreamHost::work(const Work& work, WorkBudget& turn) {
  Reader* reader = find(work.log, work.reader);
  if (reader == nullptr) return;
  reader->in_work_list = false;
  storage::Log* log = shard_.store().find_log(LogId(work.log));
  MILLRACE_ASSERT(log != nullptr, "log {} went without its readers", work.log);
  const Offset seen = readable_end(*log);
  WorkBudget share{std::min(turn.messages, kReaderMessages), std::min(turn.bytes, kReaderBytes)};
  const WorkBudget before = share;
  const Served served = serve(*log, *reader, share);
  turn.messages -= before.messages - share.messages;
  turn.bytes -= before.bytes - share.bytes;
  if (served == Served::more) return wants_work(work.log, work.reader);
  // A sink was called: who knows what it has done.
  reader = find(work.log, work.reader);
  if (reader == nullptr || served != Served::caught_up || std::exchange(reader->caught_up, true)) return;
  Feed& feed = *find(work.log);
  feed.caught_up.push_back(work.reader);
  watch(work.log, feed, seen);
}

void StreamHost::on_turn_end() {
  WorkBudget turn = kTurnBudget;
  for (std::size_t left = work_.size(); left > 0 && !turn.spent(); --left) {
    const Work next = work_.front();
    work_.pop_front();
    work(next, turn);
  }
  if (!work_.empty() || shard_.consumers().pending()) shard_.loop().post([] {});
}

}  // namespace millrace::broker
