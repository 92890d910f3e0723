#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bytes/view.h"

namespace millrace::auth {

/// Hash functions that SCRAM is defined over here.
enum class Digest : std::uint8_t { sha256, sha512 };

/// Bytes of a digest.
constexpr std::size_t digest_size(Digest digest) {
  return digest == Digest::sha256 ? 32 : 64;
}

bytes::ByteVector hash(Digest digest, bytes::ByteView data);
bytes::ByteVector hmac(Digest digest, bytes::ByteView key, bytes::ByteView data);
/// PBKDF2 over HMAC; slow by intent.
bytes::ByteVector pbkdf2(Digest digest, std::string_view password, bytes::ByteView salt, std::uint32_t iterations);

std::string to_base64(bytes::ByteView data);
/// False when it is not base64 with its padding.
[[nodiscard]] bool from_base64(std::string_view text, bytes::ByteVector& out);

/// Compares in a time that depends on the sizes only.
bool same_secret(bytes::ByteView a, bytes::ByteView b);

}  // namespace millrace::auth
