#include "bytes/slab.h"

#include <cstring>
#include <new>

namespace millrace::bytes {

Slab Slab::allocate(std::size_t size) {
  void* memory = ::operator new(sizeof(Block) + size);
  Slab slab;
  slab.block_ = new (memory) Block;
  slab.block_->size = size;
  return slab;
}

Slab Slab::copy_of(ByteView bytes) {
  Slab slab = allocate(bytes.size());
  if (!bytes.empty()) std::memcpy(slab.mutable_data(), bytes.data(), bytes.size());
  return slab;
}

void Slab::release() noexcept {
  Block* block = std::exchange(block_, nullptr);
  if (block == nullptr) return;
  if (block->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    block->~Block();
    ::operator delete(block);
  }
}

}  // namespace millrace::bytes
