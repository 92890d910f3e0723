#include "broker/producers.h"

#include <algorithm>

#include "bytes/reader.h"
#include "bytes/writer.h"

namespace millrace::broker {

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kStoredSize = 16;

std::int32_t add_sequence(std::int32_t sequence, std::int32_t count) {
  return static_cast<std::int32_t>((static_cast<std::int64_t>(sequence) + count) & INT32_MAX);
}

std::int32_t last_sequence_of(const model::BatchHeader& batch) {
  return add_sequence(batch.base_sequence, batch.last_offset_delta);
}

}  // namespace

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
  const std::int32_t expected = add_sequence(producer.last[producer.count - 1U].last_sequence, 1);
  if (batch.base_sequence == expected) return Verdict{};
  return base::fail(BrokerErrc::invalid, fmt::format("sequence {} where {} is next", batch.base_sequence, expected));
}

void Producers::remember(const Key& key, std::int16_t epoch, const Stored& stored) {
  auto [it, fresh] = producers_.try_emplace(key);
  Producer& producer = it->second;
  if (!fresh) by_use_.erase(producer.used);
  producer.used = ++uses_;
  by_use_.emplace(producer.used, key);
  if (producer.epoch != epoch) producer.count = 0;
  producer.epoch = epoch;
  if (producer.count == kRemembered) {
    std::shift_left(producer.last.begin(), producer.last.end(), 1);
    --producer.count;
  }
  producer.last[producer.count++] = stored;
  if (producers_.size() > kMaxProducers) {
    const auto oldest = by_use_.begin();
    producers_.erase(oldest->second);
    by_use_.erase(oldest);
  }
}

bytes::ByteVector Producers::accept(LogId log, const model::BatchHeader& batch, Offset base_offset) {
  bytes::ByteVector command;
  bytes::Writer out(command);
  const Stored stored{batch.base_sequence, last_sequence_of(batch), base_offset.value};
  out.u8(kVersion);
  out.u64(log.value);
  out.i64(batch.producer_id);
  out.i16(batch.producer_epoch);
  out.i32(stored.first_sequence);
  out.i32(stored.last_sequence);
  out.i64(stored.base_offset);
  remember({log.value, batch.producer_id}, batch.producer_epoch, stored);
  return command;
}

void Producers::forget_log(LogId log) {
  auto it = producers_.lower_bound({log.value, INT64_MIN});
  while (it != producers_.end() && it->first.log == log.value) {
    by_use_.erase(it->second.used);
    it = producers_.erase(it);
  }
}

std::vector<ProducerInfo> Producers::list(LogId log) const {
  std::vector<ProducerInfo> found;
  for (auto it = producers_.lower_bound({log.value, INT64_MIN}); it != producers_.end() && it->first.log == log.value;
       ++it) {
    const Producer& producer = it->second;
    found.push_back({it->first.producer, producer.epoch, producer.last[producer.count - 1U].last_sequence});
  }
  return found;
}

bool Producers::apply(bytes::ByteView command) {
  bytes::Reader in(command);
  if (in.u8() != kVersion) return false;
  Key key{};
  key.log = in.u64();
  key.producer = in.i64();
  const std::int16_t epoch = in.i16();
  Stored stored;
  stored.first_sequence = in.i32();
  stored.last_sequence = in.i32();
  stored.base_offset = in.i64();
  if (!in.ok()) return false;
  remember(key, epoch, stored);
  return true;
}

bool Producers::load_snapshot(bytes::ByteView snapshot) {
  producers_.clear();
  by_use_.clear();
  uses_ = 0;
  bytes::Reader in(snapshot);
  if (in.u8() != kVersion) return false;
  const std::uint32_t count = in.u32();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    Key key{};
    key.log = in.u64();
    key.producer = in.i64();
    const std::int16_t epoch = in.i16();
    const std::uint8_t remembered = in.u8();
    if (remembered == 0 || remembered > kRemembered || in.remaining() < remembered * kStoredSize) return false;
    for (std::uint8_t k = 0; k < remembered; ++k) {
      Stored stored;
      stored.first_sequence = in.i32();
      stored.last_sequence = in.i32();
      stored.base_offset = in.i64();
      remember(key, epoch, stored);
    }
  }
  return in.ok();
}

void Producers::save_snapshot(bytes::ByteVector& snapshot) const {
  bytes::Writer out(snapshot);
  out.u8(kVersion);
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
  }
}

}  // namespace millrace::broker
