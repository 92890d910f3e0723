#pragma once

#include <memory>

#include "io/real_loop.h"
#include "io/socket.h"

namespace millrace::io {

struct SharedBuffers;

/// The system's TCP for one loop. Sockets and listeners may outlive it, but not the loop.
class RealNetwork final : public Network {
 public:
  explicit RealNetwork(RealLoop& loop);
  ~RealNetwork() override;

  /// Host names are resolved, blocking: only at start-up. A name with several addresses is listened on at all of them.
  Result<std::unique_ptr<Listener>> listen(const Endpoint& endpoint, AcceptCallback on_accept) override;
  std::unique_ptr<Socket> adopt(std::unique_ptr<PendingConnection> pending) override;
  std::uint64_t held_bytes() const override;

 private:
  RealLoop& loop_;
  std::shared_ptr<SharedBuffers> buffers_;
};

}  // namespace millrace::io
