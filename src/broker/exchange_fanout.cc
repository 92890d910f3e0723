#include <unordered_map>

#include "broker/exchange_types.h"

namespace millrace::broker {

namespace {

/// Every binding matches; the key is not looked at.
class FanoutRoutes final : public ExchangeRoutes {
 public:
  void add(const catalog::Binding& binding) override {
    const auto [it, fresh] = bindings_.try_emplace(binding.destination.id, Known{all_.size(), 0});
    if (fresh) all_.push_back(destination_of(binding));
    ++it->second.count;
  }
  void remove(const catalog::Binding& binding) override {
    const auto it = bindings_.find(binding.destination.id);
    if (it == bindings_.end() || --it->second.count > 0) return;
    // The last one takes the free place.
    const std::size_t place = it->second.place;
    bindings_.erase(it);
    if (place + 1 < all_.size()) {
      all_[place] = all_.back();
      bindings_.at(all_[place].id).place = place;
    }
    all_.pop_back();
  }
  void match(MatchInput&, std::vector<Destination>& out) override { out.insert(out.end(), all_.begin(), all_.end()); }

 private:
  struct Known {
    std::size_t place;
    std::size_t count;
  };
  std::vector<Destination> all_;  // each once, however often it is bound
  std::unordered_map<model::ObjectId, Known> bindings_;
};

}  // namespace

std::unique_ptr<ExchangeRoutes> make_fanout_routes() {
  return std::make_unique<FanoutRoutes>();
}

}  // namespace millrace::broker
