#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"
#include "millrace/client/confirms.h"
#include "millrace/client/error.h"
#include "millrace/client/message.h"
#include "wire/amqp091/methods.h"

namespace millrace::client {

class Connection;

struct ExchangeSpec {
  std::string name{};
  std::string type = "direct";
  bool durable = false;
  bool auto_delete = false;
  bool passive = false;
  Table arguments{};
};

struct QueueSpec {
  std::string name{};  // empty: the server makes one up
  bool durable = false;
  bool exclusive = false;
  bool auto_delete = false;
  bool passive = false;
  Table arguments{};
};

struct QueueInfo {
  std::string name{};
  std::uint32_t messages = 0;
  std::uint32_t consumers = 0;
};

struct Binding {
  std::string queue{};
  std::string exchange{};
  std::string routing_key{};
  Table arguments{};
};

struct ConsumeSpec {
  std::string queue{};
  std::string tag{};  // empty: the server makes one up
  bool auto_ack = false;
  bool exclusive = false;
  Table arguments{};
};

using OnDelivery = std::function<void(Delivery&&)>;
using OnConfirm = std::function<void(std::uint64_t sequence, bool acked)>;
using OnReturn = std::function<void(Returned&&)>;

/// A channel of a Connection, used by the connection's thread. Each call that has an answer waits for it, at most
/// ConnectOptions::reply_timeout. When the server closes the channel, that call and all later ones give its error.
///
/// Handlers run inside Connection::poll(), next() and wait_for_confirms(), never inside other calls; they may call
/// anything but poll(), next() and wait_for_confirms().
class Channel {
 public:
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  bool is_open() const { return !closed_.has_value(); }
  /// Why the channel is closed.
  const std::optional<Error>& closed() const { return closed_; }

  Result<void> declare_exchange(const ExchangeSpec& spec);
  Result<void> delete_exchange(const std::string& name);
  Result<QueueInfo> declare_queue(const QueueSpec& spec);
  /// The number of messages deleted with it.
  Result<std::uint32_t> delete_queue(const std::string& name);
  Result<std::uint32_t> purge_queue(const std::string& name);
  Result<void> bind(const Binding& binding);
  Result<void> unbind(const Binding& binding);

  /// Sends a message; the answer is its sequence number when confirms are on, else 0. It is in the operating system's
  /// hands at once, or after ConnectOptions::publish_buffer bytes, or with the next call that waits.
  Result<std::uint64_t> publish(std::string_view exchange, std::string_view routing_key, const Properties& properties,
                                std::string_view body, bool mandatory = false);
  /// From now on the server confirms each message when it has taken responsibility for it.
  Result<void> confirm_select();
  const Confirms& confirms() const { return confirms_; }
  /// Waits until nothing is outstanding. True when all since the last call were acknowledged, false when one was
  /// refused; Errc::timed_out when some are still outstanding.
  Result<bool> wait_for_confirms(base::Millis timeout);
  void on_confirm(OnConfirm handler) { on_confirm_ = std::move(handler); }
  void on_return(OnReturn handler) { on_return_ = std::move(handler); }

  Result<void> qos(std::uint16_t prefetch_count, bool global = false);
  /// Begins to consume; the answer is the tag. Without a handler deliveries are fetched with next().
  Result<std::string> consume(const ConsumeSpec& spec, OnDelivery handler = {});
  Result<void> cancel(const std::string& tag);
  /// The next delivery to a consumer without a handler; nothing when none came in time.
  Result<std::optional<Delivery>> next(base::Millis timeout);
  Result<std::optional<Delivery>> get(const std::string& queue, bool auto_ack = false);
  Result<void> ack(std::uint64_t delivery_tag, bool multiple = false);
  Result<void> nack(std::uint64_t delivery_tag, bool multiple = false, bool requeue = true);
  Result<void> reject(std::uint64_t delivery_tag, bool requeue = true);

  Result<void> close();

 private:
  friend class Connection;

  /// An answer that a call waits for.
  struct Reply {
    bool awaited = false;
    bool arrived = false;
    bytes::ByteVector payload;
  };
  /// A method with content whose header and body are still coming.
  struct Incoming {
    bytes::ByteVector method;
    bool has_header = false;
    std::uint64_t body_size = 0;
    Properties properties;
    std::string body;
  };
  struct Settled {
    std::uint64_t sequence = 0;
    bool acked = false;
  };

  Channel(Connection& connection, std::uint16_t number) : connection_(&connection), number_(number) {}

  Result<void> open();
  Result<void> check_open() const;
  template <class Answer, class Request>
  Result<Answer> call(const Request& request);
  template <class Request>
  Result<void> send(const Request& request);

  Result<void> handle_method(bytes::ByteView payload);
  Result<void> handle_header(bytes::ByteView payload);
  Result<void> handle_body(bytes::ByteView payload);
  Result<void> finish_content();
  void take_reply(bytes::ByteView payload);
  Result<void> take_confirm(std::uint64_t tag, bool multiple, bool ack);
  Result<void> take_cancel(bytes::Reader& in);
  Result<void> take_close(bytes::Reader& in);
  void take_delivery(const wire::amqp091::BasicDeliver& method, Message message);
  void run_handlers();
  void end(const Error& why);

  Connection* connection_;  // null once the connection is gone
  std::uint16_t number_;
  std::optional<Error> closed_{};
  Reply reply_;
  std::optional<Incoming> incoming_{};
  std::optional<Delivery> got_{};

  bool confirming_ = false;
  Confirms confirms_;
  std::uint64_t nacks_reported_ = 0;
  std::map<std::string, OnDelivery, std::less<>> handlers_;  // empty function: next()
  std::deque<Delivery> inbox_;
  std::deque<Delivery> for_handlers_;
  std::deque<Settled> settled_;
  std::deque<Returned> returned_;
  std::optional<Error> cancelled_{};
  OnConfirm on_confirm_;
  OnReturn on_return_;
};

}  // namespace millrace::client
