#include "auth/sasl.h"
#include "auth/password.h"
#include "base/log.h"
#include "gateway/kafka/connection.h"
#include "gateway/kafka/handlers.h"
#include "wire/kafka/generated/sasl_authenticate_request.h"
#include "wire/kafka/generated/sasl_authenticate_response.h"
#include "wire/kafka/generated/sasl_handshake_request.h"
#include "wire/kafka/generated/sasl_handshake_response.h"

namespace millrace::gateway::kafka {

namespace {

constexpr std::string_view kPlain = "PLAIN";

void refuse(const Reply& reply) {
  wire::SaslAuthenticateResponse response;
  response.error_code = wire::ErrorCode::sasl_authentication_failed;
  response.error_message = wire::Text("Authentication failed: invalid user name or password");
  reply.send(response);
  reply.close("authentication failed");
}

}  // namespace

void handle_sasl_handshake(Connection& connection, const Request& request) {
  wire::SaslHandshakeRequest message;
  if (!request.decode(message, request.body)) return request.reply.close("malformed SaslHandshakeRequest");
  wire::SaslHandshakeResponse response;
  response.mechanisms = {wire::Text(kPlain)};
  if (message.mechanism == kPlain)
    connection.set_handshake_done();
  else
    response.error_code = wire::ErrorCode::unsupported_sasl_mechanism;
  request.reply.send(response);
}

void handle_sasl_authenticate(Connection& connection, const Request& request) {
  wire::SaslAuthenticateRequest message;
  if (!request.decode(message, request.body)) return request.reply.close("malformed SaslAuthenticateRequest");
  if (!connection.handshake_done()) {
    wire::SaslAuthenticateResponse response;
    response.error_code = wire::ErrorCode::illegal_sasl_state;
    request.reply.send(response);
    return;
  }
  const auto credentials = auth::parse_plain(message.auth_bytes);
  if (!credentials.has_value()) return refuse(request.reply);
  broker::Shard& shard = connection.shard();
  const std::string name = credentials->user;
  const catalog::User* user = shard.catalog().find_user(name);
  // The slow hash runs away from the loop, for unknown users too, so that the time tells nothing.
  auto matches = std::make_shared<bool>(false);
  const std::string stored = user == nullptr ? auth::unknown_user_hash() : user->password_hash;
  const bool may = user != nullptr && shard.authorizer().may_connect(name, connection.socket().peer_is_loopback());
  shard.pool().submit(
      shard.loop(), [matches, stored, password = credentials->password] { *matches = auth::verify(stored, password); },
      [matches, may, name, reply = request.reply] {
        const auto alive = reply.connection();
        if (alive == nullptr) return;
        if (!*matches || !may) {
          base::log::warning("kafka: login of '{}' from {} refused", name, alive->socket().peer());
          return refuse(reply);
        }
        alive->authenticated(name);
        reply.send(wire::SaslAuthenticateResponse{});
      });
}

}  // namespace millrace::gateway::kafka
