#pragma once

#include <cstdint>
#include <optional>

#include "auth/hmac.h"

namespace millrace::gateway::kafka {

/// Numbers of the protocol.
enum class ScramMechanism : std::int8_t { sha256 = 1, sha512 = 2 };

constexpr ScramMechanism mechanism_of(auth::Digest digest) {
  return digest == auth::Digest::sha256 ? ScramMechanism::sha256 : ScramMechanism::sha512;
}
/// Nothing for a number that the protocol does not have.
constexpr std::optional<auth::Digest> digest_of(std::int8_t mechanism) {
  if (mechanism == static_cast<std::int8_t>(ScramMechanism::sha256)) return auth::Digest::sha256;
  if (mechanism == static_cast<std::int8_t>(ScramMechanism::sha512)) return auth::Digest::sha512;
  return std::nullopt;
}

}  // namespace millrace::gateway::kafka
