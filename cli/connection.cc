#include "connection.h"

#include <fmt/format.h>

#include <charconv>
#include <random>

#include "scram_client.h"
#include "wire/kafka/generated/api_versions_request.h"
#include "wire/kafka/generated/api_versions_response.h"
#include "wire/kafka/generated/sasl_authenticate_request.h"
#include "wire/kafka/generated/sasl_authenticate_response.h"
#include "wire/kafka/generated/sasl_handshake_request.h"
#include "wire/kafka/generated/sasl_handshake_response.h"

namespace millrace::cli {

namespace {

constexpr std::uint16_t kDefaultPort = 9092;
constexpr std::size_t kLargestAnswer = std::size_t{256} << 20;

std::string fresh_nonce() {
  std::random_device device;
  bytes::ByteVector random(18);
  for (auto& byte : random) byte = static_cast<std::uint8_t>(device());
  return auth::to_base64(random);
}

}  // namespace

Result<Target> parse_target(std::string_view text) {
  Target target;
  target.port = kDefaultPort;
  const bool bracketed = text.starts_with('[');
  const std::size_t end = bracketed ? text.find(']') : text.rfind(':');
  const auto refused = [text] {
    return fail(fmt::format("'{}' is not an address", text), "write HOST, HOST:PORT or [ADDRESS]:PORT");
  };
  if (bracketed && end == std::string_view::npos) return refused();
  std::string_view port;
  if (bracketed) {
    target.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return refused();
    if (!port.empty()) port.remove_prefix(1);
  } else {
    target.host = text.substr(0, end);
    if (end != std::string_view::npos) port = text.substr(end + 1);
    if (end != std::string_view::npos && port.empty()) return refused();
  }
  if (!port.empty()) {
    const auto read = std::from_chars(port.data(), port.data() + port.size(), target.port);
    if (read.ec != std::errc{} || read.ptr != port.data() + port.size() || target.port == 0) return refused();
  }
  if (target.host.empty() || (target.host.find(':') != std::string::npos) != bracketed) return refused();
  return target;
}

std::string Connection::address() const {
  return fmt::format("{}:{}", target_.host, target_.port);
}

std::string Connection::unreadable(std::string_view name) {
  return fmt::format("the server's {} cannot be read", name);
}

Result<std::unique_ptr<Connection>> Connection::open(const Target& target) {
  std::unique_ptr<Connection> made(new Connection(target));
  auto connected = made->transport_.connect(target.host, target.port, target.timeout);
  if (!connected.has_value()) {
    return fail(fmt::format("cannot connect: {}", connected.error().detail),
                "is millrace-server running there? --server HOST:PORT names another one");
  }
  if (auto learned = made->learn_versions(); !learned.has_value()) return std::unexpected(learned.error());
  if (auto in = made->log_in(); !in.has_value()) return std::unexpected(in.error());
  return made;
}

Result<void> Connection::learn_versions() {
  constexpr auto kKey = static_cast<std::int16_t>(wire::ApiKey::api_versions);
  versions_[kKey] = {0, 0};  // what every server understands
  auto answer = ask<wire::ApiVersionsResponse>(wire::ApiVersionsRequest{});
  if (!answer.has_value()) return std::unexpected(answer.error());
  const wire::ApiVersionsResponse& told = (*answer)->message;
  if (told.error_code != wire::ErrorCode::none) return std::unexpected(explain(told.error_code, address()));
  for (const auto& api : told.api_keys) versions_[api.api_key] = {api.min_version, api.max_version};
  return {};
}

Result<std::int16_t> Connection::version_of(wire::ApiKey key, std::int16_t oldest, std::int16_t newest) const {
  const auto found = versions_.find(static_cast<std::int16_t>(key));
  if (found != versions_.end()) {
    const std::int16_t version = std::min(newest, found->second.second);
    if (version >= std::max(oldest, found->second.first)) return version;
  }
  return fail(fmt::format("{} does not serve what this needs (request {})", address(), static_cast<int>(key)),
              "use the `millrace` of the server's version");
}

Result<bytes::ByteVector> Connection::exchange() {
  const base::Nanos deadline = client::now() + base::to_nanos(target_.timeout);
  const auto lost = [this](const std::string& why) {
    return fail(fmt::format("{}: {}", address(), why),
                target_.login.has_value() ? "" : "the server may want a login: --user NAME");
  };
  if (auto sent = transport_.flush(deadline); !sent.has_value()) return lost(sent.error().detail);
  for (;;) {
    bytes::ByteView frame;
    const auto state = wire::find_frame(transport_.input(), kLargestAnswer, frame);
    if (state == wire::FrameState::malformed) {
      return fail(fmt::format("{} does not speak the Kafka protocol", address()),
                  "is that the port for Kafka clients?");
    }
    if (state == wire::FrameState::complete) {
      bytes::ByteVector copy(frame.begin(), frame.end());
      transport_.consume(wire::kFrameSizeBytes + copy.size());
      return copy;
    }
    const auto got = transport_.receive(deadline);
    if (!got.has_value()) return lost(got.error().detail);
    if (!*got && client::now() >= deadline) {
      return fail(fmt::format("{} does not answer", address()), "--timeout SECONDS waits longer");
    }
  }
}

Result<void> Connection::log_in() {
  if (!target_.login.has_value()) return {};
  const Login& login = *target_.login;
  wire::SaslHandshakeRequest handshake;
  handshake.mechanism = wire::Text(login.mechanism);
  auto answer = ask<wire::SaslHandshakeResponse>(handshake);
  if (!answer.has_value()) return std::unexpected(answer.error());
  if ((*answer)->message.error_code != wire::ErrorCode::none) {
    return fail(fmt::format("{} does not serve logins with {}", address(), login.mechanism),
                fmt::format("--mechanism takes one of: {}", fmt::join((*answer)->message.mechanisms, ", ")));
  }
  return login.mechanism == "PLAIN" ? log_in_plain(login) : log_in_scram(login);
}

Result<std::string> Connection::authenticate(const std::string& data) {
  wire::SaslAuthenticateRequest request;
  request.auth_bytes = bytes::as_bytes(data);
  auto answer = ask<wire::SaslAuthenticateResponse>(request);
  if (!answer.has_value()) return std::unexpected(answer.error());
  const wire::SaslAuthenticateResponse& told = (*answer)->message;
  if (told.error_code != wire::ErrorCode::none) {
    return fail(fmt::format("the login of '{}' with {} failed", target_.login->user, target_.login->mechanism),
                "check the password; some users can only log in with --mechanism PLAIN");
  }
  return bytes::to_string(told.auth_bytes);
}

Result<void> Connection::log_in_plain(const Login& login) {
  std::string data(1, '\0');
  data += login.user;
  data += '\0';
  data += login.password;
  if (auto done = authenticate(data); !done.has_value()) return std::unexpected(done.error());
  return {};
}

Result<void> Connection::log_in_scram(const Login& login) {
  const auth::Digest digest = login.mechanism == "SCRAM-SHA-512" ? auth::Digest::sha512 : auth::Digest::sha256;
  ScramClient scram(digest, login.user, login.password, fresh_nonce());
  auto told = authenticate(scram.first());
  if (!told.has_value()) return std::unexpected(told.error());
  auto last = scram.last(*told);
  if (!last.has_value()) return std::unexpected(last.error());
  auto proof = authenticate(*last);
  if (!proof.has_value()) return std::unexpected(proof.error());
  if (!scram.server_is_genuine(*proof)) {
    return fail(fmt::format("{} did not prove that it knows the password of '{}'", address(), login.user),
                "it may not be the server that you mean");
  }
  return {};
}

}  // namespace millrace::cli
