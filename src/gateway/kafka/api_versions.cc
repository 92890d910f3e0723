#include "gateway/kafka/connection.h"
#include "gateway/kafka/handlers.h"
#include "wire/kafka/generated/api_versions_request.h"
#include "wire/kafka/generated/api_versions_response.h"

namespace millrace::gateway::kafka {

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
  request.reply.send(response);
}

}  // namespace millrace::gateway::kafka
