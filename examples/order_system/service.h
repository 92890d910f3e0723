#pragma once

#include <string>
#include <vector>

#include "order_system/ledger.h"
#include "order_system/session.h"

namespace order_system {

/// A service with a queue and a ledger of its own name, "inventory" or "payment". For each order it does its work once,
/// answers, and acknowledges the order only when its ledger is on the disk and the broker has the answer. Killed
/// anywhere in between, it gets the order again and recognises it.
class Service {
 public:
  Service(const Settings& settings, std::string name);

  /// Serves until the program is to stop.
  void run();

 private:
  client::Result<void> work(Session& session);
  /// Handles what is there, up to a whole batch, with one sync and one wait for confirms.
  client::Result<void> handle_batch(client::Channel& channel);
  client::Result<void> answer(client::Channel& channel, const client::Delivery& delivery);

  const Settings& settings_;
  std::string name_;
  Ledger ledger_;
  std::vector<client::Delivery> batch_;
};

}  // namespace order_system
