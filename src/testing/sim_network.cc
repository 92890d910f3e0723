#include "testing/sim_network.h"

#include <fmt/format.h>

#include <utility>

#include "base/assert.h"
#include "testing/sim_connection.h"
#include "testing/sim_socket.h"

namespace millrace::sim {

SimPending::~SimPending() {
  if (connection_) connection_->refuse("");
}

SimListener::SimListener(SimWire& wire, SimLoop& loop, std::uint16_t port, io::AcceptCallback on_accept)
    : wire_(wire), loop_(loop), port_(port), on_accept_(std::move(on_accept)) {
  wire_.listeners_[port] = this;
}

SimListener::~SimListener() {
  wire_.listeners_.erase(port_);
  loop_.forget_turn_start(start_slot_);
}

void SimListener::offer(std::shared_ptr<SimConnection> connection) {
  waiting_.push_back(std::make_unique<SimPending>(std::move(connection)));
  loop_.want_turn_start(this, start_slot_);
}

void SimListener::at_turn_start() {
  auto waiting = std::exchange(waiting_, {});
  for (auto& pending : waiting) on_accept_(std::move(pending));
}

io::Result<std::unique_ptr<io::Listener>> SimNetwork::listen(const io::Endpoint& endpoint,
                                                             io::AcceptCallback on_accept) {
  std::uint16_t port = endpoint.port;
  while (port == 0) {
    if (!wire_.listeners_.contains(wire_.next_port_)) port = wire_.next_port_;
    ++wire_.next_port_;
  }
  if (wire_.listeners_.contains(port)) {
    return base::fail(io::IoErrc::in_use,
                      fmt::format("cannot listen on {}:{}: Address already in use", endpoint.host, port));
  }
  return std::unique_ptr<io::Listener>(std::make_unique<SimListener>(wire_, loop_, port, std::move(on_accept)));
}

std::unique_ptr<io::Socket> SimNetwork::adopt(std::unique_ptr<io::PendingConnection> pending) {
  auto* sim = dynamic_cast<SimPending*>(pending.get());
  MILLRACE_ASSERT(sim != nullptr, "a connection of another kind of network");
  return std::make_unique<SimSocket>(loop_, sim->take());
}

}  // namespace millrace::sim
