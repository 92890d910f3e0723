#include <algorithm>
#include <string>
#include <unordered_map>

#include "base/text_hash.h"
#include "broker/exchange_types.h"

namespace millrace::broker {

namespace {

/// Routing key equals binding key.
class DirectRoutes final : public ExchangeRoutes {
 public:
  void add(const catalog::Binding& binding) override {
    by_key_[binding.routing_key].push_back(destination_of(binding));
  }
  void remove(const catalog::Binding& binding) override {
    const auto it = by_key_.find(binding.routing_key);
    if (it == by_key_.end()) return;
    const auto found = std::find(it->second.begin(), it->second.end(), destination_of(binding));
    if (found != it->second.end()) it->second.erase(found);
    if (it->second.empty()) by_key_.erase(it);
  }
  void match(MatchInput& input, std::vector<Destination>& out) override {
    const auto it = by_key_.find(input.key());
    if (it != by_key_.end()) out.insert(out.end(), it->second.begin(), it->second.end());
  }

 private:
  std::unordered_map<std::string, std::vector<Destination>, base::TextHash, std::equal_to<>> by_key_;
};

}  // namespace

std::unique_ptr<ExchangeRoutes> make_direct_routes() {
  return std::make_unique<DirectRoutes>();
}

}  // namespace millrace::broker
