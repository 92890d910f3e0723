#include "testing/sparse_bytes.h"

#include <algorithm>
#include <cstring>

namespace millrace::sim {

void SparseBytes::read(std::uint64_t position, std::span<std::uint8_t> into) const {
  while (!into.empty()) {
    const std::uint64_t in_page = position % kPageSize;
    const std::size_t step = std::min<std::size_t>(into.size(), kPageSize - in_page);
    const auto it = pages_.find(position / kPageSize);
    if (it == pages_.end()) {
      std::memset(into.data(), 0, step);
    } else {
      std::memcpy(into.data(), it->second->data() + in_page, step);
    }
    into = into.subspan(step);
    position += step;
  }
}

void SparseBytes::write(std::uint64_t position, bytes::ByteView data) {
  while (!data.empty()) {
    const std::uint64_t in_page = position % kPageSize;
    const std::size_t step = std::min<std::size_t>(data.size(), kPageSize - in_page);
    auto& page = pages_[position / kPageSize];
    if (!page) page = std::make_unique<Page>();
    std::memcpy(page->data() + in_page, data.data(), step);
    data = data.subspan(step);
    position += step;
  }
}

void SparseBytes::zero_from(std::uint64_t position) {
  const std::uint64_t first = position / kPageSize;
  const std::uint64_t in_page = position % kPageSize;
  const auto it = pages_.find(first);
  if (in_page > 0 && it != pages_.end()) std::memset(it->second->data() + in_page, 0, kPageSize - in_page);
  pages_.erase(pages_.lower_bound(in_page > 0 ? first + 1 : first), pages_.end());
}

}  // namespace millrace::sim
