#include "auth/sasl.h"

#include <openssl/rand.h>

#include "auth/password.h"
#include "auth/scram.h"
#include "base/assert.h"
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
constexpr std::string_view kScram256 = "SCRAM-SHA-256";
constexpr std::string_view kScram512 = "SCRAM-SHA-512";

/// Also drawn once, to keep the salts of unknown users the same while the process runs.
std::string random_nonce() {
  bytes::ByteVector random(18);
  const int filled = RAND_bytes(random.data(), static_cast<int>(random.size()));
  MILLRACE_ASSERT(filled == 1, "the system gives no random numbers");
  return auth::to_base64(random);
}

/// Where the answers of a login go. Bare ones, after SaslHandshake 0, are the mechanism's messages alone, and a failure
/// is the end of the connection (KIP-152 tells both ways).
struct LoginReply {
  Reply reply;
  bool bare = false;

  void send(std::string_view message) const {
    if (bare) return reply.send_token(bytes::as_bytes(message));
    wire::SaslAuthenticateResponse response;
    response.auth_bytes = bytes::as_bytes(message);
    reply.send(response);
  }
  void refuse() const {
    if (!bare) {
      wire::SaslAuthenticateResponse response;
      response.error_code = wire::ErrorCode::sasl_authentication_failed;
      response.error_message = wire::Text("Authentication failed: invalid user name or password");
      reply.send(response);
    }
    reply.close("authentication failed");
  }
};

bool may_connect(Connection& connection, const std::string& user) {
  broker::Shard& shard = connection.shard();
  return shard.catalog().find_user(user) != nullptr &&
         shard.authorizer().may_connect(user, connection.socket().peer_is_loopback());
}

void refuse_user(Connection& connection, const LoginReply& reply, const std::string& user) {
  base::log::warning("kafka: login of '{}' from {} refused", user, connection.socket().peer());
  reply.refuse();
}

void exchange_ended(Connection& connection) {
  connection.set_handshake_done(false);
  connection.set_bare_tokens(false);
}

void authenticate_plain(Connection& connection, bytes::ByteView message, const LoginReply& reply) {
  auto credentials = auth::parse_plain(message);
  if (!credentials.has_value()) return reply.refuse();
  broker::Shard& shard = connection.shard();
  const catalog::User* user = shard.catalog().find_user(credentials->user);
  const bool may = may_connect(connection, credentials->user);
  const std::string stored = user == nullptr ? auth::unknown_user_hash() : user->password_hash;
  if (may && shard.authorizer().credentials().knows(credentials->user, stored, credentials->password)) {
    connection.authenticated(credentials->user);
    return reply.send({});
  }
  // The slow hash runs away from the loop, for unknown users too, so that the time tells nothing.
  struct Check {
    auth::Credentials credentials;
    std::string stored;
    bool matches = false;
  };
  auto check = std::make_shared<Check>(Check{std::move(*credentials), stored});
  shard.login_pool().submit(
      shard.loop(), [check] { check->matches = auth::verify(check->stored, check->credentials.password); },
      [check, may, reply] {
        const auto alive = reply.reply.connection();
        if (alive == nullptr) return;
        const std::string& name = check->credentials.user;
        if (!check->matches || !may) return refuse_user(*alive, reply, name);
        alive->shard().authorizer().credentials().remember(name, check->stored, check->credentials.password);
        alive->authenticated(name);
        reply.send({});
      });
}

void authenticate_scram(Connection& connection, bytes::ByteView message, const LoginReply& reply) {
  auth::ScramServer& scram = *connection.scram();
  const bool last = scram.begun();
  const auto answer = last ? scram.last(bytes::as_text(message)) : scram.first(bytes::as_text(message));
  if (!answer.has_value()) return refuse_user(connection, reply, scram.user());
  if (last && !may_connect(connection, scram.user())) return refuse_user(connection, reply, scram.user());
  if (last) {
    connection.authenticated(scram.user());
    connection.scram().reset();
    exchange_ended(connection);
  }
  reply.send(*answer);
}

void authenticate(Connection& connection, bytes::ByteView message, const LoginReply& reply) {
  if (connection.scram() != nullptr) return authenticate_scram(connection, message, reply);
  exchange_ended(connection);
  authenticate_plain(connection, message, reply);
}

}  // namespace

void handle_sasl_handshake(Connection& connection, const Request& request) {
  wire::SaslHandshakeRequest message;
  if (!request.decode(message, request.body)) return request.reply.close("malformed SaslHandshakeRequest");
  wire::SaslHandshakeResponse response;
  response.mechanisms = {wire::Text(kPlain), wire::Text(kScram256), wire::Text(kScram512)};
  const bool scram = message.mechanism == kScram256 || message.mechanism == kScram512;
  connection.scram().reset();
  if (scram) {
    static const std::string kSecret = random_nonce();
    const auth::Digest digest = message.mechanism == kScram256 ? auth::Digest::sha256 : auth::Digest::sha512;
    connection.scram() = std::make_unique<auth::ScramServer>(
        digest, random_nonce(), kSecret, [&connection](const std::string& name) -> std::optional<std::string> {
          const catalog::User* user = connection.shard().catalog().find_user(name);
          if (user == nullptr) return std::nullopt;
          return user->password_hash;
        });
  }
  connection.set_handshake_done(scram || message.mechanism == kPlain);
  connection.set_bare_tokens(request.version == 0 && connection.handshake_done());
  if (!connection.handshake_done()) response.error_code = wire::ErrorCode::unsupported_sasl_mechanism;
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
  authenticate(connection, message.auth_bytes, {request.reply, false});
}

void handle_sasl_token(Connection& connection, bytes::ByteView token, const Reply& reply) {
  authenticate(connection, token, {reply, true});
}

}  // namespace millrace::gateway::kafka
