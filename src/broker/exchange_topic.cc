#include <algorithm>
#include <string>
#include <unordered_map>

#include "broker/exchange_types.h"
#include "broker/topic_trie.h"

namespace millrace::broker {

namespace {

/// Patterns of words; see TopicTrie.
class TopicRoutes final : public ExchangeRoutes {
 public:
  void add(std::string_view pattern, const Destination& destination) override {
    trie_.add(pattern, destination.id);
    Known& known = known_[destination.id];
    known.kind = destination.kind;
    known.patterns.emplace_back(pattern);
  }
  void remove(std::string_view pattern, const Destination& destination) override {
    trie_.remove(pattern, destination.id);
    const auto it = known_.find(destination.id);
    if (it == known_.end()) return;
    auto& patterns = it->second.patterns;
    if (const auto at = std::find(patterns.begin(), patterns.end(), pattern); at != patterns.end()) patterns.erase(at);
    if (patterns.empty()) known_.erase(it);
  }
  void remove_destination(model::ObjectId id) override {
    const auto it = known_.find(id);
    if (it == known_.end()) return;
    for (const std::string& pattern : it->second.patterns) trie_.remove(pattern, id);
    known_.erase(it);
  }
  void match(std::string_view key, std::vector<Destination>& out) const override {
    std::vector<model::ObjectId> ids;
    trie_.match(key, ids);
    for (const model::ObjectId id : ids) out.push_back({known_.at(id).kind, id});
  }

 private:
  struct Known {
    catalog::DestinationKind kind{};
    std::vector<std::string> patterns;
  };
  TopicTrie trie_;
  std::unordered_map<model::ObjectId, Known> known_;
};

/// Holds nothing: the type routes nothing.
class NoRoutes final : public ExchangeRoutes {
 public:
  void add(std::string_view, const Destination&) override {}
  void remove(std::string_view, const Destination&) override {}
  void remove_destination(model::ObjectId) override {}
  void match(std::string_view, std::vector<Destination>&) const override {}
};

}  // namespace

std::unique_ptr<ExchangeRoutes> make_topic_routes() {
  return std::make_unique<TopicRoutes>();
}

std::unique_ptr<ExchangeRoutes> make_exchange_routes(catalog::ExchangeType type) {
  switch (type) {
    case catalog::ExchangeType::direct:
      return make_direct_routes();
    case catalog::ExchangeType::fanout:
      return make_fanout_routes();
    case catalog::ExchangeType::topic:
      return make_topic_routes();
    default:
      return std::make_unique<NoRoutes>();
  }
}

}  // namespace millrace::broker
