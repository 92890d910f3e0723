#include "auth/credential_cache.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>

#include "base/assert.h"

namespace millrace::auth {

CredentialCache::CredentialCache() {
  const int filled = RAND_bytes(key_.data(), static_cast<int>(key_.size()));
  MILLRACE_ASSERT(filled == 1, "the system gives no random numbers");
}

CredentialCache::Digest CredentialCache::digest(std::string_view user, std::string_view stored_hash,
                                                std::string_view password) const {
  std::string text;
  for (const std::string_view part : {user, stored_hash, password}) {
    text += std::to_string(part.size()) + ":";
    text += part;
  }
  Digest result{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), result.data(), &size);
  MILLRACE_ASSERT(size == result.size());
  return result;
}

bool CredentialCache::knows(std::string_view user, std::string_view stored_hash, std::string_view password) const {
  return entries_.contains(digest(user, stored_hash, password));
}

void CredentialCache::remember(std::string_view user, std::string_view stored_hash, std::string_view password) {
  if (entries_.size() >= kMaxEntries) {
    const auto oldest = std::min_element(entries_.begin(), entries_.end(),
                                         [](const auto& a, const auto& b) { return a.second < b.second; });
    entries_.erase(oldest);
  }
  entries_[digest(user, stored_hash, password)] = ++uses_;
}

}  // namespace millrace::auth
