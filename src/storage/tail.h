#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "bytes/slab.h"
#include "storage/types.h"

namespace millrace::storage {

/// A queue in one power-of-two array: cheap at both ends, no memory while it was never used.
template <class T>
class Ring {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](std::size_t i) { return items_[(head_ + i) & (items_.size() - 1)]; }
  const T& operator[](std::size_t i) const { return items_[(head_ + i) & (items_.size() - 1)]; }
  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }
  T& back() { return (*this)[size_ - 1]; }
  const T& back() const { return (*this)[size_ - 1]; }

  void push_back(T value) {
    if (size_ == items_.size()) grow();
    items_[(head_ + size_) & (items_.size() - 1)] = std::move(value);
    ++size_;
  }
  void pop_front() {
    MILLRACE_ASSERT(size_ > 0);
    items_[head_] = T{};
    head_ = (head_ + 1) & (items_.size() - 1);
    if (--size_ == 0 && items_.size() > kKept) {
      std::vector<T>().swap(items_);
      head_ = 0;
    }
  }

 private:
  static constexpr std::size_t kKept = 16;

  void grow() {
    std::vector<T> bigger(items_.empty() ? 2 : items_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) bigger[i] = std::move((*this)[i]);
    items_.swap(bigger);
    head_ = 0;
  }

  std::vector<T> items_;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

/// A batch held in memory.
struct TailEntry {
  Offset base;
  Offset last;
  Timestamp appended_at;
  std::uint64_t round = 0;  // in whose journal file its bytes lie
  bytes::Slab batch;
  Epoch epoch;
  bool direct = false;  // its bytes are in no journal: they go to the segment with its round
};

}  // namespace millrace::storage
