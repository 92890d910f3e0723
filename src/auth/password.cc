#include "auth/password.h"

#include <openssl/rand.h>

#include <charconv>

#include "base/assert.h"

namespace millrace::auth {

namespace {

constexpr std::string_view kScheme = "scram";
constexpr std::string_view kKeysScheme = "scram-keys";
/// What was stored before there was SCRAM: the salted password itself, for SHA-256.
constexpr std::string_view kOldScheme = "pbkdf2-sha256";
constexpr std::string_view kRabbitScheme = "rabbit-sha256";
/// Between credentials for SCRAM and the hash for passwords that are told; none of them has it inside.
constexpr char kBaseMark = '&';
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

std::string_view name_of(Digest digest) {
  return digest == Digest::sha256 ? "sha256" : "sha512";
}

std::optional<std::uint32_t> iterations_of(std::string_view text) {
  std::uint32_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (count == 0 || count > kMaxIterations) return std::nullopt;
  return count;
}

/// Stored key and server key, one after the other.
bool split_keys(std::string_view text, Digest digest, ScramKeys& keys) {
  bytes::ByteVector both;
  if (!from_hex(text, both) || both.size() != 2 * digest_size(digest)) return false;
  const auto middle = both.begin() + static_cast<std::ptrdiff_t>(digest_size(digest));
  keys.stored_key.assign(both.begin(), middle);
  keys.server_key.assign(middle, both.end());
  return true;
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

/// "scram-keys", alone or with what belongs to it.
bool is_keys_form(std::string_view stored) {
  if (!stored.starts_with(kKeysScheme)) return false;
  stored.remove_prefix(kKeysScheme.size());
  return stored.empty() || stored[0] == '$' || stored[0] == kBaseMark;
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

std::vector<ScramCredential> scram_credentials(std::string_view stored) {
  std::string_view rest = is_keys_form(stored) ? stored.substr(0, stored.find(kBaseMark)) : stored;
  const std::string_view scheme = next_part(rest);
  std::vector<ScramCredential> found;
  if (scheme == kScheme) {
    ScramKeys keys;
    const auto count = iterations_of(next_part(rest));
    if (!count.has_value() || !from_hex(next_part(rest), keys.salt)) return {};
    keys.iterations = *count;
    for (const Digest digest : kDigests) {
      if (!split_keys(next_part(rest), digest, keys)) return {};
      found.push_back({digest, keys});
    }
  } else if (scheme == kKeysScheme) {
    while (!rest.empty() && found.size() < std::size(kDigests)) {
      const std::string_view name = next_part(rest);
      ScramCredential one{.digest = name == name_of(Digest::sha256) ? Digest::sha256 : Digest::sha512, .keys = {}};
      const auto count = iterations_of(next_part(rest));
      if (name != name_of(one.digest) || !count.has_value() || !from_hex(next_part(rest), one.keys.salt)) return {};
      one.keys.iterations = *count;
      if (!split_keys(next_part(rest), one.digest, one.keys)) return {};
      found.push_back(std::move(one));
    }
  } else if (scheme == kOldScheme) {
    bytes::ByteVector salt;
    bytes::ByteVector salted;
    const auto count = iterations_of(next_part(rest));
    if (!count.has_value() || !from_hex(next_part(rest), salt) || !from_hex(rest, salted)) return {};
    rest = {};
    if (salted.size() != digest_size(Digest::sha256)) return {};
    found.push_back({Digest::sha256, scram_keys_of(Digest::sha256, *count, salt, salted)});
  }
  if (!rest.empty()) return {};
  return found;
}

std::string store_scram(const std::vector<ScramCredential>& credentials, std::string_view base) {
  std::string text(kKeysScheme);
  for (const ScramCredential& one : credentials) {
    text += '$';
    text += name_of(one.digest);
    text += '$' + std::to_string(one.keys.iterations) + '$';
    add_hex(text, one.keys.salt);
    text += '$';
    add_hex(text, one.keys.stored_key);
    add_hex(text, one.keys.server_key);
  }
  if (!base.empty()) text += kBaseMark + std::string(base);
  return text;
}

ScramKeys scram_keys_of(Digest digest, std::uint32_t iterations, bytes::ByteView salt,
                        bytes::ByteView salted_password) {
  return {.iterations = iterations,
          .salt = bytes::ByteVector(salt.begin(), salt.end()),
          .stored_key = stored_key_of(digest, salted_password),
          .server_key = hmac(digest, salted_password, bytes::as_bytes("Server Key"))};
}

std::string_view base_of(std::string_view stored) {
  if (!is_keys_form(stored)) return stored;
  const std::size_t at = stored.find(kBaseMark);
  return at == std::string_view::npos ? std::string_view{} : stored.substr(at + 1);
}

std::optional<ScramKeys> scram_keys(std::string_view stored, Digest digest) {
  for (ScramCredential& one : scram_credentials(stored)) {
    if (one.digest == digest) return std::move(one.keys);
  }
  return std::nullopt;
}

bool verify(std::string_view stored, std::string_view password) {
  if (const std::string_view base = base_of(stored); !base.empty()) stored = base;
  if (stored.starts_with(kRabbitScheme)) {
    std::string_view rest = stored;
    return next_part(rest) == kRabbitScheme && verify_rabbit(rest, password);
  }
  const auto credentials = scram_credentials(stored);
  if (credentials.empty()) return false;
  const auto& [digest, keys] = credentials.front();
  const bytes::ByteVector salted = pbkdf2(digest, password, keys.salt, keys.iterations);
  return same_secret(stored_key_of(digest, salted), keys.stored_key);
}

const std::string& unknown_user_hash() {
  static const std::string hash = std::string(kScheme) + "$" + std::to_string(kHashIterations) + "$" +
                                  std::string(2 * kSaltSize, '0') + "$" + std::string(4 * 32, '0') + "$" +
                                  std::string(4 * 64, '0');
  return hash;
}

}  // namespace millrace::auth
