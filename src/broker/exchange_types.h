#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bytes/view.h"
#include "catalog/objects.h"
#include "model/header_match.h"
#include "model/ids.h"

namespace millrace::broker {

/// Where a binding leads.
struct Destination {
  catalog::DestinationKind kind;
  model::ObjectId id;
  friend bool operator==(const Destination&, const Destination&) = default;
};

/// What some exchange types look at beside the routing key. Whoever routes a message brings it; it is asked only when
/// such an exchange is on the way.
class MessageFacts {
 public:
  virtual ~MessageFacts() = default;
  /// Adds the message's headers; their names live as long as this object.
  virtual void headers(model::HeaderList& out) const = 0;
  /// What the header (with HashSource::header), or one of the message's own properties, counts as where messages are
  /// spread by hash: see HashRing.
  virtual std::int64_t hash_number(catalog::HashSource source, std::string_view header) const = 0;
  /// The key that the message has as a record of a topic, if it names one. Lives as long as this object.
  virtual std::optional<bytes::ByteView> record_key() const { return std::nullopt; }
};

/// One message on its way through exchanges.
class MatchInput {
 public:
  /// `headers` is for this object's use; `facts` may be null.
  MatchInput(std::string_view key, const MessageFacts* facts, model::HeaderList& headers)
      : key_(key), facts_(facts), headers_(headers) {}
  std::string_view key() const { return key_; }
  const model::HeaderList& headers() {
    if (!read_) {
      headers_.clear();
      if (facts_ != nullptr) facts_->headers(headers_);
      read_ = true;
    }
    return headers_;
  }
  const MessageFacts* facts() const { return facts_; }

 private:
  std::string_view key_;
  const MessageFacts* facts_;
  model::HeaderList& headers_;
  bool read_ = false;
};

/// The bindings of one exchange, arranged for its type. One small file per type: exchange_direct.cc,
/// exchange_fanout.cc, exchange_topic.cc, exchange_headers.cc, exchange_hash.cc, exchange_random.cc.
class ExchangeRoutes {
 public:
  virtual ~ExchangeRoutes() = default;
  /// Whether match() depends on nothing but bindings and key, so that its answer may be remembered.
  virtual bool repeatable() const { return true; }
  /// Whether a message with several keys is matched by each of them; else once, by the first that gets here.
  virtual bool by_key() const { return true; }
  virtual void add(const catalog::Binding& binding) = 0;
  virtual void remove(const catalog::Binding& binding) = 0;
  /// Appends the destinations; one may appear several times.
  virtual void match(MatchInput& input, std::vector<Destination>& out) = 0;
};

std::unique_ptr<ExchangeRoutes> make_direct_routes();
std::unique_ptr<ExchangeRoutes> make_fanout_routes();
std::unique_ptr<ExchangeRoutes> make_topic_routes();
std::unique_ptr<ExchangeRoutes> make_headers_routes();
/// The binding's key says how many places of the ring its destination has.
std::unique_ptr<ExchangeRoutes> make_consistent_hash_routes(const catalog::Exchange& exchange);
std::unique_ptr<ExchangeRoutes> make_modulus_hash_routes();
/// Any one of the destinations. `seed` makes the choices of exchanges differ.
std::unique_ptr<ExchangeRoutes> make_random_routes(std::uint64_t seed);

std::unique_ptr<ExchangeRoutes> make_exchange_routes(const catalog::Exchange& exchange);

inline Destination destination_of(const catalog::Binding& binding) {
  return {binding.destination.kind, binding.destination.id};
}

}  // namespace millrace::broker
