#pragma once

#include <memory>
#include <vector>

#include "amqp_load/confirm_window.h"
#include "amqp_load/link.h"
#include "amqp_load/options.h"
#include "amqp_load/totals.h"

namespace millrace::bench {

/// A publishing connection. Messages are rendered once, copied into the output and given their time of sending.
class Producer {
 public:
  /// `number` says with which queue it begins.
  Producer(const Options& options, Totals& totals, std::uint64_t number);

  Link& link() { return *link_; }
  /// Appends up to `allowed` messages, as many as window and output buffer have room for, and sends.
  /// The answer is how many.
  std::uint64_t fill(std::uint64_t allowed);
  /// Handles confirms. False at the end of the connection.
  bool read();
  std::uint64_t outstanding() const { return confirms_.outstanding(); }

 private:
  struct Rendered {
    bytes::ByteVector frames;
    std::size_t body_at = 0;  // where the body's first octet is
  };

  void select_confirms();
  void render();
  void append_one(std::uint64_t now);

  const Options& options_;
  Totals& totals_;
  std::unique_ptr<Link> link_;
  ConfirmWindow confirms_;
  std::vector<Rendered> rendered_;  // one per queue, or one for the exchange
  bytes::ByteVector block_;         // many copies of the only one, for copying them at once
  std::size_t next_ = 0;
};

}  // namespace millrace::bench
