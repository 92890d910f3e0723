#pragma once

#include <sys/uio.h>

#include <vector>

#include "bytes/slab.h"
#include "bytes/view.h"

namespace millrace::io {

/// Empty buffers of one loop that keep their memory: connections take one while they have output, so that a busy one
/// allocates nothing and an idle one holds nothing.
class BufferPool {
 public:
  static constexpr std::size_t kBuffersMax = 64;
  static constexpr std::size_t kBufferSizeMax = std::size_t{256} << 10;

  bytes::ByteVector take();
  void give(bytes::ByteVector buffer);

 private:
  std::vector<bytes::ByteVector> buffers_;
};

/// Output of one connection that the system has not taken yet: owned and shared parts in order, then a growing tail.
class OutputQueue {
 public:
  /// Shared parts shorter than this are copied: cheaper than a place of their own in a gathered write.
  static constexpr std::size_t kCopyBelow = 512;

  /// The buffer to append to; valid until the next call.
  bytes::ByteVector& tail(BufferPool& pool);
  void append_shared(bytes::SlabView part, BufferPool& pool);
  std::size_t pending() const { return parts_size_ + tail_.size() - sent_of_front_; }
  /// Fills `vectors` with the first bytes; returns how many were filled.
  std::size_t gather(std::span<iovec> vectors) const;
  /// The first `count` bytes were taken.
  void consume(std::size_t count, BufferPool& pool);
  void clear(BufferPool& pool);

 private:
  struct Part {
    bytes::ByteVector owned;
    bytes::SlabView shared;
    bytes::ByteView view() const { return shared.slab ? shared.view : bytes::ByteView(owned); }
  };
  void push(Part part);

  std::vector<Part> parts_;
  std::size_t first_ = 0;       // parts before it are sent
  std::size_t parts_size_ = 0;  // of parts from first_ on
  bytes::ByteVector tail_;
  std::size_t sent_of_front_ = 0;  // of the first part, or of the tail when there are no parts
};

}  // namespace millrace::io
