#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/prng.h"
#include "broker/shard.h"
#include "gateway/amqp091/errors.h"
#include "gateway/amqp091/foreign.h"
#include "gateway/amqp091/gateway.h"
#include "io/socket.h"
#include "wire/amqp091/frame.h"
#include "wire/amqp091/frame_writer.h"
#include "wire/amqp091/methods.h"
#include "wire/amqp091/properties.h"

namespace millrace::gateway::amqp091 {

namespace wire = ::millrace::wire::amqp091;

class Channel;

/// One client. Frames are parsed where they lie in the socket's buffer and handed to their channels; see connection.cc
/// for input and flow, handshake.cc for what comes before connection.open-ok, connection_close.cc for the end.
///
/// Lives on its shard's loop, owned by the gateway; what runs later holds weak references.
class Connection final : public io::SocketHandler, public std::enable_shared_from_this<Connection> {
 public:
  using OnClosed = std::function<void(Connection&)>;
  Connection(broker::Shard& shard, const Options& options, std::unique_ptr<io::Socket> socket, OnClosed on_closed);
  ~Connection() override;
  void start();
  /// connection.close with 320 to a client that is connected; an end without words to one that is not yet.
  void force_close(const std::string& reason);

  broker::Shard& shard() { return shard_; }
  const Options& options() const { return options_; }
  io::Socket& socket() { return *socket_; }
  broker::ConnectionId id() const { return id_; }
  const std::string& user() const { return user_; }
  /// The client's address.
  const std::string& host() const { return host_; }
  const catalog::VirtualHost& vhost() const { return vhost_; }
  std::uint32_t frame_max() const { return frame_max_; }
  base::Timestamp now() const { return now_; }
  /// Counts calls of on_data.
  std::uint64_t reads() const { return reads_; }
  Presenter& presenter() { return presenter_; }
  bool wants_cancel_notices() const { return client_.cancel_notices; }

  /// Where output is appended; valid until the socket is used otherwise.
  bytes::ByteVector& out() {
    wrote_ = true;
    return socket_->output();
  }
  template <class M>
  void send(std::uint16_t channel, const M& method) {
    wire::append_method(out(), channel, method);
  }
  /// Closes the connection over an error.
  void fail(const Failure& failure, wire::Method method = wire::Method{0});
  /// Where a name made by the server ends: 22 letters and digits, never the same twice.
  std::string unique_suffix();
  std::uint64_t unique_number() { return names_.next(); }

  /// Exclusive queues are deleted before the client hears close-ok.
  void add_exclusive_queue(broker::ObjectId queue) { exclusive_queues_.push_back(queue); }

  /// From channels: bytes that wait to be stored, or for their turn. Above named limits reading pauses.
  void add_unsettled(std::uint64_t bytes, std::uint64_t messages);
  void remove_unsettled(std::uint64_t bytes, std::uint64_t messages);
  void change_deferred(std::int64_t bytes);
  /// Body bytes of messages whose frames are not complete.
  [[nodiscard]] bool add_assembling(std::uint64_t bytes);
  void remove_assembling(std::uint64_t bytes) { assembling_bytes_ -= bytes; }
  /// A channel has something to store: alarms concern this connection from now on.
  void set_publishes();
  /// Deliveries were written: gives their window back, now or when the client has read enough.
  void delivered(broker::ConsumerId consumer, std::uint64_t window_bytes);
  void forget_window(broker::ConsumerId consumer);
  /// A channel has done what it was busy with.
  void channel_idle();
  void update_reading();

  // io::SocketHandler
  std::size_t on_data(bytes::ByteView data) override;
  void on_drained() override;
  void on_closed(const std::string& reason) override;

 private:
  enum class State : std::uint8_t {
    protocol_header,
    start_ok,
    authenticating,
    tune_ok,
    open,
    running,
    client_closing,  // connection.close came: what was before it is being finished
    server_closing,  // connection.close was sent: waiting for close-ok
    ended,           // output leaves, then the socket closes
  };
  struct Client {
    bool cancel_notices = false;
    bool blocked_notices = false;
    bool failure_close = false;
    std::string name;
  };
  struct Withheld {
    broker::ConsumerId consumer;
    std::uint64_t bytes;
  };
  enum class PublishParse : std::uint8_t { not_whole, wait, taken };

  // connection.cc
  std::size_t take_protocol_header(bytes::ByteView data);
  void on_frame(const wire::Frame& frame);
  void on_channel_frame(const wire::Frame& frame);
  void open_channel(const wire::Frame& frame, wire::Method method);
  PublishParse take_publish(bytes::ByteView input, const wire::Frame& method, std::size_t& used);
  /// Null also for a channel that both sides have closed.
  Channel* find_channel(std::uint16_t number) const;
  void check_heartbeat();
  void start_heartbeats(std::uint16_t seconds);
  void on_alarm();

  // handshake.cc
  void on_connection_frame(const wire::Frame& frame);
  void on_connection_method(wire::Method method, bytes::Reader& in);
  void fail_state(wire::Method method);
  bool expect_state(State state, wire::Method method);
  void send_start();
  void on_start_ok(const wire::ConnectionStartOk& method);
  void authenticate(std::string user, std::string password, std::function<void(bool)> done);
  void authenticated(const std::string& mechanism, const std::string& user, bool accepted);
  void send_tune();
  void on_tune_ok(const wire::ConnectionTuneOk& method);
  void on_open(const wire::ConnectionOpen& method);
  void on_update_secret(const wire::ConnectionUpdateSecret& method);
  void read_client_properties(wire::FieldTableView properties);

  // connection_close.cc
  void on_close(const wire::ConnectionClose& method);
  void advance_client_close();
  void delete_its_queues();
  void finish_client_close();
  void end_channels();
  void end(const std::string& log_reason);

  broker::Shard& shard_;
  const Options& options_;
  std::unique_ptr<io::Socket> socket_;
  OnClosed on_closed_;
  broker::ConnectionId id_;
  State state_ = State::protocol_header;
  bool paused_ = false;
  bool publishes_ = false;
  bool blocked_ = false;  // connection.blocked was sent, or would have been
  bool wrote_ = false;
  bool received_ = false;
  std::uint32_t frame_max_ = wire::kFrameMinSize;
  std::uint16_t channel_max_ = 0;
  std::uint64_t reads_ = 0;
  base::Timestamp now_;
  std::vector<std::shared_ptr<Channel>> channels_;  // by number; 0 is unused
  Presenter presenter_;

  std::uint64_t unsettled_bytes_ = 0;
  std::uint64_t unsettled_messages_ = 0;
  std::int64_t deferred_bytes_ = 0;
  std::uint64_t assembling_bytes_ = 0;
  std::vector<Withheld> withheld_;
  std::uint64_t alarm_listener_ = 0;

  std::string user_;
  std::string host_;
  catalog::VirtualHost vhost_;  // as it was when the client came
  std::unique_ptr<ConnectionPlaces::Place> place_;
  Client client_;
  std::vector<broker::ObjectId> exclusive_queues_;
  std::size_t still_to_go_ = 0;  // channels and queues, once the client has closed
  bool waits_for_channel_ = false;
  base::Prng names_;

  io::Timer timer_;  // of the handshake, later of the closing handshake
  io::Timer heartbeat_timer_;
  base::Nanos heartbeat_interval_;  // half of what was negotiated
  unsigned silent_intervals_ = 0;
};

}  // namespace millrace::gateway::amqp091
