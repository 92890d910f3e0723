#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/error.h"
#include "broker/shard.h"
#include "model/ids.h"

namespace millrace::gateway::kafka {

class Connection;

/// This process, as the only broker of its cluster.
constexpr std::int32_t kNodeId = 1;
constexpr std::string_view kClusterId = "millrace";

struct NodeAddress {
  std::string host;
  std::uint16_t port = 0;
};
/// The advertised address, or the one this client connected to.
NodeAddress node_address(Connection& connection);

/// Creates a topic with a fresh random topic id.
void create_topic(broker::Shard& shard, model::ObjectId vhost, const std::string& name, std::uint32_t partitions,
                  std::vector<std::pair<std::string, std::string>> settings, broker::Callback<model::ObjectId> done);

/// Most partitions of a topic.
constexpr std::uint32_t kMaxPartitions = 10'000;

}  // namespace millrace::gateway::kafka
