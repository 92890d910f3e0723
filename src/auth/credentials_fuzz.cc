// What a client sends before anything is known about it, and what an administrator may store: the SASL PLAIN response,
// a permission pattern, a password hash.
#include "auth/authorizer.h"
#include "auth/password.h"
#include "auth/sasl.h"
#include "base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace;
  const bytes::ByteView input(data, size);
  if (const auto credentials = auth::parse_plain(input); credentials.has_value()) {
    MILLRACE_ASSERT(credentials->user.size() + credentials->password.size() + 2 <= size);
    MILLRACE_ASSERT(credentials->user.find('\0') == std::string::npos);
  }
  const std::string text = bytes::to_string(input);
  (void)auth::Authorizer::check_pattern(text);
  // A true work factor would be the fuzzer's whole time.
  if (!text.starts_with("pbkdf2")) MILLRACE_ASSERT(!auth::verify(text, "password"), "any password opens '{}'", text);
  return 0;
}
