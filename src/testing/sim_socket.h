#pragma once

#include <memory>
#include <string>

#include "io/output_queue.h"
#include "io/socket.h"
#include "testing/sim_connection.h"

namespace millrace::sim {

/// The server's end of a simulated connection. It behaves as io::RealSocket does, seen from the handler.
class SimSocket final : public io::Socket, private io::LoopNode {
 public:
  static constexpr base::Nanos kFlushLimit{5'000'000'000};
  static constexpr base::Nanos kLingerLimit{1'000'000'000};

  SimSocket(SimLoop& loop, std::shared_ptr<SimConnection> connection);
  ~SimSocket() override;

  void start(io::SocketHandler* handler) override;
  bytes::ByteVector& output() override;
  void output_shared(bytes::SlabView part) override;
  std::size_t pending_output() const override { return output_.pending(); }
  void pause_reading() override { paused_ = true; }
  void resume_reading() override;
  void close_after_flush() override;
  std::string peer() const override { return connection_->client_name(); }
  std::string local() const override { return connection_->server_name(); }
  bool peer_is_loopback() const override { return connection_->from_loopback(); }

  // Called by the connection.
  void arrived(bytes::ByteView data);
  std::size_t unread() const { return input_.size(); }
  /// The peer sends no more (empty reason) or the connection broke.
  void peer_ended(const std::string& reason);
  void writable() { loop_.want_turn_end(this, end_slot_); }

 private:
  void at_turn_start() override;
  void at_turn_end() override;
  /// False when the handler destroyed this socket.
  bool deliver();
  void end(const std::string& reason);

  SimLoop& loop_;
  std::shared_ptr<SimConnection> connection_;
  io::SocketHandler* handler_ = nullptr;
  io::BufferPool pool_;
  io::OutputQueue output_;
  ByteQueue input_;
  std::string peer_reason_;
  std::string end_reason_;
  io::Timer limit_;
  bool* destroyed_ = nullptr;
  std::size_t end_slot_ = io::NodeList::kAbsent;
  std::size_t start_slot_ = io::NodeList::kAbsent;
  bool fresh_ = false;  // input that the handler has not seen, or is to see again
  bool paused_ = false;
  bool peer_ended_ = false;
  bool above_high_water_ = false;
  bool drained_ = false;
  bool closing_ = false;
  bool sending_ended_ = false;
  bool ended_ = false;
};

}  // namespace millrace::sim
