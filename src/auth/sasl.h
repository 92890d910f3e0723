#pragma once

#include <string>

#include "auth/error.h"
#include "bytes/view.h"

namespace millrace::auth {

struct Credentials {
  std::string user;
  std::string password;
};

/// SASL PLAIN (RFC 4616): [authzid] NUL authcid NUL passwd. The authorization identity must be empty or the user
/// itself.
Result<Credentials> parse_plain(bytes::ByteView response);

}  // namespace millrace::auth
