#include "storage/settlement.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "base/assert.h"
#include "bytes/reader.h"
#include "bytes/writer.h"

namespace millrace::storage {

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::int64_t kChunk = Settlement::kChunkOffsets;
constexpr std::size_t kBitmapBytes = static_cast<std::size_t>(kChunk) / 8;

/// Kinds of parts in the encoded form. Stored: never renumber.
enum class Part : std::uint8_t { run = 0, bitmap = 1, ranges = 2 };

constexpr std::uint64_t mask_from(std::int64_t bit) {
  return ~std::uint64_t{0} << bit;
}
constexpr std::uint64_t mask_to(std::int64_t bit) {
  return ~std::uint64_t{0} >> (63 - bit);
}

}  // namespace

Settlement::Settlement(Offset floor) : floor_(floor.value) {
  MILLRACE_ASSERT(floor_ >= 0 && floor_ <= kMaxOffset, "floor {}", floor_);
}

std::int32_t Settlement::Chunk::set(std::int64_t from, std::int64_t to) {
  std::int32_t added = 0;
  for (std::int64_t word = from / 64; word <= to / 64; ++word) {
    std::uint64_t mask = ~std::uint64_t{0};
    if (word == from / 64) mask &= mask_from(from % 64);
    if (word == to / 64) mask &= mask_to(to % 64);
    std::uint64_t& bits = words[static_cast<std::size_t>(word)];
    added += std::popcount(mask & ~bits);
    bits |= mask;
  }
  count += added;
  return added;
}

std::int64_t Settlement::Chunk::next_clear(std::int64_t from) const {
  for (std::int64_t word = from / 64; word < static_cast<std::int64_t>(kWords); ++word) {
    std::uint64_t clear = ~words[static_cast<std::size_t>(word)];
    if (word == from / 64) clear &= mask_from(from % 64);
    if (clear != 0) return word * 64 + std::countr_zero(clear);
  }
  return kChunk;
}

std::int64_t Settlement::Chunk::next_set(std::int64_t from) const {
  for (std::int64_t word = from / 64; word < static_cast<std::int64_t>(kWords); ++word) {
    std::uint64_t bits = words[static_cast<std::size_t>(word)];
    if (word == from / 64) bits &= mask_from(from % 64);
    if (bits != 0) return word * 64 + std::countr_zero(bits);
  }
  return kChunk;
}

std::int32_t Settlement::Chunk::count_from(std::int64_t from) const {
  std::int32_t result = 0;
  for (std::int64_t word = from / 64; word < static_cast<std::int64_t>(kWords); ++word) {
    const std::uint64_t mask = word == from / 64 ? mask_from(from % 64) : ~std::uint64_t{0};
    result += std::popcount(words[static_cast<std::size_t>(word)] & mask);
  }
  return result;
}

std::int64_t Settlement::settle(Offset first, Offset last) {
  MILLRACE_ASSERT(first.value >= 0 && last.value < kMaxOffset && first <= last, "settle {}..{}", first.value,
                  last.value);
  const std::int64_t from = std::max(first.value, floor_);
  const std::int64_t to = last.value;
  if (from > to) return 0;
  if (from == floor_) {
    // In order: the floor moves, and swallows what was settled in its way.
    const std::int64_t before = floor_ + above_;
    floor_ = to + 1;
    drop_below_floor();
    const std::int64_t added = floor_ + above_ - before;
    raise_floor();
    return added;
  }
  std::int64_t added = 0;
  std::int64_t chunk = from / kChunk;
  const std::int64_t last_chunk = to / kChunk;
  if (from % kChunk != 0 || chunk == last_chunk) {
    added += settle_part(chunk, from % kChunk, chunk == last_chunk ? to % kChunk : kChunk - 1);
    ++chunk;
  }
  if (chunk > last_chunk) return added;
  const bool last_is_full = to % kChunk == kChunk - 1;
  const std::int64_t full_end = last_is_full ? last_chunk : last_chunk - 1;
  if (chunk <= full_end) added += settle_full(chunk, full_end);
  if (!last_is_full) added += settle_part(last_chunk, 0, to % kChunk);
  return added;
}

Offset Settlement::end() const {
  std::int64_t end = floor_;
  if (!runs_.empty()) end = std::max(end, (runs_.rbegin()->second + 1) * kChunk);
  if (!chunks_.empty()) {
    const auto& [number, chunk] = *chunks_.rbegin();
    for (auto word = static_cast<std::int64_t>(kWords) - 1; word >= 0; --word) {
      const std::uint64_t bits = chunk->words[static_cast<std::size_t>(word)];
      if (bits == 0) continue;
      end = std::max(end, number * kChunk + word * 64 + 64 - std::countl_zero(bits));
      break;
    }
  }
  return Offset(end);
}

/// Sets bits of one chunk above the floor. A chunk that becomes full joins the runs.
std::int64_t Settlement::settle_part(std::int64_t chunk, std::int64_t from, std::int64_t to) {
  if (run_of(chunk) != runs_.end()) return 0;
  std::unique_ptr<Chunk>& slot = chunks_[chunk];
  if (slot == nullptr) slot = std::make_unique<Chunk>();
  const std::int32_t added = slot->set(from, to);
  above_ += added;
  if (slot->count == kChunk) {
    chunks_.erase(chunk);
    add_run(chunk, chunk);
  }
  return added;
}

/// Makes whole chunks full; none of them is the floor's.
std::int64_t Settlement::settle_full(std::int64_t first_chunk, std::int64_t last_chunk) {
  std::int64_t present = 0;
  for (auto it = chunks_.lower_bound(first_chunk); it != chunks_.end() && it->first <= last_chunk;) {
    present += it->second->count;
    it = chunks_.erase(it);
  }
  auto run = runs_.upper_bound(first_chunk);
  if (run != runs_.begin()) --run;
  for (; run != runs_.end() && run->first <= last_chunk; ++run) {
    const std::int64_t overlap = std::min(run->second, last_chunk) - std::max(run->first, first_chunk) + 1;
    if (overlap > 0) present += overlap * kChunk;
  }
  add_run(first_chunk, last_chunk);
  const std::int64_t added = (last_chunk - first_chunk + 1) * kChunk - present;
  above_ += added;
  return added;
}

/// Joins with what overlaps or touches.
void Settlement::add_run(std::int64_t first_chunk, std::int64_t last_chunk) {
  auto it = runs_.upper_bound(first_chunk);
  if (it != runs_.begin() && std::prev(it)->second >= first_chunk - 1) --it;
  while (it != runs_.end() && it->first <= last_chunk + 1) {
    first_chunk = std::min(first_chunk, it->first);
    last_chunk = std::max(last_chunk, it->second);
    it = runs_.erase(it);
  }
  runs_.emplace(first_chunk, last_chunk);
}

Settlement::Runs::const_iterator Settlement::run_of(std::int64_t chunk) const {
  auto it = runs_.upper_bound(chunk);
  if (it == runs_.begin()) return runs_.end();
  --it;
  return it->second >= chunk ? it : runs_.end();
}

/// Forgets what the floor has jumped over; offsets that were counted above it no longer are.
void Settlement::drop_below_floor() {
  while (!runs_.empty() && runs_.begin()->first * kChunk < floor_) {
    const auto [first, last] = *runs_.begin();
    runs_.erase(runs_.begin());
    above_ -= (last - first + 1) * kChunk;
    floor_ = std::max(floor_, (last + 1) * kChunk);
  }
  while (!chunks_.empty() && chunks_.begin()->first < floor_ / kChunk) {
    above_ -= chunks_.begin()->second->count;
    chunks_.erase(chunks_.begin());
  }
  if (chunks_.empty() || chunks_.begin()->first != floor_ / kChunk) return;
  Chunk& partly = *chunks_.begin()->second;
  const std::int32_t left = partly.count_from(floor_ % kChunk);
  above_ -= partly.count - left;
  if (left == 0) {
    chunks_.erase(chunks_.begin());
    return;
  }
  // Clear what lies below, so that counts stay those of the bits.
  const std::int64_t bit = floor_ % kChunk;
  for (std::int64_t word = 0; word < bit / 64; ++word) partly.words[static_cast<std::size_t>(word)] = 0;
  partly.words[static_cast<std::size_t>(bit / 64)] &= mask_from(bit % 64);
  partly.count = left;
}

/// Moves the floor over what is settled directly above it.
void Settlement::raise_floor() {
  for (;;) {
    const std::int64_t chunk = floor_ / kChunk;
    if (!runs_.empty() && runs_.begin()->first == chunk) {
      const std::int64_t last = runs_.begin()->second;
      above_ -= (last - chunk + 1) * kChunk;
      floor_ = (last + 1) * kChunk;
      runs_.erase(runs_.begin());
      continue;
    }
    if (chunks_.empty() || chunks_.begin()->first != chunk) return;
    const std::int64_t clear = chunks_.begin()->second->next_clear(floor_ % kChunk);
    if (clear == floor_ % kChunk) return;
    floor_ = chunk * kChunk + clear;
    drop_below_floor();
  }
}

bool Settlement::is_settled(Offset offset) const {
  if (offset.value < floor_) return true;
  const std::int64_t chunk = offset.value / kChunk;
  if (const auto it = chunks_.find(chunk); it != chunks_.end()) {
    const auto bit = static_cast<std::size_t>(offset.value % kChunk);
    return ((it->second->words[bit / 64] >> (bit % 64)) & 1) != 0;
  }
  return run_of(chunk) != runs_.end();
}

Offset Settlement::next_unsettled(Offset from) const {
  std::int64_t at = std::max(from.value, floor_);
  for (;;) {
    const std::int64_t chunk = at / kChunk;
    if (const auto run = run_of(chunk); run != runs_.end()) {
      at = (run->second + 1) * kChunk;
      continue;
    }
    const auto it = chunks_.find(chunk);
    if (it == chunks_.end()) return Offset(at);
    const std::int64_t clear = it->second->next_clear(at % kChunk);
    at = chunk * kChunk + clear;
    if (clear < kChunk) return Offset(at);
  }
}

std::size_t Settlement::memory_bytes() const {
  // Three pointers and a colour per tree node, and the allocator's own word.
  constexpr std::size_t kNode = 40;
  return sizeof(*this) + chunks_.size() * (kNode + 16 + sizeof(Chunk) + 8) + runs_.size() * (kNode + 16);
}

bool operator==(const Settlement& a, const Settlement& b) {
  if (a.floor_ != b.floor_ || a.above_ != b.above_ || a.runs_ != b.runs_) return false;
  return std::ranges::equal(a.chunks_, b.chunks_, [](const auto& left, const auto& right) {
    return left.first == right.first && left.second->words == right.second->words;
  });
}

// Encoded: version u8 | floor uvarint | parts uvarint | parts in ascending order of chunks, each
//   kind u8 | chunks since the end of the part before (the first: since the floor's chunk) uvarint |
//     run:    chunks uvarint
//     bitmap: 512 bytes, offset n of the chunk is bit n % 8 of byte n / 8
//     ranges: count uvarint, per range: clear offsets before it uvarint, its length uvarint

namespace {

struct RangeList {
  bytes::ByteVector encoded;
  std::uint64_t count = 0;
};

}  // namespace

void Settlement::encode(bytes::ByteVector& out) const {
  bytes::Writer writer(out);
  writer.u8(kVersion);
  writer.uvarint(static_cast<std::uint64_t>(floor_));
  writer.uvarint(chunks_.size() + runs_.size());
  std::int64_t next = floor_ / kChunk;
  auto begin_part = [&](Part kind, std::int64_t chunk) {
    writer.u8(static_cast<std::uint8_t>(kind));
    writer.uvarint(static_cast<std::uint64_t>(chunk - next));
  };
  auto write_chunk = [&](std::int64_t number, const Chunk& chunk) {
    RangeList ranges;
    bytes::Writer list(ranges.encoded);
    std::int64_t at = 0;
    for (std::int64_t set = chunk.next_set(0); set < kChunk && ranges.encoded.size() < kBitmapBytes;
         set = chunk.next_set(at)) {
      list.uvarint(static_cast<std::uint64_t>(set - at));
      at = chunk.next_clear(set);
      list.uvarint(static_cast<std::uint64_t>(at - set));
      ++ranges.count;
      if (at == kChunk) break;
    }
    if (ranges.encoded.size() < kBitmapBytes) {
      begin_part(Part::ranges, number);
      writer.uvarint(ranges.count);
      writer.raw(ranges.encoded);
    } else {
      begin_part(Part::bitmap, number);
      for (const std::uint64_t word : chunk.words) {
        for (int shift = 0; shift < 64; shift += 8) writer.u8(static_cast<std::uint8_t>(word >> shift));
      }
    }
    next = number + 1;
  };
  auto chunk = chunks_.begin();
  for (const auto& [first, last] : runs_) {
    for (; chunk != chunks_.end() && chunk->first < first; ++chunk) write_chunk(chunk->first, *chunk->second);
    begin_part(Part::run, first);
    writer.uvarint(static_cast<std::uint64_t>(last - first + 1));
    next = last + 1;
  }
  for (; chunk != chunks_.end(); ++chunk) write_chunk(chunk->first, *chunk->second);
}

Result<Settlement> Settlement::decode(bytes::ByteView input) {
  const auto damaged = [](const char* what) {
    return base::fail(StorageErrc::damaged, fmt::format("settlement: {}", what));
  };
  bytes::Reader reader(input);
  const std::uint8_t version = reader.u8();
  if (reader.ok() && version > kVersion) {
    return base::fail(StorageErrc::newer_version, fmt::format("settlement of version {}", version));
  }
  constexpr auto kMax = static_cast<std::uint64_t>(kMaxOffset);
  constexpr std::uint64_t kMaxChunk = kMax / static_cast<std::uint64_t>(kChunk) - 1;
  const std::uint64_t floor = reader.uvarint();
  const std::uint64_t parts = reader.uvarint();
  if (!reader.ok() || version == 0 || floor > kMax) return damaged("bad head");
  Settlement result{Offset(static_cast<std::int64_t>(floor))};
  std::uint64_t next = floor / static_cast<std::uint64_t>(kChunk);
  for (std::uint64_t i = 0; i < parts; ++i) {
    const std::uint8_t kind = reader.u8();
    const std::uint64_t gap = reader.uvarint();
    if (!reader.ok() || gap > kMaxChunk || next + gap > kMaxChunk) return damaged("bad chunk");
    const std::uint64_t chunk = next + gap;
    const auto first = static_cast<std::int64_t>(chunk) * kChunk;
    auto mark = [&](std::int64_t from, std::int64_t to) { result.settle(Offset(first + from), Offset(first + to)); };
    next = chunk + 1;
    if (kind == static_cast<std::uint8_t>(Part::run)) {
      const std::uint64_t count = reader.uvarint();
      if (!reader.ok() || count == 0 || count > kMaxChunk - chunk) return damaged("bad run");
      mark(0, static_cast<std::int64_t>(count) * kChunk - 1);
      next = chunk + count;
    } else if (kind == static_cast<std::uint8_t>(Part::bitmap)) {
      const bytes::ByteView bits = reader.view(kBitmapBytes);
      if (!reader.ok()) return damaged("short bitmap");
      for (std::int64_t n = 0; n < kChunk; ++n) {
        if (((bits[static_cast<std::size_t>(n / 8)] >> (n % 8)) & 1) != 0) mark(n, n);
      }
    } else if (kind == static_cast<std::uint8_t>(Part::ranges)) {
      const std::uint64_t count = reader.uvarint();
      if (!reader.ok()) return damaged("short list of ranges");
      std::int64_t at = 0;
      for (std::uint64_t range = 0; range < count; ++range) {
        const std::uint64_t clear = reader.uvarint();
        const std::uint64_t length = reader.uvarint();
        const auto left = static_cast<std::uint64_t>(kChunk - at);
        if (!reader.ok() || length == 0 || clear > left || length > left - clear) return damaged("bad range");
        at += static_cast<std::int64_t>(clear);
        mark(at, at + static_cast<std::int64_t>(length) - 1);
        at += static_cast<std::int64_t>(length);
      }
    } else {
      return damaged("unknown part");
    }
  }
  if (!reader.at_end()) return damaged("bytes behind the end");
  return result;
}

}  // namespace millrace::storage
