#pragma once

// Internal to the simulated network.
#include <memory>
#include <string>

#include "bytes/view.h"
#include "testing/sim_wire.h"

namespace millrace::sim {

class SimSocket;

/// Bytes in order, taken from the front.
class ByteQueue {
 public:
  bool empty() const { return head_ == bytes_.size(); }
  std::size_t size() const { return bytes_.size() - head_; }
  bytes::ByteView view() const { return bytes::ByteView(bytes_).subspan(head_); }
  void append(bytes::ByteView data) { bytes_.insert(bytes_.end(), data.begin(), data.end()); }
  void drop(std::size_t count);
  void truncate(std::size_t size) { bytes_.resize(head_ + size); }
  void clear() { bytes_.clear(), head_ = 0; }

 private:
  bytes::ByteVector bytes_;
  std::size_t head_ = 0;
};

/// One connection: what is on its way in both directions, and who is at its ends. An end that is gone is null.
class SimConnection final : public std::enable_shared_from_this<SimConnection> {
 public:
  /// What arrived at the server and was not read by it; the client's bytes then wait.
  static constexpr std::size_t kReceiveWindow = std::size_t{256} << 10;

  SimConnection(SimWire& wire, std::uint64_t id, std::uint16_t port, bool from_loopback);

  std::uint64_t id() const { return id_; }
  std::string client_name() const;
  std::string server_name() const;
  bool from_loopback() const { return from_loopback_; }
  bool alive() const { return client_ != nullptr || server_ != nullptr || pending_; }

  void set_client(SimClient* client) { client_ = client; }
  void client_send(bytes::ByteView data);
  void client_pause(bool paused);
  void client_close();
  void client_reset();
  std::size_t to_server_size() const { return to_server_.bytes.size(); }

  /// Offers the connection to whoever listens.
  void arrive();
  /// The accepted connection was dropped before it became a socket.
  void refuse(const std::string& reason);
  void set_server(SimSocket* server);
  std::size_t server_room() const;
  void server_send(bytes::ByteView data);
  /// The server sends no more: the client sees the end after all output.
  void server_finish();
  /// The server's socket was destroyed; with unread input the client sees a reset, as with a real one.
  void server_gone(bool unread_input);
  /// The server read input: more may arrive.
  void server_read() { schedule(to_server_); }

  /// Both sides see a reset; of what is under way a random part arrives before.
  void break_now();
  void server_machine_stopped();

 private:
  struct Pipe {
    ByteQueue bytes;
    bool finished = false;   // nothing follows the bytes
    std::string end_reason;  // told with the end
    bool ended = false;      // the end was told
    bool scheduled = false;
    io::Timer timer;
  };
  void schedule(Pipe& pipe);
  void deliver(Pipe& pipe);
  void deliver_to_server();
  void deliver_to_client();
  void finish(Pipe& pipe, const std::string& reason);
  void cut_at_random(Pipe& pipe);
  std::size_t next_chunk(std::size_t available);
  void forget_if_dead();

  SimWire& wire_;
  SimWorld& world_;
  std::uint64_t id_;
  std::uint16_t port_;
  bool from_loopback_;
  std::size_t window_;
  bool pending_ = true;  // not accepted yet
  bool client_paused_ = false;
  SimClient* client_ = nullptr;
  SimSocket* server_ = nullptr;
  Pipe to_server_;
  Pipe to_client_;
  io::Timer arrival_;
};

}  // namespace millrace::sim
