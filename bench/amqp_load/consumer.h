#pragma once

#include <memory>

#include "amqp_load/link.h"
#include "amqp_load/options.h"
#include "amqp_load/totals.h"

namespace millrace::bench {

/// A consuming connection, for every `consumers`-th of the queues, beginning with `number`.
class Consumer {
 public:
  Consumer(const Options& options, Totals& totals, std::uint64_t number);

  Link& link() { return *link_; }
  /// Handles deliveries and acknowledges them. False at the end of the connection.
  bool read();

 private:
  void take_method(const wire::Frame& frame);
  void take_body(const wire::Frame& frame);
  void finish_message();
  void append_ack(std::uint64_t tag, bool multiple);

  const Options& options_;
  Totals& totals_;
  std::unique_ptr<Link> link_;
  std::uint64_t now_ = 0;
  std::uint64_t tag_ = 0;
  std::uint64_t body_left_ = 0;
  bool body_began_ = false;
  std::uint64_t unacked_ = 0;
};

}  // namespace millrace::bench
