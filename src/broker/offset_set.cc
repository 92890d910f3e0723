#include "broker/offset_set.h"

#include <algorithm>
#include <bit>

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

bool OffsetSet::contains(Offset offset) const {
  const auto it = chunks_.find(offset.value / kChunk);
  if (it == chunks_.end()) return false;
  const auto bit = static_cast<std::size_t>(offset.value % kChunk);
  return ((it->second->words[bit / 64] >> (bit % 64)) & 1) != 0;
}

std::optional<Offset> OffsetSet::next(Offset from) const {
  const std::int64_t first_chunk = from.value / kChunk;
  for (auto it = chunks_.lower_bound(first_chunk); it != chunks_.end(); ++it) {
    const std::int64_t start = it->first == first_chunk ? from.value % kChunk : 0;
    for (std::int64_t word = start / 64; word < static_cast<std::int64_t>(kWords); ++word) {
      std::uint64_t bits = it->second->words[static_cast<std::size_t>(word)];
      if (word == start / 64) bits &= ~std::uint64_t{0} << (start % 64);
      if (bits != 0) return Offset(it->first * kChunk + word * 64 + std::countr_zero(bits));
    }
  }
  return std::nullopt;
}

void OffsetSet::add(Offset first, Offset last) {
  MILLRACE_ASSERT(first.value >= 0 && first <= last, "add {}..{}", first.value, last.value);
  for (std::int64_t chunk = first.value / kChunk; chunk <= last.value / kChunk; ++chunk) {
    std::unique_ptr<Chunk>& slot = chunks_[chunk];
    if (slot == nullptr) slot = std::make_unique<Chunk>();
    const std::int64_t from = chunk == first.value / kChunk ? first.value % kChunk : 0;
    const std::int64_t to = chunk == last.value / kChunk ? last.value % kChunk : kChunk - 1;
    for_words(from, to, [&](std::size_t word, std::uint64_t mask) {
      slot->count += std::popcount(mask & ~slot->words[word]);
      slot->words[word] |= mask;
    });
  }
}

void OffsetSet::erase(Offset first, Offset last) {
  const std::int64_t first_chunk = first.value / kChunk;
  const std::int64_t last_chunk = last.value / kChunk;
  for (auto it = chunks_.lower_bound(first_chunk); it != chunks_.end() && it->first <= last_chunk;) {
    Chunk& chunk = *it->second;
    const std::int64_t from = it->first == first_chunk ? first.value % kChunk : 0;
    const std::int64_t to = it->first == last_chunk ? last.value % kChunk : kChunk - 1;
    for_words(from, to, [&](std::size_t word, std::uint64_t mask) {
      chunk.count -= std::popcount(mask & chunk.words[word]);
      chunk.words[word] &= ~mask;
    });
    it = chunk.count == 0 ? chunks_.erase(it) : std::next(it);
  }
}

Offset OffsetSet::end_of_run(Offset from) const {
  for (std::int64_t at = from.value;;) {
    const auto it = chunks_.find(at / kChunk);
    if (it == chunks_.end()) return Offset(at);
    const std::int64_t word = at % kChunk / 64;
    std::uint64_t clear = ~it->second->words[static_cast<std::size_t>(word)];
    clear &= ~std::uint64_t{0} << (at % 64);
    if (clear != 0) return Offset(at - at % 64 + std::countr_zero(clear));
    at += 64 - at % 64;
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
  return std::ranges::equal(a.chunks_, b.chunks_, [](const auto& left, const auto& right) {
    return left.first == right.first && left.second->words == right.second->words;
  });
}

}  // namespace millrace::broker
