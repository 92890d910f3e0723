#include "io/output_queue.h"

#include <algorithm>

#include "base/assert.h"

namespace millrace::io {

bytes::ByteVector BufferPool::take() {
  if (buffers_.empty()) return {};
  bytes::ByteVector buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void BufferPool::give(bytes::ByteVector buffer) {
  if (buffer.capacity() == 0 || buffer.capacity() > kBufferSizeMax || buffers_.size() == kBuffersMax) return;
  buffer.clear();
  buffers_.push_back(std::move(buffer));
}

bytes::ByteVector& OutputQueue::tail(BufferPool& pool) {
  if (tail_.capacity() == 0) tail_ = pool.take();
  // A slow peer that takes a little each turn must not make the sent front of the tail grow for ever.
  if (first_ == parts_.size() && sent_of_front_ > tail_.size() / 2 && sent_of_front_ >= 65536) {
    tail_.erase(tail_.begin(), tail_.begin() + static_cast<std::ptrdiff_t>(sent_of_front_));
    sent_of_front_ = 0;
  }
  return tail_;
}

void OutputQueue::push(Part part) {
  if (first_ > 0 && first_ >= parts_.size() / 2) {
    parts_.erase(parts_.begin(), parts_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
  parts_size_ += part.view().size();
  parts_.push_back(std::move(part));
}

void OutputQueue::append_shared(bytes::SlabView part, BufferPool& pool) {
  if (part.view.size() < kCopyBelow || !part.slab) {
    bytes::ByteVector& buffer = tail(pool);
    buffer.insert(buffer.end(), part.view.begin(), part.view.end());
    return;
  }
  if (!tail_.empty()) {
    push(Part{std::move(tail_), {}});
    tail_ = {};
  }
  push(Part{{}, std::move(part)});
}

std::size_t OutputQueue::gather(std::span<iovec> vectors) const {
  std::size_t count = 0;
  std::size_t skip = sent_of_front_;
  const auto add = [&](bytes::ByteView view) {
    // The system call takes a non-const pointer but only reads.
    if (view.size() > skip) vectors[count++] = {const_cast<std::uint8_t*>(view.data()) + skip, view.size() - skip};
    skip = 0;
  };
  for (std::size_t i = first_; i < parts_.size() && count < vectors.size(); ++i) add(parts_[i].view());
  if (count < vectors.size()) add(tail_);
  return count;
}

void OutputQueue::consume(std::size_t count, BufferPool& pool) {
  MILLRACE_ASSERT(count <= pending(), "{} of {}", count, pending());
  while (first_ < parts_.size()) {
    Part& front = parts_[first_];
    const std::size_t size = front.view().size();
    const std::size_t step = std::min(count, size - sent_of_front_);
    sent_of_front_ += step;
    count -= step;
    if (sent_of_front_ < size) return;
    pool.give(std::move(front.owned));
    front = {};
    ++first_;
    parts_size_ -= size;
    sent_of_front_ = 0;
  }
  parts_.clear();
  first_ = 0;
  // Idle connections hold no more than a few places.
  if (parts_.capacity() > 16) parts_ = {};
  sent_of_front_ += count;
  if (sent_of_front_ == tail_.size()) {
    pool.give(std::move(tail_));
    tail_ = {};
    sent_of_front_ = 0;
  }
}

void OutputQueue::clear(BufferPool& pool) {
  if (pending() > 0) consume(pending(), pool);
}

}  // namespace millrace::io
