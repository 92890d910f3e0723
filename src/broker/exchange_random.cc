#include <algorithm>

#include "base/prng.h"
#include "broker/exchange_types.h"

namespace millrace::broker {

namespace {

/// One destination at random, whatever the keys.
class RandomRoutes final : public ExchangeRoutes {
 public:
  explicit RandomRoutes(std::uint64_t seed) : prng_(seed) {}
  bool repeatable() const override { return false; }
  bool by_key() const override { return false; }
  void add(const catalog::Binding& binding) override { all_.push_back(destination_of(binding)); }
  void remove(const catalog::Binding& binding) override {
    const auto it = std::ranges::find(all_, destination_of(binding));
    if (it != all_.end()) all_.erase(it);
  }
  void match(MatchInput&, std::vector<Destination>& out) override {
    if (!all_.empty()) out.push_back(all_[prng_.below(all_.size())]);
  }

 private:
  base::Prng prng_;
  std::vector<Destination> all_;
};

}  // namespace

std::unique_ptr<ExchangeRoutes> make_random_routes(std::uint64_t seed) {
  return std::make_unique<RandomRoutes>(seed);
}

}  // namespace millrace::broker
