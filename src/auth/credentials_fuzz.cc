// What a client sends before anything is known about it, and what an administrator may store: the SASL PLAIN response,
// a SCRAM exchange, a permission pattern, a password hash.
#include "auth/authorizer.h"
#include "auth/password.h"
#include "auth/sasl.h"
#include "auth/scram.h"
#include "base/assert.h"

namespace {

/// Both messages of an exchange, with a newline between them: nobody gets in.
void fuzz_scram(const std::string& text) {
  using namespace millrace;
  const std::size_t line = text.find('\n');
  if (line == std::string::npos) return;
  static const std::string stored = auth::hash_password("pencil", 1);
  auth::ScramServer server(auth::Digest::sha256, "nonce", "secret", [](const std::string& user) {
    return user == "user" ? std::optional(stored) : std::nullopt;
  });
  if (!server.first(std::string_view(text).substr(0, line)).has_value()) return;
  MILLRACE_ASSERT(!server.last(std::string_view(text).substr(line + 1)).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace;
  const bytes::ByteView input(data, size);
  if (const auto credentials = auth::parse_plain(input); credentials.has_value()) {
    MILLRACE_ASSERT(credentials->user.size() + credentials->password.size() + 2 <= size);
    MILLRACE_ASSERT(credentials->user.find('\0') == std::string::npos);
  }
  const std::string text = bytes::to_string(input);
  (void)auth::Authorizer::check_pattern(text);
  fuzz_scram(text);
  if (const auto stored = auth::scram_credentials(text); !stored.empty()) {
    MILLRACE_ASSERT(auth::scram_credentials(auth::store_scram(stored)).size() == stored.size());
    const std::string with_base = auth::store_scram(stored, auth::base_of(text));
    MILLRACE_ASSERT(auth::base_of(with_base) == auth::base_of(text) &&
                    auth::scram_credentials(with_base).size() == stored.size());
  }
  // A true work factor would be the fuzzer's whole time.
  if (text.find("scram$") == std::string::npos && !text.starts_with("scram"))
    MILLRACE_ASSERT(!auth::verify(text, "password"), "any password opens '{}'", text);
  return 0;
}
