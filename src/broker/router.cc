#include "broker/router.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <string>
#include <unordered_map>

#include "broker/exchange_types.h"

namespace millrace::broker {

namespace {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

// More distinct keys than this are not remembered: the cache starts anew.
constexpr std::size_t kCachedRoutes = 10'000;

/// Routes of one exchange, by routing key.
using RouteCache = std::unordered_map<std::string, std::unique_ptr<Route>, TextHash, std::equal_to<>>;

}  // namespace

struct Router::Tables {
  const catalog::State& catalog;
  boost::unordered_flat_map<std::uint64_t, std::unique_ptr<ExchangeRoutes>> exchanges;
  boost::unordered_flat_map<std::uint64_t, RouteCache> caches;
  std::uint64_t next_route = 1;
  // The last answer: publishers tend to repeat themselves.
  ObjectId last_exchange{0};
  std::string last_key;
  const Route* last_route = nullptr;

  explicit Tables(const catalog::State& state) : catalog(state) {}

  void forget_routes() {
    caches.clear();
    last_route = nullptr;
  }
  ExchangeRoutes* routes_of(const catalog::Exchange& exchange);
  void add(const catalog::Binding& binding);
  void collect(const catalog::Exchange& exchange, std::string_view key, std::vector<ObjectId>& queues,
               std::vector<ObjectId>& visited);
  std::unique_ptr<Route> compute(const catalog::Exchange& exchange, std::string_view key);
};

ExchangeRoutes* Router::Tables::routes_of(const catalog::Exchange& exchange) {
  auto& slot = exchanges[exchange.id.value];
  if (slot == nullptr) {
    slot = make_exchange_routes(exchange.type);
    for (const catalog::Binding* binding : catalog.bindings_of_source(exchange.id)) {
      slot->add(binding->routing_key, {binding->destination.kind, binding->destination.id});
    }
  }
  return slot.get();
}

void Router::Tables::collect(const catalog::Exchange& exchange, std::string_view key, std::vector<ObjectId>& queues,
                             std::vector<ObjectId>& visited) {
  if (std::find(visited.begin(), visited.end(), exchange.id) != visited.end()) return;
  visited.push_back(exchange.id);
  if (exchange.name.empty()) {
    // The default exchange: every queue is bound to it by its name.
    if (const catalog::Queue* queue = catalog.find_queue(exchange.vhost, key)) queues.push_back(queue->id);
    return;
  }
  std::vector<Destination> destinations;
  routes_of(exchange)->match(key, destinations);
  for (const Destination& destination : destinations) {
    if (destination.kind == catalog::DestinationKind::queue) {
      queues.push_back(destination.id);
    } else if (const catalog::Exchange* next = catalog.find_exchange(destination.id)) {
      collect(*next, key, queues, visited);
    }
  }
  if (destinations.empty() && !exchange.alternate_exchange.empty()) {
    const catalog::Exchange* next = catalog.find_exchange(exchange.vhost, exchange.alternate_exchange);
    if (next != nullptr) collect(*next, key, queues, visited);
  }
}

std::unique_ptr<Route> Router::Tables::compute(const catalog::Exchange& exchange, std::string_view key) {
  std::vector<ObjectId> queues;
  std::vector<ObjectId> visited;
  collect(exchange, key, queues, visited);
  std::sort(queues.begin(), queues.end());
  queues.erase(std::unique(queues.begin(), queues.end()), queues.end());
  auto route = std::make_unique<Route>();
  route->id = next_route++;
  for (const ObjectId id : queues) {
    const catalog::Queue* queue = catalog.find_queue(id);
    if (queue == nullptr) continue;
    route->queues.push_back({queue->id, queue->shard});
    route->shards |= std::uint64_t{1} << queue->shard.value;
  }
  return route;
}

Router::Router(const catalog::State& catalog) : tables_(std::make_unique<Tables>(catalog)) {}

Router::~Router() = default;

const Route& Router::route(const catalog::Exchange& exchange, std::string_view routing_key) {
  Tables& t = *tables_;
  if (t.last_route != nullptr && t.last_exchange == exchange.id && t.last_key == routing_key) return *t.last_route;
  RouteCache& cache = t.caches[exchange.id.value];
  auto it = cache.find(routing_key);
  if (it == cache.end()) {
    if (cache.size() >= kCachedRoutes) {
      cache.clear();
      t.last_route = nullptr;
    }
    it = cache.emplace(std::string(routing_key), t.compute(exchange, routing_key)).first;
  }
  t.last_exchange = exchange.id;
  t.last_key.assign(routing_key);
  t.last_route = it->second.get();
  return *t.last_route;
}

void Router::apply(const std::vector<catalog::Command>& commands) {
  Tables& t = *tables_;
  for (const catalog::Command& command : commands) {
    if (const auto* bind = std::get_if<catalog::Bind>(&command)) {
      const auto it = t.exchanges.find(bind->binding.source.value);
      if (it != t.exchanges.end()) {
        it->second->add(bind->binding.routing_key, {bind->binding.destination.kind, bind->binding.destination.id});
      }
    } else if (const auto* unbind = std::get_if<catalog::Unbind>(&command)) {
      const auto it = t.exchanges.find(unbind->binding.source.value);
      if (it != t.exchanges.end()) {
        it->second->remove(unbind->binding.routing_key,
                           {unbind->binding.destination.kind, unbind->binding.destination.id});
      }
    } else if (const auto* deleted = std::get_if<catalog::DeleteQueue>(&command)) {
      for (auto& [id, routes] : t.exchanges) routes->remove_destination(deleted->id);
    } else if (const auto* gone = std::get_if<catalog::DeleteExchange>(&command)) {
      t.exchanges.erase(gone->id.value);
      for (auto& [id, routes] : t.exchanges) routes->remove_destination(gone->id);
    }
  }
  t.forget_routes();
}

}  // namespace millrace::broker
