#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "bytes/slab.h"
#include "bytes/view.h"
#include "io/error.h"
#include "io/loop.h"

namespace millrace::io {

/// What a connection's owner is told. All calls come on the socket's loop.
class SocketHandler {
 public:
  virtual ~SocketHandler() = default;
  /// `data` is everything received and not yet consumed, contiguous. Returns how many bytes were consumed; the rest is
  /// shown again, in front of what comes next. The view is valid only during the call.
  virtual std::size_t on_data(bytes::ByteView data) = 0;
  /// Output fell below Socket::kLowWater after it had been above Socket::kHighWater.
  virtual void on_drained() = 0;
  /// The peer closed, or the connection failed: the last call. `reason` is empty for an orderly close.
  virtual void on_closed(const std::string& reason) = 0;
};

/// A stream connection that belongs to one loop. Destroying it closes it without further calls to the handler.
class Socket {
 public:
  /// Output that waits for a slow peer: above kHighWater the owner should stop producing until on_drained().
  static constexpr std::size_t kHighWater = std::size_t{1} << 20;
  static constexpr std::size_t kLowWater = std::size_t{256} << 10;

  virtual ~Socket() = default;
  /// Starts reading. The handler must outlive the socket or be replaced.
  virtual void start(SocketHandler* handler) = 0;

  /// A buffer to append output to; it leaves in one gathered write at the end of the turn. The reference is valid
  /// until the next call of any member.
  virtual bytes::ByteVector& output() = 0;
  /// Appends bytes without copying them; they follow what output() holds so far.
  virtual void output_shared(bytes::SlabView part) = 0;
  /// Bytes accepted for output and not yet taken by the system.
  virtual std::size_t pending_output() const = 0;

  /// Stops calls of on_data (back-pressure) until resume_reading(). Both may be called in on_data.
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;

  /// Sends what is pending, then closes; on_closed is called. Input is dropped from now on. A peer that does not
  /// read is cut off after a few seconds.
  virtual void close_after_flush() = 0;
  /// "127.0.0.1:53412".
  virtual std::string peer() const = 0;
  virtual std::string local() const = 0;
  virtual bool peer_is_loopback() const = 0;
};

/// An accepted connection that no loop owns yet.
class PendingConnection {
 public:
  virtual ~PendingConnection() = default;
};

struct Endpoint {
  std::string host;  // a numeric address or a name; "" or "*" means all interfaces
  std::uint16_t port = 0;
};

/// Stops listening when destroyed.
class Listener {
 public:
  virtual ~Listener() = default;
  /// The real port, when 0 was asked for.
  virtual std::uint16_t port() const = 0;
};

using AcceptCallback = std::move_only_function<void(std::unique_ptr<PendingConnection>)>;

/// Network access of one loop.
class Network {
 public:
  virtual ~Network() = default;
  virtual Result<std::unique_ptr<Listener>> listen(const Endpoint& endpoint, AcceptCallback on_accept) = 0;
  /// Makes a pending connection, accepted by any loop, a socket of this one.
  virtual std::unique_ptr<Socket> adopt(std::unique_ptr<PendingConnection> pending) = 0;
  /// Bytes that all its sockets hold, as of the last turn's end: output that peers have not taken, and input of which
  /// more must come before it can be used.
  virtual std::uint64_t held_bytes() const = 0;
};

}  // namespace millrace::io
