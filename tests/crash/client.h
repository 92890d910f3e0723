#pragma once

#include <deque>
#include <stdexcept>
#include <string>

#include "bytes/view.h"
#include "wire/amqp091/frame.h"
#include "wire/amqp091/frame_writer.h"
#include "wire/amqp091/methods.h"
#include "wire/amqp091/properties.h"

namespace millrace::crash {

/// The server went away, which is what these tests are about.
struct ConnectionLost : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// The server said or sent something that it must not.
struct Misbehaviour : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A method that arrived, with its body when it has one.
struct Event {
  wire::amqp091::Method method{};
  bytes::ByteVector arguments;
  bytes::ByteVector body;

  template <class M>
  M as() const {
    bytes::Reader in(arguments);
    auto decoded = M::decode(in);
    if (!decoded) throw Misbehaviour("undecodable " + std::string(M::kName));
    return *decoded;
  }
};

/// One connection with one channel, as simple as it gets: everything written is collected until flush(), everything
/// read becomes an event. Not the client library: a load driver that shares nothing with the server but the codec.
class Client {
 public:
  explicit Client(std::uint16_t port);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  template <class M>
  void add(const M& method) {
    wire::amqp091::append_method(out_, kChannel, method);
  }
  /// Persistent, whatever the properties say.
  void add_publish(std::string_view queue, bytes::ByteView body, wire::amqp091::BasicProperties properties = {});
  std::size_t unsent() const { return out_.size(); }

  /// Writes everything, reading meanwhile so that neither side waits for the other.
  void flush();
  /// The next event; false when none came within `wait_ms` (0: only what is there already).
  bool next(Event& event, int wait_ms);

  /// Sends a method and waits for its answer; events that come before it are kept for next().
  template <class Ok, class M>
  Event call(const M& method) {
    add(method);
    flush();
    return wait_for(Ok::kMethod);
  }

 private:
  static constexpr std::uint16_t kChannel = 1;
  static constexpr int kAnswerMs = 30000;

  Event wait_for(wire::amqp091::Method method);
  void handshake();
  /// Reads what there is, waiting at most `wait_ms`; true when something came.
  bool fill(int wait_ms);
  void parse();
  void take_method(wire::amqp091::Method method, bytes::Reader& in);

  int fd_ = -1;
  std::uint32_t frame_max_ = 131072;
  bytes::ByteVector in_;
  bytes::ByteVector out_;
  bytes::ByteVector properties_;
  std::deque<Event> events_;
  Event open_;  // a method whose content is still arriving
  std::uint64_t body_left_ = 0;
  bool awaits_header_ = false;
};

}  // namespace millrace::crash
