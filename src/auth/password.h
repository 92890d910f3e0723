#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/hmac.h"
#include "bytes/view.h"

namespace millrace::auth {

/// Work factor of new hashes: iterations of PBKDF2.
constexpr std::uint32_t kHashIterations = 100'000;
/// The same for a password that everybody knows, which a slow hash would not protect: the least that SCRAM clients
/// take.
constexpr std::uint32_t kKnownPasswordIterations = 4096;

/// What is stored of a password: "scram$<iterations>$<salt>$<keys of SHA-256>$<keys of SHA-512>" in hex, where the keys
/// of a hash function are SCRAM's stored key and server key (RFC 5802). They verify a password that is told, and a
/// client that only proves that it knows it; they let nobody in by themselves. Blocks for some hundred milliseconds.
std::string hash_password(std::string_view password, std::uint32_t iterations = kHashIterations);

/// The part of a stored hash that SCRAM needs for one hash function.
struct ScramKeys {
  std::uint32_t iterations = 0;
  bytes::ByteVector salt;
  bytes::ByteVector stored_key;
  bytes::ByteVector server_key;
};

/// What is stored when somebody else made the keys, for one hash function or for each by itself:
/// "scram-keys$<sha256 or sha512>$<iterations>$<salt>$<keys>" in hex, the part after the scheme once or twice.
struct ScramCredential {
  Digest digest = Digest::sha256;
  ScramKeys keys;
};
/// A password that is told is then compared with the first of them; or, when there is a `base` (a hash of one of the
/// other forms), with that, which SCRAM in turn does not use: "scram-keys$...&<base>".
std::string store_scram(const std::vector<ScramCredential>& credentials, std::string_view base = {});
/// The hash that passwords are compared with where SCRAM has credentials of its own beside it, or that serves both;
/// empty when there are only credentials for SCRAM.
std::string_view base_of(std::string_view stored);
/// What a stored hash of any form has for SCRAM.
std::vector<ScramCredential> scram_credentials(std::string_view stored);
/// The keys of a password that was salted and iterated already.
ScramKeys scram_keys_of(Digest digest, std::uint32_t iterations, bytes::ByteView salt, bytes::ByteView salted_password);

/// Compares in constant time; blocks for about half as long as hash_password(). Also knows the salted SHA-256 form that
/// RabbitMQ exports: "rabbit-sha256$" and base64(salt of 4 bytes + sha256(salt + password)), and the form of before
/// SCRAM, "pbkdf2-sha256$<iterations>$<salt>$<hash>". False for a hash of another form. Of scram-keys the first that is
/// there counts.
bool verify(std::string_view stored, std::string_view password);

/// Nothing when the stored hash has none for this hash function.
std::optional<ScramKeys> scram_keys(std::string_view stored, Digest digest);

/// A hash that no password has, to spend the same time on users that do not exist.
const std::string& unknown_user_hash();

}  // namespace millrace::auth
