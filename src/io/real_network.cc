#include "io/real_network.h"

#include <utility>

#include "base/assert.h"
#include "io/real_listener.h"
#include "io/real_socket.h"

namespace millrace::io {

RealNetwork::RealNetwork(RealLoop& loop) : loop_(loop), buffers_(std::make_shared<SharedBuffers>()) {}
RealNetwork::~RealNetwork() = default;

Result<std::unique_ptr<Listener>> RealNetwork::listen(const Endpoint& endpoint, AcceptCallback on_accept) {
  return RealListener::open(loop_, endpoint, std::move(on_accept));
}

std::unique_ptr<Socket> RealNetwork::adopt(std::unique_ptr<PendingConnection> pending) {
  auto* real = dynamic_cast<RealPending*>(pending.get());
  MILLRACE_ASSERT(real != nullptr, "a connection of another kind of network");
  return std::make_unique<RealSocket>(loop_, buffers_, real->release(), real->peer());
}

std::uint64_t RealNetwork::held_bytes() const {
  return buffers_->held;
}

}  // namespace millrace::io
