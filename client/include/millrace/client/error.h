#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace millrace::client {

enum class Errc : std::uint8_t {
  bad_argument,        // a name over 255 bytes, an unknown host ...
  connect_failed,      // nobody listens, or the handshake broke off
  timed_out,           // the server did not answer within reply_timeout
  connection_lost,     // the socket ended or the server stopped sending heartbeats
  protocol_error,      // the server sent what AMQP 0-9-1 does not allow here
  connection_closed,   // connection.close from the server (reply_code says why), or close() was called
  channel_closed,      // channel.close from the server (reply_code says why), or close() was called
  consumer_cancelled,  // basic.cancel from the server: the queue is gone
};

/// An error. `reply_code` is the server's when it gave one (AMQP 0-9-1, 1.2), else 0; `detail` is then its reply text.
struct Error {
  Errc code = Errc::protocol_error;
  std::uint16_t reply_code = 0;
  std::string detail;

  /// "404 NOT_FOUND - no queue 'x'", for people.
  std::string to_string() const;
};

template <class T>
using Result = base::Result<T, Error>;

inline std::unexpected<Error> fail(Errc code, std::string detail) {
  return std::unexpected<Error>(Error{code, 0, std::move(detail)});
}

}  // namespace millrace::client
