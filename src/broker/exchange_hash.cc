#include <algorithm>
#include <charconv>
#include <map>

#include "broker/exchange_types.h"

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

/// Jump consistent hash (Lamping and Veach): a bucket below `buckets`; when one is added, only its share moves to it.
std::size_t jump(std::uint64_t key, std::size_t buckets) {
  std::int64_t bucket = -1;
  std::int64_t next = 0;
  while (next < static_cast<std::int64_t>(buckets)) {
    bucket = next;
    key = key * 2862933555777941757ULL + 1;
    const auto step = static_cast<double>(std::int64_t{1} << 31) / static_cast<double>((key >> 33) + 1);
    next = static_cast<std::int64_t>(static_cast<double>(bucket + 1) * step);
  }
  return static_cast<std::size_t>(bucket);
}

/// Spreads messages over destinations by weight: each has as many buckets as the key of its binding says. One that is
/// bound several times keeps the weight of its first binding.
class ConsistentHashRoutes final : public ExchangeRoutes {
 public:
  explicit ConsistentHashRoutes(const catalog::Exchange& exchange)
      : source_(exchange.hash_source), header_(exchange.hash_header) {}
  bool by_key() const override { return false; }
  bool repeatable() const override { return source_ == catalog::HashSource::routing_key; }
  void add(const catalog::Binding& binding) override {
    const std::size_t weight = std::min(weight_of(binding.routing_key), kMaxWeight);
    Bound& bound = bound_[binding.destination.id];
    if (++bound.bindings > 1) return;
    buckets_.insert(buckets_.end(), weight, destination_of(binding));
  }
  void remove(const catalog::Binding& binding) override {
    const auto it = bound_.find(binding.destination.id);
    if (it == bound_.end() || --it->second.bindings > 0) return;
    bound_.erase(it);
    std::erase(buckets_, destination_of(binding));
  }
  void match(MatchInput& input, std::vector<Destination>& out) override {
    if (buckets_.empty()) return;
    out.push_back(buckets_[jump(hash_of(hashed(input)), buckets_.size())]);
  }

 private:
  // Buckets of one binding; more would only cost memory.
  static constexpr std::size_t kMaxWeight = 10'000;
  struct Bound {
    std::size_t bindings = 0;
  };

  static std::size_t weight_of(std::string_view key) {
    std::size_t weight = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), weight);
    if (error == std::errc::result_out_of_range) return kMaxWeight;
    return error == std::errc{} ? std::max<std::size_t>(weight, 1) : 1;
  }
  bytes::ByteView hashed(MatchInput& input) {
    bytes::ByteView value;
    switch (source_) {
      case catalog::HashSource::routing_key:
        return bytes::as_bytes(input.key());
      case catalog::HashSource::header:
        (void)input.headers().find(header_, value);
        return value;
      default:
        scratch_.clear();
        if (input.facts() != nullptr) input.facts()->property(source_, scratch_);
        return scratch_;
    }
  }

  catalog::HashSource source_;
  std::string header_;
  std::vector<Destination> buckets_;
  std::map<model::ObjectId, Bound> bound_;
  bytes::ByteVector scratch_;
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
