#pragma once

#include <memory>
#include <vector>

#include "io/socket.h"
#include "testing/sim_wire.h"

namespace millrace::sim {

/// A connection on its way to the loop that adopts it.
class SimPending final : public io::PendingConnection {
 public:
  explicit SimPending(std::shared_ptr<SimConnection> connection) : connection_(std::move(connection)) {}
  ~SimPending() override;
  std::shared_ptr<SimConnection> take() { return std::move(connection_); }

 private:
  std::shared_ptr<SimConnection> connection_;
};

/// A listening port of one simulated loop.
class SimListener final : public io::Listener, private io::LoopNode {
 public:
  SimListener(SimWire& wire, SimLoop& loop, std::uint16_t port, io::AcceptCallback on_accept);
  ~SimListener() override;
  std::uint16_t port() const override { return port_; }
  void offer(std::shared_ptr<SimConnection> connection);

 private:
  void at_turn_end() override {}
  void at_turn_start() override;

  SimWire& wire_;
  SimLoop& loop_;
  std::uint16_t port_;
  io::AcceptCallback on_accept_;
  std::vector<std::unique_ptr<SimPending>> waiting_;
  std::size_t start_slot_ = io::NodeList::kAbsent;
};

/// Network access of one simulated loop. The host of an endpoint does not matter.
class SimNetwork final : public io::Network {
 public:
  SimNetwork(SimWire& wire, SimLoop& loop) : wire_(wire), loop_(loop) {}
  io::Result<std::unique_ptr<io::Listener>> listen(const io::Endpoint& endpoint, io::AcceptCallback on_accept) override;
  std::unique_ptr<io::Socket> adopt(std::unique_ptr<io::PendingConnection> pending) override;
  /// Not counted: simulated peers hold little.
  std::uint64_t held_bytes() const override { return 0; }

 private:
  SimWire& wire_;
  SimLoop& loop_;
};

}  // namespace millrace::sim
