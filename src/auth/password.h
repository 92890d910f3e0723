#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::auth {

/// Work factor of new hashes: iterations of PBKDF2-HMAC-SHA256.
constexpr std::uint32_t kHashIterations = 100'000;

/// A salted slow hash: "pbkdf2-sha256$<iterations>$<salt hex>$<hash hex>". Blocks for some ten milliseconds.
std::string hash_password(std::string_view password, std::uint32_t iterations = kHashIterations);

/// Compares in constant time; blocks like hash_password(). Also knows the salted SHA-256 form that RabbitMQ exports:
/// "rabbit-sha256$" and base64(salt of 4 bytes + sha256(salt + password)). False for a hash of another form.
bool verify(std::string_view stored, std::string_view password);

/// A hash that no password has, to spend the same time on users that do not exist.
const std::string& unknown_user_hash();

}  // namespace millrace::auth
