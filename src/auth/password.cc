#include "auth/password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <array>
#include <charconv>
#include <vector>

#include "base/assert.h"

namespace millrace::auth {

namespace {

constexpr std::string_view kScheme = "pbkdf2-sha256";
constexpr std::string_view kRabbitScheme = "rabbit-sha256";
constexpr std::size_t kSaltSize = 16;
constexpr std::size_t kHashSize = 32;
// A stored work factor above this is taken for damage: it would block a worker for seconds.
constexpr std::uint32_t kMaxIterations = 10'000'000;

using Hash = std::array<unsigned char, kHashSize>;

std::string to_hex(const unsigned char* data, std::size_t size) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += kDigits[data[i] >> 4];
    text += kDigits[data[i] & 15];
  }
  return text;
}

bool from_hex(std::string_view text, std::vector<unsigned char>& out) {
  if (text.size() % 2 != 0) return false;
  out.resize(text.size() / 2);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const char* begin = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(begin, begin + 2, out[i], 16);
    if (error != std::errc() || end != begin + 2) return false;
  }
  return true;
}

Hash derive(std::string_view password, const unsigned char* salt, std::size_t salt_size, std::uint32_t iterations) {
  Hash hash{};
  const int done =
      PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), salt, static_cast<int>(salt_size),
                        static_cast<int>(iterations), EVP_sha256(), static_cast<int>(hash.size()), hash.data());
  MILLRACE_ASSERT(done == 1);
  return hash;
}

/// Cuts off what is before the next '$'.
std::string_view next_part(std::string_view& rest) {
  const std::size_t at = rest.find('$');
  const std::string_view part = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
  return part;
}

bool verify_rabbit(std::string_view encoded, std::string_view password) {
  constexpr std::size_t kRabbitSalt = 4;
  std::vector<unsigned char> raw(encoded.size());
  const int size = EVP_DecodeBlock(raw.data(), reinterpret_cast<const unsigned char*>(encoded.data()),
                                   static_cast<int>(encoded.size()));
  // 36 bytes are 48 characters without padding.
  if (size != static_cast<int>(kRabbitSalt + kHashSize)) return false;
  std::string salted(reinterpret_cast<const char*>(raw.data()), kRabbitSalt);
  salted += password;
  Hash hash{};
  SHA256(reinterpret_cast<const unsigned char*>(salted.data()), salted.size(), hash.data());
  return CRYPTO_memcmp(hash.data(), raw.data() + kRabbitSalt, kHashSize) == 0;
}

}  // namespace

std::string hash_password(std::string_view password, std::uint32_t iterations) {
  unsigned char salt[kSaltSize];
  const int filled = RAND_bytes(salt, kSaltSize);
  MILLRACE_ASSERT(filled == 1, "the system gives no random numbers");
  const Hash hash = derive(password, salt, kSaltSize, iterations);
  return std::string(kScheme) + "$" + std::to_string(iterations) + "$" + to_hex(salt, kSaltSize) + "$" +
         to_hex(hash.data(), hash.size());
}

bool verify(std::string_view stored, std::string_view password) {
  std::string_view rest = stored;
  const std::string_view scheme = next_part(rest);
  if (scheme == kRabbitScheme) return verify_rabbit(rest, password);
  if (scheme != kScheme) return false;
  const std::string_view count = next_part(rest);
  std::uint32_t iterations = 0;
  const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), iterations);
  if (error != std::errc() || end != count.data() + count.size()) return false;
  if (iterations == 0 || iterations > kMaxIterations) return false;
  std::vector<unsigned char> salt;
  std::vector<unsigned char> hash;
  if (!from_hex(next_part(rest), salt) || !from_hex(rest, hash) || hash.size() != kHashSize) return false;
  const Hash computed = derive(password, salt.data(), salt.size(), iterations);
  return CRYPTO_memcmp(computed.data(), hash.data(), kHashSize) == 0;
}

const std::string& unknown_user_hash() {
  static const std::string hash = std::string(kScheme) + "$" + std::to_string(kHashIterations) + "$" +
                                  std::string(2 * kSaltSize, '0') + "$" + std::string(2 * kHashSize, '0');
  return hash;
}

}  // namespace millrace::auth
