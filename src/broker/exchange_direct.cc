#include <algorithm>
#include <string>
#include <unordered_map>

#include "broker/exchange_types.h"

namespace millrace::broker {

namespace {

/// Routing key equals binding key.
class DirectRoutes final : public ExchangeRoutes {
 public:
  void add(std::string_view key, const Destination& destination) override {
    by_key_[std::string(key)].push_back(destination);
  }
  void remove(std::string_view key, const Destination& destination) override {
    const auto it = by_key_.find(key);
    if (it == by_key_.end()) return;
    const auto found = std::find(it->second.begin(), it->second.end(), destination);
    if (found != it->second.end()) it->second.erase(found);
    if (it->second.empty()) by_key_.erase(it);
  }
  void remove_destination(model::ObjectId id) override {
    for (auto it = by_key_.begin(); it != by_key_.end();) {
      std::erase_if(it->second, [id](const Destination& d) { return d.id == id; });
      it = it->second.empty() ? by_key_.erase(it) : std::next(it);
    }
  }
  void match(std::string_view key, std::vector<Destination>& out) const override {
    const auto it = by_key_.find(key);
    if (it != by_key_.end()) out.insert(out.end(), it->second.begin(), it->second.end());
  }

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, std::vector<Destination>, TextHash, std::equal_to<>> by_key_;
};

}  // namespace

std::unique_ptr<ExchangeRoutes> make_direct_routes() {
  return std::make_unique<DirectRoutes>();
}

}  // namespace millrace::broker
