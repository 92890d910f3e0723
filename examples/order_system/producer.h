#pragma once

#include <cstdint>
#include <vector>

#include "order_system/session.h"

namespace order_system {

/// Places orders and waits until both services have answered each of them. Orders that the broker did not confirm are
/// published again after reconnecting; the services recognise repetitions by the order's id.
class Producer {
 public:
  explicit Producer(const Settings& settings);

  /// True when every order was confirmed and answered twice.
  bool run();

 private:
  struct Progress {
    bool confirmed = false;
    bool reserved = false;
    bool paid = false;
  };

  /// Works until all is done, or the session breaks.
  client::Result<void> work(Session& session);
  client::Result<void> place(client::Channel& channel, std::uint64_t number);
  client::Result<void> place_more(client::Channel& channel);
  void take_reply(const client::Delivery& delivery);
  bool done() const { return confirmed_ == orders_.size() && answers_ == 2 * orders_.size(); }
  void show_progress(bool now);
  void write_statistics() const;

  const Settings& settings_;
  std::vector<Progress> orders_;
  std::vector<std::uint64_t> placed_;  // order number of each sequence number of this session
  std::uint64_t next_ = 0;
  std::uint64_t confirmed_ = 0;
  std::uint64_t answers_ = 0;
  std::uint64_t repeated_answers_ = 0;
  std::uint64_t republished_ = 0;
  std::uint64_t sessions_ = 0;
  double began_ = 0;
  double last_shown_ = 0;
};

}  // namespace order_system
