#include "gateway/kafka/node.h"

#include <openssl/rand.h>

#include <charconv>

#include "gateway/kafka/connection.h"

namespace millrace::gateway::kafka {

NodeAddress node_address(Connection& connection) {
  const Options& options = connection.options();
  if (!options.advertise_host.empty()) return {options.advertise_host, options.advertise_port};
  const std::string local = connection.socket().local();
  const std::size_t colon = local.rfind(':');
  NodeAddress address;
  address.host = local.substr(0, colon);
  if (address.host.size() > 2 && address.host.front() == '[')
    address.host = address.host.substr(1, address.host.size() - 2);
  if (colon != std::string::npos) {
    std::from_chars(local.data() + colon + 1, local.data() + local.size(), address.port);
  }
  return address;
}

void create_topic(broker::Shard& shard, model::ObjectId vhost, const std::string& name, std::uint32_t partitions,
                  std::vector<std::pair<std::string, std::string>> settings, broker::Callback<model::ObjectId> done) {
  catalog::Topic topic;
  topic.vhost = vhost;
  topic.name = name;
  topic.settings = std::move(settings);
  const int filled = RAND_bytes(topic.topic_id.data(), static_cast<int>(topic.topic_id.size()));
  MILLRACE_ASSERT(filled == 1, "the system gives no random numbers");
  shard.topology().create_topic(std::move(topic), partitions, std::move(done));
}

}  // namespace millrace::gateway::kafka
