#include <algorithm>
#include <charconv>
#include <map>

#include "broker/exchange_types.h"
#include "broker/hash_ring.h"
#include "bytes/term_hash.h"

namespace millrace::broker {

namespace {

/// 64 bits of FNV-1a, stirred: the same in every version, since it decides which queue has which message.
std::uint64_t hash_of(bytes::ByteView value) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const std::uint8_t byte : value) hash = (hash ^ byte) * 0x100000001B3ULL;
  hash ^= hash >> 33;
  hash *= 0xFF51AFD7ED558CCDULL;
  hash ^= hash >> 33;
  return hash;
}

/// Spreads messages over destinations by weight: each has as many buckets as the key of its binding says, in the order
/// of the bindings. Of several bindings to one destination the oldest counts.
class ConsistentHashRoutes final : public ExchangeRoutes {
 public:
  explicit ConsistentHashRoutes(const catalog::Exchange& exchange)
      : source_(exchange.hash_source), header_(exchange.hash_header) {}
  bool by_key() const override { return false; }
  bool repeatable() const override { return source_ == catalog::HashSource::routing_key; }
  void add(const catalog::Binding& binding) override {
    auto& bindings = bound_[binding.destination.id];
    const bool first = bindings.empty();
    bindings.push_back({next_++, binding.routing_key, binding.native_arguments});
    // The common case: a further place at the end.
    if (first && !stale_) {
      ring_.add(destination_of(binding), weight_of(binding.routing_key));
    }
    order_.emplace(bindings.back().number, destination_of(binding));
  }
  void remove(const catalog::Binding& binding) override {
    const auto it = bound_.find(binding.destination.id);
    if (it == bound_.end()) return;
    const auto gone = std::ranges::find_if(it->second, [&binding](const Bound& bound) {
      return bound.key == binding.routing_key && bound.arguments == binding.native_arguments;
    });
    if (gone == it->second.end()) return;
    stale_ = true;
    order_.erase(gone->number);
    it->second.erase(gone);
    if (it->second.empty()) bound_.erase(it);
  }
  void match(MatchInput& input, std::vector<Destination>& out) override {
    if (stale_) arrange();
    if (!ring_.empty()) out.push_back(ring_.pick(number_of(input)));
  }

 private:
  // Of one binding: more buckets make no difference that anybody could see.
  static constexpr std::uint64_t kMaxWeight = 1'000'000'000;
  struct Bound {
    std::uint64_t number;
    std::string key;
    bytes::ByteVector arguments;
  };

  static std::uint64_t weight_of(std::string_view key) {
    if (key.starts_with('+')) key.remove_prefix(1);
    std::uint64_t weight = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), weight);
    if (error == std::errc::result_out_of_range) return kMaxWeight;
    return error == std::errc{} ? std::clamp<std::uint64_t>(weight, 1, kMaxWeight) : 1;
  }
  void arrange() {
    ring_.clear();
    for (const auto& [number, destination] : order_) {
      const Bound& oldest = bound_[destination.id].front();
      if (oldest.number == number) ring_.add(destination, weight_of(oldest.key));
    }
    stale_ = false;
  }
  std::int64_t number_of(MatchInput& input) const {
    if (source_ == catalog::HashSource::routing_key) return bytes::term_hash(bytes::as_bytes(input.key()));
    return input.facts() == nullptr ? bytes::kUndefinedHash : input.facts()->hash_number(source_, header_);
  }

  catalog::HashSource source_;
  std::string header_;
  /// By destination, the oldest first.
  std::map<model::ObjectId, std::vector<Bound>> bound_;
  std::map<std::uint64_t, Destination> order_;
  std::uint64_t next_ = 0;
  HashRing<Destination> ring_;
  /// The ring is to be dealt out anew.
  bool stale_ = false;
};

/// The key's hash modulo the number of destinations, which are taken in the order of their numbers.
class ModulusHashRoutes final : public ExchangeRoutes {
 public:
  bool by_key() const override { return false; }
  void add(const catalog::Binding& binding) override {
    const Destination destination = destination_of(binding);
    all_.insert(std::ranges::upper_bound(all_, destination.id, {}, &Destination::id), destination);
  }
  void remove(const catalog::Binding& binding) override {
    const auto it = std::ranges::find(all_, destination_of(binding));
    if (it != all_.end()) all_.erase(it);
  }
  void match(MatchInput& input, std::vector<Destination>& out) override {
    if (!all_.empty()) out.push_back(all_[hash_of(bytes::as_bytes(input.key())) % all_.size()]);
  }

 private:
  std::vector<Destination> all_;
};

}  // namespace

std::unique_ptr<ExchangeRoutes> make_consistent_hash_routes(const catalog::Exchange& exchange) {
  return std::make_unique<ConsistentHashRoutes>(exchange);
}

std::unique_ptr<ExchangeRoutes> make_modulus_hash_routes() {
  return std::make_unique<ModulusHashRoutes>();
}

}  // namespace millrace::broker
