#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "catalog/objects.h"
#include "model/ids.h"

namespace millrace::broker {

/// Where a binding leads.
struct Destination {
  catalog::DestinationKind kind;
  model::ObjectId id;
  friend bool operator==(const Destination&, const Destination&) = default;
};

/// The bindings of one exchange, arranged for its type. One small file per type: exchange_direct.cc,
/// exchange_fanout.cc, exchange_topic.cc.
class ExchangeRoutes {
 public:
  virtual ~ExchangeRoutes() = default;
  virtual void add(std::string_view routing_key, const Destination& destination) = 0;
  virtual void remove(std::string_view routing_key, const Destination& destination) = 0;
  /// A destination that is gone: all of its bindings.
  virtual void remove_destination(model::ObjectId id) = 0;
  /// Appends the destinations; one may appear several times.
  virtual void match(std::string_view routing_key, std::vector<Destination>& out) const = 0;
};

std::unique_ptr<ExchangeRoutes> make_direct_routes();
std::unique_ptr<ExchangeRoutes> make_fanout_routes();
std::unique_ptr<ExchangeRoutes> make_topic_routes();

/// For a type that routes nothing yet, gateways refuse declarations and bindings; its routes are empty.
std::unique_ptr<ExchangeRoutes> make_exchange_routes(catalog::ExchangeType type);

}  // namespace millrace::broker
