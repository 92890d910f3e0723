#include "broker/exchange_types.h"

namespace millrace::broker {

std::unique_ptr<ExchangeRoutes> make_exchange_routes(const catalog::Exchange& exchange) {
  switch (exchange.type) {
    case catalog::ExchangeType::direct:
      return make_direct_routes();
    case catalog::ExchangeType::fanout:
      return make_fanout_routes();
    case catalog::ExchangeType::topic:
      return make_topic_routes();
    case catalog::ExchangeType::headers:
      return make_headers_routes();
    case catalog::ExchangeType::consistent_hash:
      return make_consistent_hash_routes(exchange);
    case catalog::ExchangeType::modulus_hash:
      return make_modulus_hash_routes();
    case catalog::ExchangeType::random:
    case catalog::ExchangeType::local_random:
      return make_random_routes(exchange.id.value);
  }
  return make_direct_routes();
}

}  // namespace millrace::broker
