#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "server/config.h"

namespace millrace::server {

enum class StartErrc { data_directory, listen };
using StartError = base::ErrorOf<StartErrc>;

/// The composition root of the real program: threads, disk, broker, gateways, listeners.
class Process {
 public:
  explicit Process(const Config& config);
  ~Process();

  /// Recovers the data and opens the ports; blocks. Afterwards clients can connect.
  base::Result<void, StartError> start();
  /// Serves until SIGTERM or SIGINT, then stops: no new connections, answers under way leave, data is closed cleanly.
  void run();

  /// "millrace ready amqp=127.0.0.1:5672 kafka=127.0.0.1:9092 metrics=127.0.0.1:15692"
  std::string ready_line() const;
  /// Where to connect, for a person.
  std::string welcome() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::server
