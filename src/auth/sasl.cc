#include "auth/sasl.h"

namespace millrace::auth {

Result<Credentials> parse_plain(bytes::ByteView response) {
  constexpr std::size_t kMaxPart = 1024;
  const std::string_view text = bytes::as_text(response);
  const std::size_t first = text.find('\0');
  const std::size_t second = first == std::string_view::npos ? first : text.find('\0', first + 1);
  if (second == std::string_view::npos) return base::fail(AuthErrc::malformed, "PLAIN response without two NUL bytes");
  const std::string_view authorization = text.substr(0, first);
  const std::string_view user = text.substr(first + 1, second - first - 1);
  const std::string_view password = text.substr(second + 1);
  if (user.empty() || user.size() > kMaxPart || password.size() > kMaxPart ||
      password.find('\0') != std::string_view::npos) {
    return base::fail(AuthErrc::malformed, "PLAIN response with an impossible user name or password");
  }
  if (!authorization.empty() && authorization != user) {
    return base::fail(AuthErrc::malformed, "acting for another user is not possible");
  }
  return Credentials{std::string(user), std::string(password)};
}

}  // namespace millrace::auth
