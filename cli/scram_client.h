#pragma once

#include <string>
#include <string_view>

#include "auth/hmac.h"
#include "error.h"

namespace millrace::cli {

/// The client's side of one SCRAM exchange (RFC 5802, without channel binding).
class ScramClient {
 public:
  /// `nonce`: printable characters without a comma, never used before.
  ScramClient(auth::Digest digest, std::string_view user, std::string password, std::string nonce);

  std::string first() const { return "n,," + bare_; }
  /// What to send after the server's first message.
  Result<std::string> last(std::string_view server_first);
  /// Whether the server's last message proves that it knows the password too.
  bool server_is_genuine(std::string_view server_last) const;

 private:
  auth::Digest digest_;
  std::string password_;
  std::string nonce_;
  std::string bare_;
  std::string server_signature_;
};

}  // namespace millrace::cli
