#pragma once

#include <memory>
#include <vector>

#include "io/address.h"
#include "io/real_loop.h"
#include "io/socket.h"

namespace millrace::io {

/// Listens on one or more addresses with the same port.
class RealListener final : public Listener {
 public:
  /// Binds to every address of the endpoint.
  static Result<std::unique_ptr<Listener>> open(RealLoop& loop, const Endpoint& endpoint, AcceptCallback on_accept);
  ~RealListener() override;

  std::uint16_t port() const override { return port_; }

 private:
  class Acceptor;
  explicit RealListener(AcceptCallback on_accept);

  AcceptCallback on_accept_;
  std::uint16_t port_ = 0;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  bool* destroyed_ = nullptr;
};

}  // namespace millrace::io
