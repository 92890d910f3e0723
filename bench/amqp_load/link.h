#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bytes/view.h"
#include "wire/amqp091/frame.h"
#include "wire/amqp091/frame_writer.h"

namespace millrace::bench {

namespace wire = millrace::wire::amqp091;

inline constexpr std::uint32_t kFrameMax = 131072;
inline constexpr std::size_t kBufferSize = std::size_t{1} << 20;

/// Nanoseconds on the monotonic clock.
std::uint64_t clock_nanos();

/// Says why and ends the program: a measurement that went wrong has no result.
[[noreturn]] void die(const std::string& why);

/// A non-blocking socket with a fixed input buffer and an output buffer that settles at one size.
class Link {
 public:
  /// Takes over a connected socket.
  explicit Link(int descriptor, std::size_t buffer_size = kBufferSize);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  int descriptor() const { return descriptor_; }
  bytes::ByteVector& out() { return out_; }
  std::size_t pending() const { return out_.size() - sent_; }
  /// Sends what the socket takes.
  void flush();
  /// Reads once and calls `each(frame)` for the whole frames there. False at the end of the connection.
  template <class Each>
  bool read_frames(Each each) {
    if (!read_once()) return false;
    for (;;) {
      const auto parsed = wire::parse_frame(input(), kFrameMax);
      if (parsed.status == wire::FrameStatus::malformed) die("a malformed frame");
      if (parsed.status == wire::FrameStatus::need_more) break;
      begin_ += parsed.frame.size;
      each(parsed.frame);
    }
    return true;
  }
  /// For the protocol header that a server reads.
  bool read_once();
  bytes::ByteView input() const { return bytes::ByteView(in_).subspan(begin_, end_ - begin_); }
  void drop(std::size_t count) { begin_ += count; }

 private:
  int descriptor_;
  std::vector<std::uint8_t> in_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bytes::ByteVector out_;
  std::size_t sent_ = 0;
};

}  // namespace millrace::bench
