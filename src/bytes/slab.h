#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "bytes/view.h"

namespace millrace::bytes {

/// A reference-counted block of bytes. Copying a Slab shares the block; the last holder frees it.
///
/// The count is atomic because slabs travel between shards; the bytes must not change once a slab is shared.
class Slab {
 public:
  Slab() = default;
  /// A block of `size` uninitialised bytes.
  static Slab allocate(std::size_t size);
  static Slab copy_of(ByteView bytes);

  Slab(const Slab& other) noexcept : block_(other.block_) {
    if (block_ != nullptr) block_->references.fetch_add(1, std::memory_order_relaxed);
  }
  Slab(Slab&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Slab& operator=(Slab other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Slab() { release(); }

  explicit operator bool() const { return block_ != nullptr; }
  std::size_t size() const { return block_ == nullptr ? 0 : block_->size; }
  const std::uint8_t* data() const { return block_ == nullptr ? nullptr : block_->bytes(); }
  /// For the sole holder that fills the block.
  std::uint8_t* mutable_data() { return block_ == nullptr ? nullptr : block_->bytes(); }
  ByteView view() const { return {data(), size()}; }
  bool unique() const { return block_ != nullptr && block_->references.load(std::memory_order_acquire) == 1; }
  void reset() { release(); }

 private:
  struct Block {
    std::atomic<std::uint32_t> references{1};
    std::size_t size = 0;
    std::uint8_t* bytes() { return reinterpret_cast<std::uint8_t*>(this + 1); }
  };
  void release() noexcept;
  Block* block_ = nullptr;
};

/// A part of a slab that keeps the slab alive.
struct SlabView {
  Slab slab;
  ByteView view;
};

}  // namespace millrace::bytes
