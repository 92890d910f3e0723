#include "auth/password.h"

#include <openssl/rand.h>

#include <charconv>

#include "base/assert.h"

namespace millrace::auth {

namespace {

constexpr std::string_view kScheme = "scram";
/// What was stored before there was SCRAM: the salted password itself, for SHA-256.
constexpr std::string_view kOldScheme = "pbkdf2-sha256";
constexpr std::string_view kRabbitScheme = "rabbit-sha256";
constexpr std::size_t kSaltSize = 16;
// A stored work factor above this is taken for damage: it would block a worker for seconds.
constexpr std::uint32_t kMaxIterations = 10'000'000;
constexpr Digest kDigests[] = {Digest::sha256, Digest::sha512};

void add_hex(std::string& text, bytes::ByteView data) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (const std::uint8_t byte : data) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
}

bool from_hex(std::string_view text, bytes::ByteVector& out) {
  if (text.size() % 2 != 0) return false;
  out.resize(text.size() / 2);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const char* begin = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(begin, begin + 2, out[i], 16);
    if (error != std::errc() || end != begin + 2) return false;
  }
  return true;
}

/// Cuts off what is before the next '$'.
std::string_view next_part(std::string_view& rest) {
  const std::size_t at = rest.find('$');
  const std::string_view part = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
  return part;
}

bytes::ByteVector stored_key_of(Digest digest, bytes::ByteView salted_password) {
  return hash(digest, hmac(digest, salted_password, bytes::as_bytes("Client Key")));
}

bool verify_rabbit(std::string_view encoded, std::string_view password) {
  constexpr std::size_t kRabbitSalt = 4;
  bytes::ByteVector raw;
  if (!from_base64(encoded, raw) || raw.size() != kRabbitSalt + digest_size(Digest::sha256)) return false;
  std::string salted(bytes::as_text(bytes::ByteView(raw).first(kRabbitSalt)));
  salted += password;
  return same_secret(hash(Digest::sha256, bytes::as_bytes(salted)), bytes::ByteView(raw).subspan(kRabbitSalt));
}

}  // namespace

std::string hash_password(std::string_view password, std::uint32_t iterations) {
  bytes::ByteVector salt(kSaltSize);
  const int filled = RAND_bytes(salt.data(), static_cast<int>(salt.size()));
  MILLRACE_ASSERT(filled == 1, "the system gives no random numbers");
  std::string text = std::string(kScheme) + "$" + std::to_string(iterations) + "$";
  add_hex(text, salt);
  for (const Digest digest : kDigests) {
    const bytes::ByteVector salted = pbkdf2(digest, password, salt, iterations);
    text += '$';
    add_hex(text, stored_key_of(digest, salted));
    add_hex(text, hmac(digest, salted, bytes::as_bytes("Server Key")));
  }
  return text;
}

std::optional<ScramKeys> scram_keys(std::string_view stored, Digest digest) {
  std::string_view rest = stored;
  const std::string_view scheme = next_part(rest);
  if (scheme != kScheme && scheme != kOldScheme) return std::nullopt;
  ScramKeys keys;
  const std::string_view count = next_part(rest);
  const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), keys.iterations);
  if (error != std::errc() || end != count.data() + count.size()) return std::nullopt;
  if (keys.iterations == 0 || keys.iterations > kMaxIterations) return std::nullopt;
  if (!from_hex(next_part(rest), keys.salt)) return std::nullopt;
  if (scheme == kOldScheme) {
    bytes::ByteVector salted;
    if (digest != Digest::sha256 || !from_hex(rest, salted) || salted.size() != digest_size(digest))
      return std::nullopt;
    keys.stored_key = stored_key_of(digest, salted);
    keys.server_key = hmac(digest, salted, bytes::as_bytes("Server Key"));
    return keys;
  }
  for (const Digest each : kDigests) {
    bytes::ByteVector both;
    if (!from_hex(next_part(rest), both) || both.size() != 2 * digest_size(each)) return std::nullopt;
    if (each != digest) continue;
    const auto middle = both.begin() + static_cast<std::ptrdiff_t>(digest_size(each));
    keys.stored_key.assign(both.begin(), middle);
    keys.server_key.assign(middle, both.end());
  }
  if (!rest.empty()) return std::nullopt;
  return keys;
}

bool verify(std::string_view stored, std::string_view password) {
  if (stored.starts_with(kRabbitScheme)) {
    std::string_view rest = stored;
    return next_part(rest) == kRabbitScheme && verify_rabbit(rest, password);
  }
  const auto keys = scram_keys(stored, Digest::sha256);
  if (!keys.has_value()) return false;
  const bytes::ByteVector salted = pbkdf2(Digest::sha256, password, keys->salt, keys->iterations);
  return same_secret(stored_key_of(Digest::sha256, salted), keys->stored_key);
}

const std::string& unknown_user_hash() {
  static const std::string hash = std::string(kScheme) + "$" + std::to_string(kHashIterations) + "$" +
                                  std::string(2 * kSaltSize, '0') + "$" + std::string(4 * 32, '0') + "$" +
                                  std::string(4 * 64, '0');
  return hash;
}

}  // namespace millrace::auth
