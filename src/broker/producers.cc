#include "broker/producers.h"

#include <algorithm>

#include "base/assert.h"
#include "bytes/reader.h"
#include "bytes/writer.h"

namespace millrace::broker {

namespace {

// Command:  version u8 | kind u8 | fields of the kind (docs/on-disk-format.md has them). Version 1 had batches only, no
//           kind, and nothing of transactions.
// Snapshot: version u8 | count u32, producers | count u32, aborted transactions
constexpr std::uint8_t kProducersVersion = 2;
constexpr std::uint8_t kWithoutTransactions = 1;
enum class ProducersKind : std::uint8_t { batch = 1, marker = 2 };
constexpr std::size_t kStoredSize = 16;

std::int32_t add_sequence(std::int32_t sequence, std::int32_t count) {
  return static_cast<std::int32_t>((static_cast<std::int64_t>(sequence) + count) & INT32_MAX);
}

std::int32_t last_sequence_of(const model::BatchHeader& batch) {
  return add_sequence(batch.base_sequence, batch.last_offset_delta);
}

}  // namespace

// ---- Batches

Result<Producers::Verdict> Producers::check(LogId log, const model::BatchHeader& batch) const {
  if (batch.base_sequence < 0 || batch.producer_epoch < 0) {
    return base::fail(BrokerErrc::invalid, "a producer id without epoch or sequence");
  }
  const auto it = producers_.find({log.value, batch.producer_id});
  if (it == producers_.end()) return Verdict{};
  const Producer& producer = it->second;
  if (batch.producer_epoch < producer.epoch) {
    return base::fail(BrokerErrc::refused, "the producer has a newer epoch");
  }
  if (producer.open_from != model::kNoOffset && !batch.transactional()) {
    return base::fail(BrokerErrc::no_transaction, "the producer has a transaction open here");
  }
  if (batch.producer_epoch > producer.epoch) {
    if (batch.base_sequence == 0) return Verdict{};
    return base::fail(BrokerErrc::invalid, "a new epoch starts at sequence 0");
  }
  const std::int32_t last = last_sequence_of(batch);
  for (std::size_t i = 0; i < producer.count; ++i) {
    const Stored& stored = producer.last[i];
    if (stored.first_sequence == batch.base_sequence && stored.last_sequence == last) {
      return Verdict{.duplicate = true, .base_offset = Offset(stored.base_offset)};
    }
  }
  // Nothing is remembered when a marker brought the epoch.
  const std::int32_t expected =
      producer.count == 0 ? 0 : add_sequence(producer.last[producer.count - 1U].last_sequence, 1);
  if (batch.base_sequence == expected) return Verdict{};
  return base::fail(BrokerErrc::invalid, fmt::format("sequence {} where {} is next", batch.base_sequence, expected));
}

bool Producers::joined(LogId log, const model::BatchHeader& batch) const {
  const auto it = producers_.find({log.value, batch.producer_id});
  return it != producers_.end() && it->second.open_from != model::kNoOffset && it->second.epoch == batch.producer_epoch;
}

Producers::Producer& Producers::use(const Key& key) {
  auto [it, fresh] = producers_.try_emplace(key);
  Producer& producer = it->second;
  if (!fresh) by_use_.erase(producer.used);
  producer.used = ++uses_;
  by_use_.emplace(producer.used, key);
  return producer;
}

void Producers::remember(const Key& key, const Batch& batch) {
  Producer& producer = use(key);
  if (producer.epoch != batch.epoch) producer.count = 0;
  producer.epoch = batch.epoch;
  producer.last_time = batch.time;
  if (producer.count == kRemembered) {
    std::shift_left(producer.last.begin(), producer.last.end(), 1);
    --producer.count;
  }
  producer.last[producer.count++] = batch.stored;
  if (batch.transactional && producer.open_from == model::kNoOffset) {
    producer.open_from = Offset(batch.stored.base_offset);
    transactions_[key.log].open.emplace(producer.open_from, key.producer);
  }
  if (producers_.size() > kMaxProducers) forget_oldest();
}

void Producers::forget_oldest() {
  for (auto oldest = by_use_.begin(); oldest != by_use_.end(); ++oldest) {
    const auto it = producers_.find(oldest->second);
    if (it->second.open_from != model::kNoOffset) continue;
    producers_.erase(it);
    by_use_.erase(oldest);
    return;
  }
}

bytes::ByteVector Producers::accept(LogId log, const model::BatchHeader& batch, Offset base_offset, Timestamp now) {
  bytes::ByteVector command;
  bytes::Writer out(command);
  const Stored stored{batch.base_sequence, last_sequence_of(batch), base_offset.value};
  out.u8(kProducersVersion);
  out.u8(static_cast<std::uint8_t>(ProducersKind::batch));
  out.u64(log.value);
  out.i64(batch.producer_id);
  out.i16(batch.producer_epoch);
  out.i32(stored.first_sequence);
  out.i32(stored.last_sequence);
  out.i64(stored.base_offset);
  out.u8(batch.transactional() ? 1 : 0);
  out.i64(now.value);
  remember({log.value, batch.producer_id}, {batch.producer_epoch, stored, batch.transactional(), now});
  return command;
}

// ---- Transactions

Result<bool> Producers::can_end(LogId log, const model::Marker& marker) const {
  const auto it = producers_.find({log.value, marker.producer_id});
  if (it == producers_.end()) return false;
  if (marker.producer_epoch < it->second.epoch) {
    return base::fail(BrokerErrc::refused, "the producer has a newer epoch");
  }
  return it->second.open_from != model::kNoOffset;
}

Offset Producers::end_transaction(const Key& key, const model::Marker& marker, Offset offset, Timestamp time) {
  Producer& producer = use(key);
  if (producer.epoch != marker.producer_epoch) producer.count = 0;
  producer.epoch = marker.producer_epoch;
  producer.last_time = time;
  producer.decider_epoch = marker.decider_epoch;
  const Offset first = producer.open_from;
  if (first == model::kNoOffset) return first;
  producer.open_from = model::kNoOffset;
  Transactions& transactions = transactions_[key.log];
  transactions.open.erase({first, key.producer});
  // A snapshot may know already what its journal says again.
  auto& aborted = transactions.aborted;
  if (marker.commit || (!aborted.empty() && aborted.back().marker >= offset)) return first;
  const Offset decided = transactions.open.empty() ? offset + Offset(1) : transactions.open.begin()->first;
  aborted.push_back({key.producer, first, offset, decided});
  return first;
}

bytes::ByteVector Producers::end(LogId log, const model::Marker& marker, Offset offset, Timestamp now) {
  bytes::ByteVector command;
  bytes::Writer out(command);
  out.u8(kProducersVersion);
  out.u8(static_cast<std::uint8_t>(ProducersKind::marker));
  out.u64(log.value);
  out.i64(marker.producer_id);
  out.i16(marker.producer_epoch);
  out.u8(marker.commit ? 1 : 0);
  out.i32(marker.decider_epoch);
  out.i64(offset.value);
  out.i64(now.value);
  const Offset first = end_transaction({log.value, marker.producer_id}, marker, offset, now);
  MILLRACE_ASSERT(first != model::kNoOffset, "a marker for nothing in log {}", log.value);
  transactions_[log.value].ending.push_back({first, offset});
  return command;
}

Offset Producers::undecided_from(LogId log, Offset committed) {
  const auto it = transactions_.find(log.value);
  if (it == transactions_.end()) return model::kNoOffset;
  Transactions& all = it->second;
  std::erase_if(all.ending, [committed](const Ending& ending) { return ending.marker < committed; });
  Offset first = all.open.empty() ? model::kNoOffset : all.open.begin()->first;
  for (const Ending& ending : all.ending) {
    if (first == model::kNoOffset || ending.first < first) first = ending.first;
  }
  if (all.empty()) transactions_.erase(it);
  return first;
}

bool Producers::has_ending(LogId log) const {
  const auto it = transactions_.find(log.value);
  return it != transactions_.end() && !it->second.ending.empty();
}

std::vector<AbortedRange> Producers::aborted(LogId log, Offset from, Offset until) const {
  std::vector<AbortedRange> found;
  const auto it = transactions_.find(log.value);
  if (it == transactions_.end()) return found;
  const auto& all = it->second.aborted;
  auto at = std::partition_point(all.begin(), all.end(), [from](const Aborted& one) { return one.marker < from; });
  for (; at != all.end(); ++at) {
    if (at->first < until) found.push_back({at->producer, at->first, at->marker});
    if (at->decided_end >= until) break;
  }
  return found;
}

bool Producers::is_aborted(LogId log, std::int64_t producer, Offset offset) const {
  const auto it = transactions_.find(log.value);
  if (it == transactions_.end()) return false;
  const auto& all = it->second.aborted;
  auto at = std::partition_point(all.begin(), all.end(), [offset](const Aborted& one) { return one.marker < offset; });
  for (; at != all.end(); ++at) {
    if (at->producer == producer && at->first <= offset) return true;
    if (at->decided_end > offset) return false;
  }
  return false;
}

void Producers::trimmed(LogId log, Offset start) {
  const auto it = transactions_.find(log.value);
  if (it == transactions_.end()) return;
  auto& all = it->second.aborted;
  all.erase(all.begin(),
            std::partition_point(all.begin(), all.end(), [start](const Aborted& one) { return one.marker < start; }));
  if (it->second.empty()) transactions_.erase(it);
}

void Producers::forget_log(LogId log) {
  auto it = producers_.lower_bound({log.value, INT64_MIN});
  while (it != producers_.end() && it->first.log == log.value) {
    by_use_.erase(it->second.used);
    it = producers_.erase(it);
  }
  transactions_.erase(log.value);
}

std::vector<ProducerInfo> Producers::list(LogId log) const {
  std::vector<ProducerInfo> found;
  for (auto it = producers_.lower_bound({log.value, INT64_MIN}); it != producers_.end() && it->first.log == log.value;
       ++it) {
    const Producer& producer = it->second;
    const std::int32_t sequence = producer.count == 0 ? -1 : producer.last[producer.count - 1U].last_sequence;
    found.push_back(
        {it->first.producer, producer.epoch, sequence, producer.last_time, producer.decider_epoch, producer.open_from});
  }
  return found;
}

std::vector<LogId> Producers::logs() const {
  std::set<std::uint64_t> ids;
  for (auto it = producers_.begin(); it != producers_.end(); it = producers_.upper_bound({it->first.log, INT64_MAX})) {
    ids.insert(it->first.log);
  }
  for (const auto& [log, transactions] : transactions_) ids.insert(log);
  std::vector<LogId> all;
  all.reserve(ids.size());
  for (const std::uint64_t id : ids) all.emplace_back(id);
  return all;
}

// ---- Stored form

bool Producers::apply_batch(bytes::Reader& in, std::uint8_t version) {
  Key key{};
  key.log = in.u64();
  key.producer = in.i64();
  Batch batch;
  batch.epoch = in.i16();
  batch.stored.first_sequence = in.i32();
  batch.stored.last_sequence = in.i32();
  batch.stored.base_offset = in.i64();
  if (version != kWithoutTransactions) {
    batch.transactional = in.u8() != 0;
    batch.time = Timestamp(in.i64());
  }
  if (!in.ok()) return false;
  remember(key, batch);
  return true;
}

bool Producers::apply_marker(bytes::Reader& in) {
  Key key{};
  key.log = in.u64();
  key.producer = in.i64();
  model::Marker marker;
  marker.producer_id = key.producer;
  marker.producer_epoch = in.i16();
  marker.commit = in.u8() != 0;
  marker.decider_epoch = in.i32();
  const Offset offset(in.i64());
  const Timestamp time(in.i64());
  if (!in.ok()) return false;
  end_transaction(key, marker, offset, time);
  return true;
}

bool Producers::apply(bytes::ByteView command) {
  bytes::Reader in(command);
  const std::uint8_t version = in.u8();
  if (version == kWithoutTransactions) return apply_batch(in, version);
  if (version != kProducersVersion) return false;
  switch (static_cast<ProducersKind>(in.u8())) {
    case ProducersKind::batch:
      return apply_batch(in, version);
    case ProducersKind::marker:
      return apply_marker(in);
  }
  return false;
}

bool Producers::load_producer(bytes::Reader& in, std::uint8_t version) {
  Key key{};
  key.log = in.u64();
  key.producer = in.i64();
  const std::int16_t epoch = in.i16();
  const std::uint8_t remembered = in.u8();
  const bool old = version == kWithoutTransactions;
  if (remembered > kRemembered || (old && remembered == 0) || in.remaining() < remembered * kStoredSize) return false;
  Producer& producer = use(key);
  producer.epoch = epoch;
  producer.count = remembered;
  for (std::uint8_t k = 0; k < remembered; ++k) {
    Stored& stored = producer.last[k];
    stored.first_sequence = in.i32();
    stored.last_sequence = in.i32();
    stored.base_offset = in.i64();
  }
  if (old) return in.ok();
  producer.last_time = Timestamp(in.i64());
  producer.decider_epoch = in.i32();
  producer.open_from = Offset(in.i64());
  if (!in.ok() || producer.open_from < model::kNoOffset) return false;
  if (producer.open_from != model::kNoOffset) transactions_[key.log].open.emplace(producer.open_from, key.producer);
  return true;
}

bool Producers::load_aborted(bytes::Reader& in) {
  const std::uint64_t log = in.u64();
  Aborted one;
  one.producer = in.i64();
  one.first = Offset(in.i64());
  one.marker = Offset(in.i64());
  one.decided_end = Offset(in.i64());
  if (!in.ok()) return false;
  auto& all = transactions_[log].aborted;
  if (!all.empty() && all.back().marker >= one.marker) return false;
  all.push_back(one);
  return true;
}

bool Producers::load_snapshot(bytes::ByteView snapshot) {
  producers_.clear();
  by_use_.clear();
  transactions_.clear();
  uses_ = 0;
  bytes::Reader in(snapshot);
  const std::uint8_t version = in.u8();
  if (version != kProducersVersion && version != kWithoutTransactions) return false;
  const std::uint32_t count = in.u32();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    if (!load_producer(in, version)) return false;
  }
  if (version == kWithoutTransactions) return in.ok();
  const std::uint32_t aborted = in.u32();
  for (std::uint32_t i = 0; i < aborted && in.ok(); ++i) {
    if (!load_aborted(in)) return false;
  }
  return in.ok();
}

void Producers::save_snapshot(bytes::ByteVector& snapshot) const {
  bytes::Writer out(snapshot);
  out.u8(kProducersVersion);
  out.u32(static_cast<std::uint32_t>(producers_.size()));
  for (const auto& [use, key] : by_use_) {
    const Producer& producer = producers_.at(key);
    out.u64(key.log);
    out.i64(key.producer);
    out.i16(producer.epoch);
    out.u8(producer.count);
    for (std::size_t k = 0; k < producer.count; ++k) {
      out.i32(producer.last[k].first_sequence);
      out.i32(producer.last[k].last_sequence);
      out.i64(producer.last[k].base_offset);
    }
    out.i64(producer.last_time.value);
    out.i32(producer.decider_epoch);
    out.i64(producer.open_from.value);
  }
  std::size_t aborted = 0;
  for (const auto& [log, transactions] : transactions_) aborted += transactions.aborted.size();
  out.u32(static_cast<std::uint32_t>(aborted));
  for (const auto& [log, transactions] : transactions_) {
    for (const Aborted& one : transactions.aborted) {
      out.u64(log);
      out.i64(one.producer);
      out.i64(one.first.value);
      out.i64(one.marker.value);
      out.i64(one.decided_end.value);
    }
  }
}

}  // namespace millrace::broker
