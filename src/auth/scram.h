#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "auth/error.h"
#include "auth/password.h"

namespace millrace::auth {

/// The server's side of one SCRAM exchange (RFC 5802, without channel binding): two messages of the client, each
/// answered. Costs the server no slow hash. Unknown users get an exchange like any other, which fails at its end.
class ScramServer {
 public:
  /// The stored hash of a user; nothing when there is none. Called once, by first().
  using Lookup = std::function<std::optional<std::string>(const std::string& user)>;

  /// `nonce`: printable characters without a comma, never used before. `secret`: the same for a long time and known to
  /// nobody; makes what unknown users are told look like a salt.
  ScramServer(Digest digest, std::string nonce, std::string_view secret, Lookup lookup)
      : digest_(digest), nonce_(std::move(nonce)), secret_(secret), lookup_(std::move(lookup)) {}

  /// The answer to the client's first message.
  Result<std::string> first(std::string_view message);
  /// The answer to its second and last one: then the user has proved who it is. `refused` when it has not.
  Result<std::string> last(std::string_view message);

  bool begun() const { return begun_; }
  const std::string& user() const { return user_; }

 private:
  void find_keys();

  Digest digest_;
  std::string nonce_;
  std::string secret_;
  Lookup lookup_;
  bool begun_ = false;
  bool known_ = false;
  std::string user_;
  std::string header_;  // of the client's first message, which the last one repeats
  std::string exchanged_;
  ScramKeys keys_;
};

}  // namespace millrace::auth
