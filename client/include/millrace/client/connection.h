#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/units.h"
#include "millrace/client/channel.h"
#include "millrace/client/error.h"
#include "wire/amqp091/frame.h"

namespace millrace::client {

class Transport;

struct ConnectOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 5672;
  std::string user = "guest";
  std::string password = "guest";
  std::string virtual_host = "/";
  /// Shown by the server beside the connection.
  std::string name{};
  /// Proposed interval; 0 turns heartbeats off. They are sent inside calls, so call poll() at least that often.
  std::uint16_t heartbeat_seconds = 60;
  std::uint32_t frame_max = 131072;
  /// Larger messages from the server end the connection.
  std::uint64_t max_message_bytes = std::uint64_t{256} << 20;
  base::Millis connect_timeout{5'000};
  base::Millis reply_timeout{30'000};
  /// How many bytes of published messages may wait for others before they are sent.
  std::size_t publish_buffer = 0;
};

/// A blocking connection to an AMQP 0-9-1 server, for one thread.
///
///     auto connection = Connection::open({.host = "localhost"});
///     auto channel = (*connection)->open_channel();
///     (*channel)->declare_queue({.name = "work", .durable = true});
///     (*channel)->publish("", "work", {.persistent = true}, "hello");
class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(ConnectOptions options);
  /// Opens over a connected socket, which it then owns.
  static Result<std::unique_ptr<Connection>> open_over(int descriptor, ConnectOptions options);
  /// Ends the connection without a word to the server when close() was not called.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<std::shared_ptr<Channel>> open_channel();
  /// Sends what waits, takes in what came, and runs handlers; waits up to `timeout` when nothing came. True when
  /// something did.
  Result<bool> poll(base::Millis timeout);
  Result<void> flush();
  /// Says goodbye and waits for the answer.
  Result<void> close();

  bool is_open() const { return !closed_.has_value(); }
  /// Why the connection is closed.
  const std::optional<Error>& closed() const { return closed_; }
  /// True while the server asks publishers to pause (its connection.blocked).
  bool is_blocked() const { return blocked_; }
  const Table& server_properties() const { return server_properties_; }
  std::uint32_t frame_max() const { return frame_max_; }

 private:
  friend class Channel;
  using Reply = Channel::Reply;

  explicit Connection(ConnectOptions options);

  Result<void> handshake();
  Result<void> answer_start();
  Result<void> answer_tune();
  template <class Method>
  void append(std::uint16_t channel, const Method& method);
  bytes::ByteVector& output();
  /// Waits until the reply is there. `channel` is the one that waits, null for the connection itself.
  Result<void> await(Reply& reply, const Channel* channel);
  /// Sends, then handles all whole frames; waits for one until the deadline. True when any was handled.
  Result<bool> pump(base::Nanos deadline);
  Result<bool> handle_input();
  Result<void> handle_frame(const wire::amqp091::Frame& frame);
  Result<void> handle_method(bytes::ByteView payload);
  Result<void> beat();
  void run_handlers();
  std::unexpected<Error> end(Error why);

  ConnectOptions options_;
  std::unique_ptr<Transport> transport_;
  std::optional<Error> closed_{};
  std::uint32_t frame_max_;
  std::uint16_t channel_max_ = 0;
  std::uint16_t heartbeat_seconds_ = 0;
  bool blocked_ = false;
  bool in_handlers_ = false;
  Table server_properties_;
  Reply reply_;
  std::map<std::uint16_t, std::shared_ptr<Channel>> channels_;
};

}  // namespace millrace::client
