#include "broker/router.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <string>
#include <unordered_map>

#include "base/text_hash.h"
#include "broker/policies.h"
#include "bytes/murmur2.h"

namespace millrace::broker {

namespace {

// More ways, or sets of queues, than this are not remembered: the memory starts anew.
constexpr std::size_t kRememberedWays = 100'000;
constexpr std::size_t kRememberedRoutes = 100'000;

/// Where the keys of one exchange lead.
using Ways = std::unordered_map<std::string, const Route*, base::TextHash, std::equal_to<>>;

/// A route is known by its queues.
struct RouteHash {
  using is_transparent = void;
  std::size_t operator()(std::span<const QueueRef> queues) const {
    std::uint64_t hash = queues.size();
    for (const QueueRef& queue : queues) {
      hash = (hash ^ queue.queue.value) * 0x9E3779B97F4A7C15ULL;
      hash ^= hash >> 32;
    }
    return static_cast<std::size_t>(hash);
  }
  std::size_t operator()(const std::unique_ptr<Route>& route) const { return (*this)(std::span(route->queues)); }
};
struct RouteEqual {
  using is_transparent = void;
  static std::span<const QueueRef> view(std::span<const QueueRef> queues) { return queues; }
  static std::span<const QueueRef> view(const std::unique_ptr<Route>& route) { return route->queues; }
  bool operator()(const auto& a, const auto& b) const { return std::ranges::equal(view(a), view(b)); }
};

}  // namespace

struct Router::Tables {
  struct Node {
    std::unique_ptr<ExchangeRoutes> routes;
    Ways ways;
    /// Exchanges with ways through this one; stale ones do no harm.
    boost::unordered_flat_set<std::uint64_t> users;
  };

  const catalog::State& catalog;
  Policies* policies;
  boost::unordered_flat_map<std::uint64_t, std::unique_ptr<Node>> nodes;
  boost::unordered_flat_set<std::unique_ptr<Route>, RouteHash, RouteEqual> routes;
  std::size_t ways = 0;
  std::uint64_t next_route = 1;
  // Exchanges with ways that ended at a name that did not exist.
  boost::unordered_flat_set<std::uint64_t> unresolved;
  // The last answer: publishers tend to repeat themselves.
  ObjectId last_exchange{0};
  std::string last_key;
  const Route* last_route = nullptr;
  // Of the walk under way; reused.
  struct Walk {
    std::vector<const catalog::Exchange*> waiting;
    boost::unordered_flat_set<std::uint64_t> seen;
    std::vector<Destination> destinations;
    std::vector<QueueRef> queues;
    model::HeaderList headers;
    // Exchanges that have matched the message and do so once, however many keys it has.
    std::vector<std::uint64_t> matched;
    /// Chooses partitions.
    bytes::ByteView record_key;
    bool keyed = false;
    bool repeatable = true;
    bool unresolved = false;
    bool has_topics = false;
    bool spreads = false;
  } walk;

  Tables(const catalog::State& state, Policies* rules) : catalog(state), policies(rules) {}

  Node& node(ObjectId exchange) {
    auto& slot = nodes[exchange.value];
    if (slot == nullptr) slot = std::make_unique<Node>();
    return *slot;
  }
  ExchangeRoutes& routes_of(const catalog::Exchange& exchange);
  void forget_all();
  void forget_ways(Node& node) {
    ways -= node.ways.size();
    node.ways.clear();
    last_route = nullptr;
  }
  /// The exchange's bindings, or what they lead to, have changed.
  void touch(ObjectId exchange);
  void enter(const catalog::Exchange* exchange);
  void visit(const catalog::Exchange& exchange, MatchInput& input);
  void add(const Destination& destination, std::string_view key);
  void add(const catalog::Queue& queue, std::string_view key);
  void add(const catalog::Topic* topic, std::string_view key);
  /// Adds what the key leads to, to the walk's queues.
  void collect(const catalog::Exchange& exchange, std::string_view key, const MessageFacts* facts);
  void begin(const MessageFacts* facts) {
    walk.queues.clear();
    walk.matched.clear();
    walk.has_topics = false;
    walk.spreads = false;
    const auto key = facts == nullptr ? std::nullopt : facts->record_key();
    walk.keyed = key.has_value();
    walk.record_key = key.value_or(bytes::ByteView{});
  }
  /// What was found for other messages need not be right for one with a key of its own.
  static bool fits(const Route& route, const MessageFacts* facts) {
    return !route.spreads || facts == nullptr || !facts->record_key().has_value();
  }
  const Route* intern();
  const Route& find(const catalog::Exchange& exchange, std::string_view key, const MessageFacts* facts);
  void name_changed(ObjectId vhost, std::string_view name);
  void bind(const catalog::Binding& binding);
  void unbind(const catalog::Binding& binding);
};

ExchangeRoutes& Router::Tables::routes_of(const catalog::Exchange& exchange) {
  Node& at = node(exchange.id);
  if (at.routes == nullptr) {
    at.routes = make_exchange_routes(exchange);
    for (const catalog::Binding* binding : catalog.bindings_of_source(exchange.id)) at.routes->add(*binding);
  }
  return *at.routes;
}

void Router::Tables::forget_all() {
  nodes.clear();
  ways = 0;
  unresolved.clear();
  last_route = nullptr;
}

void Router::Tables::touch(ObjectId exchange) {
  const auto it = nodes.find(exchange.value);
  if (it == nodes.end()) return;
  for (const std::uint64_t user : it->second->users) {
    if (const auto found = nodes.find(user); found != nodes.end()) forget_ways(*found->second);
  }
  it->second->users.clear();
}

// ---- Walking

void Router::Tables::enter(const catalog::Exchange* exchange) {
  if (walk.seen.insert(exchange->id.value).second) walk.waiting.push_back(exchange);
}

void Router::Tables::visit(const catalog::Exchange& exchange, MatchInput& input) {
  if (exchange.name.empty()) {
    // The default exchange: every queue is bound to it by its name, and every topic whose name no queue has.
    if (const catalog::Queue* queue = catalog.find_queue(exchange.vhost, input.key())) {
      add(*queue, input.key());
    } else {
      add(catalog.find_topic(exchange.vhost, input.key()), input.key());
    }
    return;
  }
  ExchangeRoutes& bindings = routes_of(exchange);
  walk.repeatable = walk.repeatable && bindings.repeatable();
  if (!bindings.by_key()) {
    if (std::ranges::find(walk.matched, exchange.id.value) != walk.matched.end()) return;
    walk.matched.push_back(exchange.id.value);
  }
  walk.destinations.clear();
  bindings.match(input, walk.destinations);
  for (const Destination& destination : walk.destinations) add(destination, input.key());
  if (!walk.destinations.empty()) return;
  const std::string alternate = policies == nullptr ? exchange.alternate_exchange : policies->alternate_of(exchange);
  if (alternate.empty()) return;
  const catalog::Exchange* next = catalog.find_exchange(exchange.vhost, alternate);
  if (next != nullptr) {
    enter(next);
  } else {
    walk.unresolved = true;
  }
}

void Router::Tables::add(const Destination& destination, std::string_view key) {
  switch (destination.kind) {
    case catalog::DestinationKind::queue:
      if (const catalog::Queue* queue = catalog.find_queue(destination.id)) add(*queue, key);
      return;
    case catalog::DestinationKind::exchange:
      if (const catalog::Exchange* next = catalog.find_exchange(destination.id)) enter(next);
      return;
    case catalog::DestinationKind::topic:
      return add(catalog.find_topic(destination.id), key);
  }
}

void Router::Tables::add(const catalog::Queue& queue, std::string_view key) {
  if (queue.source.has_value()) return add(catalog.find_topic(queue.source->topic), key);
  walk.queues.push_back({queue.id, queue.shard});
}

void Router::Tables::add(const catalog::Topic* topic, std::string_view key) {
  if (topic == nullptr) return;
  const std::size_t count = topic->partitions.size();
  const std::uint32_t hash = bytes::murmur2(walk.keyed ? walk.record_key : bytes::as_bytes(key)) & 0x7fffffff;
  const catalog::Partition& chosen = topic->partitions[hash % count];
  walk.queues.push_back({ObjectId(chosen.log.value), chosen.shard});
  walk.has_topics = true;
  walk.spreads = walk.spreads || count > 1;
}

/// Breadth first, each exchange once: neither circles nor long chains hurt.
void Router::Tables::collect(const catalog::Exchange& exchange, std::string_view key, const MessageFacts* facts) {
  MatchInput input(key, facts, walk.headers);
  walk.seen.clear();
  walk.waiting.clear();
  walk.repeatable = true;
  walk.unresolved = false;
  enter(&exchange);
  for (std::size_t i = 0; i < walk.waiting.size(); ++i) visit(*walk.waiting[i], input);
}

const Route* Router::Tables::intern() {
  auto& queues = walk.queues;
  std::ranges::sort(queues, {}, &QueueRef::queue);
  queues.erase(std::ranges::unique(queues).begin(), queues.end());
  const std::span<const QueueRef> key(queues);
  if (const auto it = routes.find(key); it != routes.end()) {
    (*it)->spreads = walk.spreads;  // a topic may have got more partitions
    return it->get();
  }
  if (routes.size() >= kRememberedRoutes) {
    for (auto& [id, at] : nodes) forget_ways(*at);
    routes.clear();
  }
  auto route = std::make_unique<Route>();
  route->id = next_route++;
  route->queues = queues;
  route->has_topics = walk.has_topics;
  route->spreads = walk.spreads;
  for (const QueueRef& queue : queues) route->shards |= std::uint64_t{1} << queue.shard.value;
  return routes.insert(std::move(route)).first->get();
}

const Route& Router::Tables::find(const catalog::Exchange& exchange, std::string_view key, const MessageFacts* facts) {
  const auto at = nodes.find(exchange.id.value);
  if (at != nodes.end()) {
    const auto known = at->second->ways.find(key);
    if (known != at->second->ways.end() && fits(*known->second, facts)) {
      walk.repeatable = true;
      return *known->second;
    }
  }
  begin(facts);
  collect(exchange, key, facts);
  walk.repeatable = walk.repeatable && !(walk.keyed && walk.spreads);
  if (!walk.repeatable) return *intern();
  if (ways >= kRememberedWays) {
    for (auto& [id, each] : nodes) forget_ways(*each);
  }
  const Route* route = intern();
  if (node(exchange.id).ways.emplace(key, route).second) ++ways;
  for (const catalog::Exchange* passed : walk.waiting) node(passed->id).users.insert(exchange.id.value);
  if (walk.unresolved) unresolved.insert(exchange.id.value);
  return *route;
}

// ---- Changes

/// A queue or a topic of this name comes or goes.
void Router::Tables::name_changed(ObjectId vhost, std::string_view name) {
  const catalog::Exchange* exchange = catalog.find_exchange(vhost, "");
  if (exchange == nullptr) return;
  const auto it = nodes.find(exchange->id.value);
  if (it == nodes.end()) return;
  for (const std::uint64_t user : it->second->users) {
    const auto found = nodes.find(user);
    if (found == nodes.end()) continue;
    auto& keys = found->second->ways;
    if (const auto way = keys.find(name); way != keys.end()) {
      keys.erase(way);
      --ways;
      last_route = nullptr;
    }
  }
}

void Router::Tables::bind(const catalog::Binding& binding) {
  const auto it = nodes.find(binding.source.value);
  if (it == nodes.end()) return;
  if (it->second->routes != nullptr) it->second->routes->add(binding);
  touch(binding.source);
}

void Router::Tables::unbind(const catalog::Binding& binding) {
  const auto it = nodes.find(binding.source.value);
  if (it == nodes.end()) return;
  if (it->second->routes != nullptr) it->second->routes->remove(binding);
  touch(binding.source);
}

Router::Router(const catalog::State& catalog, Policies* policies)
    : tables_(std::make_unique<Tables>(catalog, policies)) {}

Router::~Router() = default;

const Route& Router::route(const catalog::Exchange& exchange, std::string_view routing_key, const MessageFacts* facts) {
  Tables& t = *tables_;
  if (t.last_route != nullptr && t.last_exchange == exchange.id && t.last_key == routing_key &&
      Tables::fits(*t.last_route, facts)) {
    return *t.last_route;
  }
  const Route& route = t.find(exchange, routing_key, facts);
  if (t.walk.repeatable) {
    t.last_exchange = exchange.id;
    t.last_key.assign(routing_key);
    t.last_route = &route;
  }
  return route;
}

const Route& Router::route(const catalog::Exchange& exchange, std::string_view routing_key,
                           std::span<const std::string_view> more_keys, const MessageFacts* facts) {
  if (more_keys.empty()) return route(exchange, routing_key, facts);
  Tables& t = *tables_;
  t.begin(facts);
  t.collect(exchange, routing_key, facts);
  for (const std::string_view key : more_keys) t.collect(exchange, key, facts);
  return *t.intern();
}

void Router::before(const catalog::Command& command) {
  Tables& t = *tables_;
  if (const auto* unbind = std::get_if<catalog::Unbind>(&command)) {
    t.unbind(unbind->binding);
  } else if (const auto* queue = std::get_if<catalog::DeleteQueue>(&command)) {
    for (const catalog::Binding* binding : t.catalog.bindings_of_destination(queue->id)) t.unbind(*binding);
    if (const catalog::Queue* gone = t.catalog.find_queue(queue->id)) t.name_changed(gone->vhost, gone->name);
  } else if (const auto* topic = std::get_if<catalog::DeleteTopic>(&command)) {
    for (const catalog::Binding* binding : t.catalog.bindings_of_destination(topic->id)) t.unbind(*binding);
    if (const catalog::Topic* gone = t.catalog.find_topic(topic->id)) t.name_changed(gone->vhost, gone->name);
  } else if (const auto* exchange = std::get_if<catalog::DeleteExchange>(&command)) {
    for (const catalog::Binding* binding : t.catalog.bindings_of_destination(exchange->id)) t.unbind(*binding);
    t.touch(exchange->id);
    if (const auto it = t.nodes.find(exchange->id.value); it != t.nodes.end()) {
      t.forget_ways(*it->second);
      t.nodes.erase(it);
    }
  } else if (std::holds_alternative<catalog::DeleteVirtualHost>(command)) {
    t.forget_all();
  }
}

void Router::after(const catalog::Command& command) {
  Tables& t = *tables_;
  if (const auto* bind = std::get_if<catalog::Bind>(&command)) {
    t.bind(bind->binding);
  } else if (const auto* queue = std::get_if<catalog::CreateQueue>(&command)) {
    t.name_changed(queue->queue.vhost, queue->queue.name);
  } else if (const auto* topic = std::get_if<catalog::CreateTopic>(&command)) {
    t.name_changed(topic->topic.vhost, topic->topic.name);
  } else if (std::holds_alternative<catalog::CreateExchange>(command)) {
    for (const std::uint64_t user : t.unresolved) {
      if (const auto found = t.nodes.find(user); found != t.nodes.end()) t.forget_ways(*found->second);
    }
    t.unresolved.clear();
  } else if (std::holds_alternative<catalog::AddPartitions>(command) ||
             std::holds_alternative<catalog::PutPolicy>(command) ||
             std::holds_alternative<catalog::DeletePolicy>(command)) {
    for (auto& [id, at] : t.nodes) t.forget_ways(*at);
  }
}

std::size_t Router::remembered() const {
  return tables_->ways;
}

}  // namespace millrace::broker
