#include "testing/sim_inode.h"

#include <algorithm>
#include <cstring>

namespace millrace::sim {

CrashStyle CrashStyle::draw(base::Prng& prng) {
  CrashStyle style;
  switch (prng.below(6)) {
    case 0:
      style.keep_percent = 0;
      style.torn_percent = 0;
      break;
    case 1:
      style.keep_percent = 100;
      style.torn_percent = 0;
      break;
    default:
      style.keep_percent = static_cast<std::uint32_t>(prng.between(5, 95));
      style.torn_percent = static_cast<std::uint32_t>(prng.below(40));
  }
  return style;
}

std::size_t SimInode::read(std::uint64_t position, std::span<std::uint8_t> into) const {
  if (position >= size_) return 0;
  const std::size_t count = std::min<std::uint64_t>(into.size(), size_ - position);
  cached_.read(position, into.first(count));
  return count;
}

bytes::ByteVector SimInode::durable_bytes() const {
  bytes::ByteVector content(durable_size_);
  durable_.read(0, content);
  return content;
}

SimInode::Sector SimInode::sector_of(const SparseBytes& bytes, std::uint64_t sector) const {
  Sector content;
  bytes.read(sector * kSectorSize, content);
  return content;
}

void SimInode::record(std::uint64_t sector, std::uint64_t sequence) {
  History& history = sectors_[sector];
  // Forgetting a middle version of a sector that is written over and over loses little.
  if (history.versions.size() == kVersionsMax) history.versions.erase(history.versions.begin() + 1);
  history.versions.push_back(sector_of(cached_, sector));
  history.last_sequence = sequence;
}

void SimInode::record_size(std::uint64_t size) {
  if (size == size_) return;
  size_ = size;
  if (sizes_.size() == kVersionsMax) sizes_.erase(sizes_.begin() + 1);
  sizes_.push_back(size);
}

void SimInode::write(std::uint64_t position, bytes::ByteView data, std::uint64_t sequence) {
  if (data.empty()) return;
  cached_.write(position, data);
  const std::uint64_t last = (position + data.size() - 1) / kSectorSize;
  for (std::uint64_t sector = position / kSectorSize; sector <= last; ++sector) record(sector, sequence);
  spoilt_.erase(spoilt_.lower_bound(position / kSectorSize), spoilt_.upper_bound(last));
  record_size(std::max(size_, position + data.size()));
}

void SimInode::resize(std::uint64_t size, std::uint64_t sequence) {
  if (size < size_) {
    std::vector<std::uint64_t> touched;
    for (auto it = cached_.pages().lower_bound(size / SparseBytes::kPageSize); it != cached_.pages().end(); ++it) {
      const std::uint64_t first = it->first * SparseBytes::kPageSize / kSectorSize;
      for (std::uint64_t sector = first; sector < first + SparseBytes::kPageSize / kSectorSize; ++sector) {
        if ((sector + 1) * kSectorSize > size && sector * kSectorSize < size_) touched.push_back(sector);
      }
    }
    cached_.zero_from(size);
    for (const std::uint64_t sector : touched) record(sector, sequence);
  }
  record_size(size);
}

void SimInode::sync() {
  for (const auto& [sector, history] : sectors_) durable_.write(sector * kSectorSize, history.versions.back());
  sectors_.clear();
  sizes_.clear();
  durable_size_ = size_;
}

std::uint64_t SimInode::drop_dirty_sectors(base::Prng& prng) {
  return std::erase_if(sectors_, [&](const auto&) { return prng.chance(1, 2); });
}

void SimInode::crash(base::Prng& prng, const CrashStyle& style, CrashOrder& order, FaultCounters& counters) {
  for (const auto& [sector, history] : sectors_) {
    if (prng.below(100) < style.torn_percent) {
      // Two versions meet in one sector: the head is of one, the rest of another.
      const Sector& head = history.versions[prng.below(history.versions.size())];
      const std::size_t cut = prng.between(1, kSectorSize - 1);
      durable_.write(sector * kSectorSize, bytes::ByteView(head).first(cut));
      counters.count("crash.sector_torn");
    } else if (prng.below(100) < style.keep_percent) {
      const bool newest = prng.chance(3, 4);
      const std::size_t version = newest ? history.versions.size() - 1 : prng.below(history.versions.size());
      std::uint64_t target = sector;
      if (style.misdirect_per_million > 0 && prng.below(1'000'000) < style.misdirect_per_million) {
        target = prng.below(durable_size_ / kSectorSize + 1);
        counters.count("crash.sector_misdirected");
      }
      durable_.write(target * kSectorSize, history.versions[version]);
      order.latest_kept = std::max(order.latest_kept, history.last_sequence);
      counters.count(version + 1 == history.versions.size() ? "crash.sector_kept" : "crash.sector_older_version");
    } else {
      order.earliest_lost = std::min(order.earliest_lost, history.last_sequence);
      counters.count("crash.sector_lost");
    }
  }
  if (!sizes_.empty()) {
    if (prng.below(100) < style.keep_percent) {
      durable_size_ = prng.chance(3, 4) ? sizes_.back() : sizes_[prng.below(sizes_.size())];
      counters.count("crash.size_kept");
    } else {
      counters.count("crash.size_lost");
    }
  }
  durable_.zero_from(durable_size_);
  sectors_.clear();
  sizes_.clear();
  size_ = durable_size_;
  cached_ = SparseBytes();
  for (const auto& [number, page] : durable_.pages()) cached_.write(number * SparseBytes::kPageSize, *page);
}

bool SimInode::pick_clean_sector(base::Prng& prng, std::uint64_t below, std::uint64_t& sector) const {
  const std::uint64_t end = std::min({below, size_, durable_size_});
  if (end == 0) return false;
  for (int attempt = 0; attempt < 64; ++attempt) {
    sector = prng.below((end + kSectorSize - 1) / kSectorSize);
    if (!sectors_.contains(sector)) return true;
  }
  return false;
}

void SimInode::set_clean_sector(std::uint64_t sector, const Sector& content) {
  const std::uint64_t start = sector * kSectorSize;
  const std::size_t length = std::min<std::uint64_t>(kSectorSize, durable_size_ - start);
  durable_.write(start, bytes::ByteView(content).first(length));
  cached_.write(start, bytes::ByteView(content).first(std::min<std::uint64_t>(length, size_ - start)));
}

bool SimInode::flip_bit(base::Prng& prng, std::uint64_t below) {
  std::uint64_t sector = 0;
  if (!pick_clean_sector(prng, below, sector)) return false;
  Sector content = sector_of(durable_, sector);
  const std::uint64_t end = std::min({below, size_, durable_size_}) - sector * kSectorSize;
  const std::uint64_t at = prng.below(std::min<std::uint64_t>(kSectorSize, end));
  content[at] = static_cast<std::uint8_t>(content[at] ^ (1U << prng.below(8)));
  set_clean_sector(sector, content);
  return true;
}

bool SimInode::copy_sector_elsewhere(base::Prng& prng, std::uint64_t below) {
  for (int attempt = 0; attempt < 64; ++attempt) {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    // Whole sectors only: damage must stay below the given position.
    const std::uint64_t whole = below / kSectorSize * kSectorSize;
    if (!pick_clean_sector(prng, below, from) || !pick_clean_sector(prng, whole, to)) return false;
    const Sector content = sector_of(durable_, from);
    if (from == to || content == sector_of(durable_, to)) continue;
    set_clean_sector(to, content);
    return true;
  }
  return false;
}

bool SimInode::zero_sector(base::Prng& prng, std::uint64_t below) {
  const Sector zeros{};
  for (int attempt = 0; attempt < 64; ++attempt) {
    std::uint64_t sector = 0;
    if (!pick_clean_sector(prng, below / kSectorSize * kSectorSize, sector)) return false;
    if (sector_of(durable_, sector) == zeros) continue;
    set_clean_sector(sector, zeros);
    return true;
  }
  return false;
}

bool SimInode::spoil_sector(base::Prng& prng, std::uint64_t below) {
  std::uint64_t sector = 0;
  if (!pick_clean_sector(prng, below, sector)) return false;
  spoilt_.insert(sector);
  return true;
}

bool SimInode::unreadable(std::uint64_t position, std::uint64_t length) const {
  if (spoilt_.empty() || position >= size_ || length == 0) return false;
  const auto found = spoilt_.lower_bound(position / kSectorSize);
  return found != spoilt_.end() && *found * kSectorSize < std::min(size_, position + length);
}

}  // namespace millrace::sim
