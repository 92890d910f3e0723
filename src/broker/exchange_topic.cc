#include <unordered_map>

#include "broker/exchange_types.h"
#include "broker/topic_trie.h"

namespace millrace::broker {

namespace {

/// Patterns of words; see TopicTrie.
class TopicRoutes final : public ExchangeRoutes {
 public:
  void add(const catalog::Binding& binding) override {
    trie_.add(binding.routing_key, binding.destination.id);
    Known& known = known_[binding.destination.id];
    known.kind = binding.destination.kind;
    ++known.bindings;
  }
  void remove(const catalog::Binding& binding) override {
    const auto it = known_.find(binding.destination.id);
    if (it == known_.end()) return;
    trie_.remove(binding.routing_key, binding.destination.id);
    if (--it->second.bindings == 0) known_.erase(it);
  }
  void match(MatchInput& input, std::vector<Destination>& out) override {
    ids_.clear();
    trie_.match(input.key(), ids_);
    for (const model::ObjectId id : ids_) out.push_back({known_.at(id).kind, id});
  }

 private:
  struct Known {
    catalog::DestinationKind kind{};
    std::size_t bindings = 0;
  };
  TopicTrie trie_;
  std::unordered_map<model::ObjectId, Known> known_;
  std::vector<model::ObjectId> ids_;  // reused
};

}  // namespace

std::unique_ptr<ExchangeRoutes> make_topic_routes() {
  return std::make_unique<TopicRoutes>();
}

}  // namespace millrace::broker
