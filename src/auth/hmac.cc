#include "auth/hmac.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/assert.h"

namespace millrace::auth {

namespace {

const EVP_MD* algorithm(Digest digest) {
  return digest == Digest::sha256 ? EVP_sha256() : EVP_sha512();
}

}  // namespace

bytes::ByteVector hash(Digest digest, bytes::ByteView data) {
  bytes::ByteVector out(digest_size(digest));
  const int done = EVP_Digest(data.data(), data.size(), out.data(), nullptr, algorithm(digest), nullptr);
  MILLRACE_ASSERT(done == 1);
  return out;
}

bytes::ByteVector hmac(Digest digest, bytes::ByteView key, bytes::ByteView data) {
  bytes::ByteVector out(digest_size(digest));
  const unsigned char* done =
      HMAC(algorithm(digest), key.data(), static_cast<int>(key.size()), data.data(), data.size(), out.data(), nullptr);
  MILLRACE_ASSERT(done != nullptr);
  return out;
}

bytes::ByteVector pbkdf2(Digest digest, std::string_view password, bytes::ByteView salt, std::uint32_t iterations) {
  bytes::ByteVector out(digest_size(digest));
  const int done =
      PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), salt.data(), static_cast<int>(salt.size()),
                        static_cast<int>(iterations), algorithm(digest), static_cast<int>(out.size()), out.data());
  MILLRACE_ASSERT(done == 1);
  return out;
}

std::string to_base64(bytes::ByteView data) {
  std::string text(4 * ((data.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), data.data(), static_cast<int>(data.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

bool from_base64(std::string_view text, bytes::ByteVector& out) {
  out.clear();
  if (text.size() % 4 != 0) return false;
  if (text.empty()) return true;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  // The decoder takes blanks at the ends, which are no base64.
  if (text.substr(0, text.size() - padding).find_first_of(" \t\r\n=") != std::string_view::npos) return false;
  out.resize(text.size() / 4 * 3);
  const int size =
      EVP_DecodeBlock(out.data(), reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return false;
  out.resize(static_cast<std::size_t>(size) - padding);
  return true;
}

bool same_secret(bytes::ByteView a, bytes::ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace millrace::auth
