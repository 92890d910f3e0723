#include "broker/offset_set.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/assert.h"
#include "bytes/writer.h"
#include "storage/settlement.h"

namespace millrace::broker {

namespace {

constexpr std::int64_t kChunk = OffsetSet::kChunkOffsets;

/// Calls `each(word index, mask)` for the words of a chunk that hold bits [from, to].
template <class Each>
void for_words(std::int64_t from, std::int64_t to, Each each) {
  for (std::int64_t word = from / 64; word <= to / 64; ++word) {
    std::uint64_t mask = ~std::uint64_t{0};
    if (word == from / 64) mask &= ~std::uint64_t{0} << (from % 64);
    if (word == to / 64) mask &= ~std::uint64_t{0} >> (63 - to % 64);
    each(static_cast<std::size_t>(word), mask);
  }
}

}  // namespace

void OffsetSet::Chunk::set(std::int64_t from, std::int64_t to) {
  for_words(from, to, [this](std::size_t word, std::uint64_t mask) {
    count += std::popcount(mask & ~words[word]);
    words[word] |= mask;
  });
}

void OffsetSet::Chunk::clear(std::int64_t from, std::int64_t to) {
  for_words(from, to, [this](std::size_t word, std::uint64_t mask) {
    count -= std::popcount(mask & words[word]);
    words[word] &= ~mask;
  });
}

std::int64_t OffsetSet::Chunk::next(std::int64_t from, bool set) const {
  for (std::int64_t word = from / 64; word < static_cast<std::int64_t>(kWords); ++word) {
    std::uint64_t bits = words[static_cast<std::size_t>(word)];
    if (!set) bits = ~bits;
    if (word == from / 64) bits &= ~std::uint64_t{0} << (from % 64);
    if (bits != 0) return word * 64 + std::countr_zero(bits);
  }
  return kChunk;
}

OffsetSet::Runs::const_iterator OffsetSet::run_of(std::int64_t chunk) const {
  auto run = full_.upper_bound(chunk);
  if (run == full_.begin()) return full_.end();
  --run;
  return chunk < run->second ? run : full_.end();
}

bool OffsetSet::contains(Offset offset) const {
  const std::int64_t chunk = offset.value / kChunk;
  const auto it = chunks_.find(chunk);
  if (it == chunks_.end()) return run_of(chunk) != full_.end();
  const auto bit = static_cast<std::size_t>(offset.value % kChunk);
  return ((it->second->words[bit / 64] >> (bit % 64)) & 1) != 0;
}

std::optional<Offset> OffsetSet::next(Offset from) const {
  const std::int64_t first_chunk = from.value / kChunk;
  if (run_of(first_chunk) != full_.end()) return from;
  const auto run = full_.lower_bound(first_chunk);
  for (auto it = chunks_.lower_bound(first_chunk); it != chunks_.end(); ++it) {
    if (run != full_.end() && run->first < it->first) break;
    const std::int64_t bit = it->second->next(it->first == first_chunk ? from.value % kChunk : 0, true);
    if (bit < kChunk) return Offset(it->first * kChunk + bit);
  }
  if (run == full_.end()) return std::nullopt;
  return Offset(run->first * kChunk);
}

void OffsetSet::add(Offset first, Offset last) {
  MILLRACE_ASSERT(first.value >= 0 && first <= last, "add {}..{}", first.value, last.value);
  // Whole chunks lie in [full_first, full_end).
  const std::int64_t full_first = (first.value + kChunk - 1) / kChunk;
  const std::int64_t full_end = (last.value + 1) / kChunk;
  const std::int64_t first_chunk = first.value / kChunk;
  const std::int64_t last_chunk = last.value / kChunk;
  if (first_chunk < full_first) {
    add_part(first_chunk, first.value % kChunk, first_chunk == last_chunk ? last.value % kChunk : kChunk - 1);
  }
  if (full_first < full_end) add_full(full_first, full_end);
  if (last_chunk >= full_end && last_chunk >= full_first) add_part(last_chunk, 0, last.value % kChunk);
}

void OffsetSet::add_part(std::int64_t chunk, std::int64_t from, std::int64_t to) {
  if (run_of(chunk) != full_.end()) return;
  std::unique_ptr<Chunk>& slot = chunks_[chunk];
  if (slot == nullptr) slot = std::make_unique<Chunk>();
  slot->set(from, to);
  if (slot->count == kChunk) add_full(chunk, chunk + 1);
}

void OffsetSet::add_full(std::int64_t first, std::int64_t end) {
  chunks_.erase(chunks_.lower_bound(first), chunks_.lower_bound(end));
  auto run = full_.upper_bound(first);
  if (run != full_.begin() && std::prev(run)->second >= first) --run;
  while (run != full_.end() && run->first <= end) {
    first = std::min(first, run->first);
    end = std::max(end, run->second);
    run = full_.erase(run);
  }
  full_.emplace(first, end);
}

void OffsetSet::erase_full(std::int64_t first, std::int64_t end) {
  auto run = full_.upper_bound(first);
  if (run != full_.begin() && std::prev(run)->second > first) --run;
  while (run != full_.end() && run->first < end) {
    const auto [run_first, run_end] = *run;
    run = full_.erase(run);
    if (run_first < first) full_.emplace(run_first, first);
    if (run_end > end) full_.emplace(end, run_end);
  }
}

void OffsetSet::open_full(std::int64_t chunk) {
  if (run_of(chunk) == full_.end()) return;
  erase_full(chunk, chunk + 1);
  auto opened = std::make_unique<Chunk>();
  opened->set(0, kChunk - 1);
  chunks_.emplace(chunk, std::move(opened));
}

void OffsetSet::erase(Offset first, Offset last) {
  const std::int64_t first_chunk = first.value / kChunk;
  const std::int64_t last_chunk = last.value / kChunk;
  if (first.value % kChunk != 0) open_full(first_chunk);
  if (last.value % kChunk != kChunk - 1) open_full(last_chunk);
  erase_full(first_chunk, last_chunk + 1);
  for (auto it = chunks_.lower_bound(first_chunk); it != chunks_.end() && it->first <= last_chunk;) {
    it->second->clear(it->first == first_chunk ? first.value % kChunk : 0,
                      it->first == last_chunk ? last.value % kChunk : kChunk - 1);
    it = it->second->count == 0 ? chunks_.erase(it) : std::next(it);
  }
}

Offset OffsetSet::end_of_run(Offset from) const {
  std::int64_t chunk = from.value / kChunk;
  std::int64_t bit = from.value % kChunk;
  for (;;) {
    if (const auto run = run_of(chunk); run != full_.end()) {
      chunk = run->second;
    } else {
      const auto it = chunks_.find(chunk);
      if (it == chunks_.end()) return Offset(chunk * kChunk + bit);
      bit = it->second->next(bit, false);
      if (bit < kChunk) return Offset(chunk * kChunk + bit);
      ++chunk;
    }
    bit = 0;
  }
}

void OffsetSet::encode(bytes::ByteVector& out) const {
  bytes::ByteVector runs;
  bytes::Writer list(runs);
  std::uint64_t count = 0;
  std::int64_t at = 0;
  for (auto first = next(Offset(0)); first.has_value(); first = next(Offset(at))) {
    list.uvarint(static_cast<std::uint64_t>(first->value - at));
    at = end_of_run(*first).value;
    list.uvarint(static_cast<std::uint64_t>(at - first->value));
    ++count;
  }
  bytes::Writer to(out);
  to.uvarint(count);
  to.raw(runs);
}

bool OffsetSet::decode(bytes::Reader& in) {
  const std::uint64_t count = in.uvarint();
  std::uint64_t at = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t gap = in.uvarint();
    const std::uint64_t length = in.uvarint();
    constexpr auto kMost = static_cast<std::uint64_t>(storage::Settlement::kMaxOffset);
    if (!in.ok() || gap > kMost || length == 0 || length > static_cast<std::uint64_t>(kMaxRun)) return false;
    at += gap;
    if (at > kMost - length) return false;
    add(Offset(static_cast<std::int64_t>(at)), Offset(static_cast<std::int64_t>(at + length - 1)));
    at += length;
  }
  return in.ok();
}

bool operator==(const OffsetSet& a, const OffsetSet& b) {
  return a.full_ == b.full_ && std::ranges::equal(a.chunks_, b.chunks_, [](const auto& left, const auto& right) {
           return left.first == right.first && left.second->words == right.second->words;
         });
}

}  // namespace millrace::broker
