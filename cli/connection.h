#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/units.h"
#include "client/transport.h"
#include "error.h"
#include "wire/kafka/frame.h"

namespace millrace::cli {

struct Login {
  std::string user;
  std::string password;
  /// PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
  std::string mechanism;
};

struct Target {
  std::string host;
  std::uint16_t port = 0;
  base::Millis timeout{10'000};
  std::optional<Login> login;
};

/// "host", "host:port" or "[address]:port".
Result<Target> parse_target(std::string_view text);

/// A message and the bytes that its texts lie in.
template <class Response>
struct Answer {
  bytes::ByteVector bytes;
  Response message;
};
template <class Response>
using AnswerOf = std::unique_ptr<Answer<Response>>;

/// One blocking connection; a request at a time. One thread uses it.
class Connection {
 public:
  /// Connects, asks what the server serves, and logs in.
  static Result<std::unique_ptr<Connection>> open(const Target& target);

  /// Sends a request in the newest version that both sides know and `newest` allows; waits for its answer.
  template <class Response, class Request>
  Result<AnswerOf<Response>> ask(const Request& request, std::int16_t newest = Request::kMaxVersion) {
    const auto version = version_of(Request::kApiKey, Request::kMinVersion, newest);
    if (!version.has_value()) return std::unexpected(version.error());
    bytes::Writer writer(transport_.output());
    wire::encode_request(writer, *version, ++correlation_, kClientId, request);
    auto frame = exchange();
    if (!frame.has_value()) return std::unexpected(frame.error());
    auto answer = std::make_unique<Answer<Response>>();
    answer->bytes = std::move(*frame);
    bytes::Reader in(answer->bytes);
    wire::ResponseHeader header;
    if (!header.decode(in, Response::kApiKey, *version) || header.correlation_id != correlation_ ||
        !answer->message.decode(in, *version)) {
      return fail(unreadable(Response::kName), "is that the port for Kafka clients?");
    }
    return answer;
  }

 private:
  static constexpr std::string_view kClientId = "millrace-cli";

  explicit Connection(Target target) : target_(std::move(target)) {}
  Result<void> learn_versions();
  Result<void> log_in();
  Result<void> log_in_plain(const Login& login);
  Result<void> log_in_scram(const Login& login);
  /// One step of a login; the server's data.
  Result<std::string> authenticate(const std::string& data);
  Result<std::int16_t> version_of(wire::ApiKey key, std::int16_t oldest, std::int16_t newest) const;
  /// Sends the output; the answer's frame.
  Result<bytes::ByteVector> exchange();
  std::string address() const;
  static std::string unreadable(std::string_view name);

  Target target_;
  client::Transport transport_;
  std::int32_t correlation_ = 0;
  std::map<std::int16_t, std::pair<std::int16_t, std::int16_t>> versions_;
};

}  // namespace millrace::cli
