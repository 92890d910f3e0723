#include "gateway/kafka/connection.h"
#include "gateway/kafka/handlers.h"
#include "wire/kafka/generated/api_versions_request.h"
#include "wire/kafka/generated/api_versions_response.h"

namespace millrace::gateway::kafka {

namespace {

// Epochs of producers grow with each transaction, and partitions join one with the first records (KIP-890).
constexpr std::string_view kTransactions = "transaction.version";
constexpr std::int16_t kTransactionVersion = 2;
// Below 1 clients of older versions refuse to go on.
constexpr std::int16_t kOldestTransactionVersion = 1;

}  // namespace

/// Announces what the handler table serves, nothing else. A version we do not know comes here as -1 (KIP-511).
void handle_api_versions(Connection&, const Request& request) {
  wire::ApiVersionsResponse response;
  if (request.version < 0) {
    response.error_code = wire::ErrorCode::unsupported_version;
  } else {
    wire::ApiVersionsRequest message;
    if (!request.decode(message, request.body)) return request.reply.close("malformed ApiVersionsRequest");
  }
  for (const Handler& handler : handlers()) {
    response.api_keys.push_back({.api_key = static_cast<std::int16_t>(handler.key),
                                 .min_version = handler.min_version,
                                 .max_version = handler.max_version});
  }
  response.supported_features.push_back({.name = wire::Text(kTransactions),
                                         .min_version = kOldestTransactionVersion,
                                         .max_version = kTransactionVersion});
  response.finalized_features_epoch = 0;
  response.finalized_features.push_back({.name = wire::Text(kTransactions),
                                         .max_version_level = kTransactionVersion,
                                         .min_version_level = kTransactionVersion});
  request.reply.send(response);
}

}  // namespace millrace::gateway::kafka
