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
  }
  return make_direct_routes();
}

}  // namespace millrace::broker
