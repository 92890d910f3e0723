#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace millrace::auth {

/// Remembers passwords that were verified, as keyed digests, so that a client which reconnects often does not pay the
/// slow hash each time. The key is random and never leaves the process; a changed password has another stored hash, and
/// so is another entry. One per shard.
class CredentialCache {
 public:
  static constexpr std::size_t kMaxEntries = 1000;

  CredentialCache();
  bool knows(std::string_view user, std::string_view stored_hash, std::string_view password) const;
  void remember(std::string_view user, std::string_view stored_hash, std::string_view password);

 private:
  using Digest = std::array<unsigned char, 32>;
  Digest digest(std::string_view user, std::string_view stored_hash, std::string_view password) const;

  Digest key_{};
  std::map<Digest, std::uint64_t> entries_;
  std::uint64_t uses_ = 0;
};

}  // namespace millrace::auth
