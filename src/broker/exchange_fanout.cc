#include <algorithm>

#include "broker/exchange_types.h"

namespace millrace::broker {

namespace {

/// Every binding matches; the key is not looked at.
class FanoutRoutes final : public ExchangeRoutes {
 public:
  void add(std::string_view, const Destination& destination) override { all_.push_back(destination); }
  void remove(std::string_view, const Destination& destination) override {
    const auto it = std::find(all_.begin(), all_.end(), destination);
    if (it != all_.end()) all_.erase(it);
  }
  void remove_destination(model::ObjectId id) override {
    std::erase_if(all_, [id](const Destination& d) { return d.id == id; });
  }
  void match(std::string_view, std::vector<Destination>& out) const override {
    out.insert(out.end(), all_.begin(), all_.end());
  }

 private:
  std::vector<Destination> all_;
};

}  // namespace

std::unique_ptr<ExchangeRoutes> make_fanout_routes() {
  return std::make_unique<FanoutRoutes>();
}

}  // namespace millrace::broker
