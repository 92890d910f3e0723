#pragma once

#include <functional>
#include <string>

#include "base/units.h"
#include "broker/broker.h"
#include "io/http_server.h"

namespace millrace::admin {

/// Load of one shard's loop since it started.
struct LoopLoad {
  std::uint64_t turns = 0;
  base::Nanos busy;
};

/// GET /metrics in the Prometheus text format: rates (as counters), depths, sync time, memory, load per shard. Lives on
/// shard 0's loop; asks every shard for its numbers at each request.
class MetricsPage {
 public:
  /// `load(i)` tells the load of shard i's loop, from any thread.
  MetricsPage(broker::Broker& broker, std::function<LoopLoad(std::size_t)> load);

  void handle(io::HttpRequest request, io::HttpResponder responder);

  /// With more queues than this only their sums are shown.
  static constexpr std::size_t kMaxListedQueues = 1000;

 private:
  broker::Broker& broker_;
  std::function<LoopLoad(std::size_t)> load_;
};

}  // namespace millrace::admin
