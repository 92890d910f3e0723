#pragma once

#include <memory>
#include <optional>

#include "io/address.h"
#include "io/descriptor_watch.h"
#include "io/output_queue.h"
#include "io/read_share.h"
#include "io/socket.h"

namespace millrace::io {

/// What all sockets of one loop share.
struct SharedBuffers {
  /// Room for one read and what is kept from before.
  static constexpr std::size_t kReadSize = std::size_t{512} << 10;
  ReadShare read_share;
  BufferPool output;
  std::uint64_t held = 0;  // input and output of all sockets
  bytes::ByteVector read = bytes::ByteVector(kReadSize);
};

/// A connection that was accepted but belongs to no loop yet. Owns the descriptor.
class RealPending final : public PendingConnection {
 public:
  RealPending(int fd, Address peer) : fd_(fd), peer_(peer) {}
  ~RealPending() override;
  RealPending(const RealPending&) = delete;
  RealPending& operator=(const RealPending&) = delete;
  int release();
  const Address& peer() const { return peer_; }

 private:
  int fd_;
  Address peer_;
};

/// A TCP connection. Reads at most once per turn, into the loop's buffer; only what the handler leaves is kept
/// here. Everything that calls the handler happens among a turn's events.
class RealSocket final : public Socket, private LoopNode, private ReadyHandler {
 public:
  /// How long a closing connection may take to send its output, and then to close its side.
  static constexpr base::Nanos kFlushLimit{5'000'000'000};
  static constexpr base::Nanos kLingerLimit{1'000'000'000};

  RealSocket(RealLoop& loop, std::shared_ptr<SharedBuffers> buffers, int fd, const Address& peer);
  ~RealSocket() override;
  RealSocket(const RealSocket&) = delete;
  RealSocket& operator=(const RealSocket&) = delete;

  void start(SocketHandler* handler) override;
  bytes::ByteVector& output() override;
  void output_shared(bytes::SlabView part) override;
  std::size_t pending_output() const override { return output_.pending(); }
  void pause_reading() override { paused_ = true; }
  void resume_reading() override;
  void close_after_flush() override;
  std::string peer() const override { return peer_.to_string(); }
  std::string local() const override { return local_.to_string(); }
  bool peer_is_loopback() const override { return peer_.is_loopback(); }

 private:
  void on_readable() override;
  void on_writable() override;
  void at_turn_end() override;
  void at_turn_start() override;

  /// Both return false when the handler destroyed this socket.
  bool deliver(bytes::ByteView data, bool is_leftover);
  bool call(void (*what)(RealSocket&));
  void discard_input();
  void keep(bytes::ByteView rest);
  void flush();
  void count_held();
  void write_failed(int error_number);
  /// Notes the end; the handler is told at the start of the next turn.
  void end(std::string reason);
  bool wants_input() const { return handler_ != nullptr && !ended_ && !at_end_of_input_ && (closing_ || !paused_); }

  RealLoop& loop_;
  std::shared_ptr<SharedBuffers> buffers_;
  std::optional<DescriptorWatch> watch_;  // empty once the connection ended
  Address peer_;
  Address local_;
  SocketHandler* handler_ = nullptr;
  OutputQueue output_;
  bytes::ByteVector leftover_;
  std::string end_reason_;
  Timer limit_;
  bool* destroyed_ = nullptr;  // set by the destructor while a handler's call is on the stack
  std::size_t end_slot_ = NodeList::kAbsent;
  std::size_t start_slot_ = NodeList::kAbsent;
  bool paused_ = false;
  bool replay_ = false;  // show the leftover again although nothing new came
  bool above_high_water_ = false;
  std::size_t counted_ = 0;     // this socket's share of SharedBuffers::held
  bool drained_ = false;        // on_drained is due
  bool closing_ = false;        // close_after_flush was called
  bool sending_ended_ = false;  // everything is flushed and our side is shut down
  bool at_end_of_input_ = false;
  bool ended_ = false;  // on_closed is due or done
};

}  // namespace millrace::io
