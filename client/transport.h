#pragma once

#include <cstdint>
#include <string>

#include "base/units.h"
#include "bytes/view.h"
#include "millrace/client/error.h"

namespace millrace::client {

/// Nanoseconds on the monotonic clock.
base::Nanos now();

/// A TCP connection with buffers in both directions. One thread uses it.
class Transport {
 public:
  Transport() = default;
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  Result<void> connect(const std::string& host, std::uint16_t port, base::Millis timeout);
  /// Uses a connected socket and owns it from now on.
  Result<void> adopt(int descriptor);
  void shut();
  bool is_open() const { return descriptor_ >= 0; }

  /// Bytes to send: append here, then flush().
  bytes::ByteVector& output() { return output_; }
  /// Sends all of the output. While the server does not read, what it sends meanwhile is taken in, so that two sides
  /// with full buffers do not wait for each other.
  Result<void> flush(base::Nanos deadline);

  /// Received and not consumed yet. Valid until the next receive(), flush() or consume().
  bytes::ByteView input() const { return bytes::ByteView(input_).subspan(input_start_); }
  void consume(std::size_t count);
  /// Waits for bytes until the deadline; false when none came.
  Result<bool> receive(base::Nanos deadline);

  base::Nanos last_sent() const { return last_sent_; }
  base::Nanos last_received() const { return last_received_; }

 private:
  Result<void> read_available();
  /// Waits for `events`; the answer holds those that are there, none at the deadline.
  Result<short> wait(short events, base::Nanos deadline);

  int descriptor_ = -1;
  bytes::ByteVector input_;
  std::size_t input_start_ = 0;
  bytes::ByteVector output_;
  base::Nanos last_sent_{};
  base::Nanos last_received_{};
};

}  // namespace millrace::client
