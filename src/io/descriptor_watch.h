#pragma once

#include <memory>

#include "io/real_loop.h"

namespace millrace::io {

/// Told that a descriptor is ready, among the events of a turn.
class ReadyHandler {
 public:
  virtual ~ReadyHandler() = default;
  virtual void on_readable() = 0;
  virtual void on_writable() = 0;
};

/// Owns a non-blocking descriptor and says when it is ready: what sockets need from Asio, and all they need of it.
/// Belongs to its loop's thread. Internal to this module.
class DescriptorWatch {
 public:
  /// Takes `fd`; it is closed by the destructor.
  DescriptorWatch(RealLoop& loop, int fd, ReadyHandler* handler);
  ~DescriptorWatch();
  DescriptorWatch(const DescriptorWatch&) = delete;
  DescriptorWatch& operator=(const DescriptorWatch&) = delete;

  int fd() const;
  /// One call of the handler when the descriptor is, or becomes, readable; nothing if already asked for. Readiness that
  /// lasts is reported again only after asking again: do that at the end of a turn.
  void wait_readable();
  void wait_writable();

 private:
  struct State;
  struct Impl;
  template <bool kWritable>
  struct Waiter;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace::io
