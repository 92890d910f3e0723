#include "gateway/kafka/gateway.h"

#include <unordered_map>

#include "base/log.h"
#include "gateway/kafka/connection.h"
#include "gateway/kafka/topics.h"

namespace millrace::gateway::kafka {

struct Gateway::State {
  broker::Shard& shard;
  Options options;
  TopicIds topic_ids;
  std::unordered_map<Connection*, std::shared_ptr<Connection>> connections;
  io::Task all_closed;

  void remove(Connection& connection) {
    // The connection is inside one of its own calls: let the loop destroy it.
    auto node = connections.extract(&connection);
    MILLRACE_ASSERT(!node.empty());
    options.connection_count->fetch_sub(1, std::memory_order_relaxed);
    shard.counters().connections.fetch_sub(1, std::memory_order_relaxed);
    shard.loop().post([gone = std::move(node.mapped())] {});
    if (connections.empty() && all_closed) std::exchange(all_closed, nullptr)();
  }
};

Gateway::Gateway(broker::Shard& shard, Options options)
    : state_(std::make_unique<State>(State{shard, std::move(options), TopicIds(shard), {}, {}})) {
  MILLRACE_ASSERT(state_->options.connection_count != nullptr);
  if (state_->options.quotas == nullptr) state_->options.quotas = std::make_shared<QuotaBuckets>();
}

Gateway::~Gateway() = default;

void Gateway::accept(std::unique_ptr<io::Socket> socket) {
  State& state = *state_;
  if (state.options.connection_count->fetch_add(1, std::memory_order_relaxed) >= state.options.max_connections) {
    state.options.connection_count->fetch_sub(1, std::memory_order_relaxed);
    base::log::warning("kafka: refused {}: the limit of {} connections is reached", socket->peer(),
                       state.options.max_connections);
    return;  // destroying the socket closes it
  }
  state.shard.counters().connections.fetch_add(1, std::memory_order_relaxed);
  auto connection = std::make_shared<Connection>(state.shard, state.options, state.topic_ids, std::move(socket),
                                                 [&state](Connection& gone) { state.remove(gone); });
  state.connections.emplace(connection.get(), connection);
  connection->start();
}

std::size_t Gateway::connections() const {
  return state_->connections.size();
}

void Gateway::close_all(io::Task done) {
  if (state_->connections.empty()) return done();
  state_->all_closed = std::move(done);
  std::vector<std::shared_ptr<Connection>> all;
  for (const auto& [key, connection] : state_->connections) all.push_back(connection);
  for (const auto& connection : all) connection->close("the broker is stopping");
}

}  // namespace millrace::gateway::kafka
