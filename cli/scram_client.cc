#include "scram_client.h"

#include <charconv>

namespace millrace::cli {

namespace {

/// More would only keep this program busy.
constexpr std::uint32_t kMostIterations = 10'000'000;

std::string escaped(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == ',')
      out += "=2C";
    else if (c == '=')
      out += "=3D";
    else
      out += c;
  }
  return out;
}

/// The value of the attribute "x=..." in a list of them.
std::string_view attribute(std::string_view list, char name) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view one = list.substr(0, comma);
    if (one.size() >= 2 && one[0] == name && one[1] == '=') return one.substr(2);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
  return {};
}

}  // namespace

ScramClient::ScramClient(auth::Digest digest, std::string_view user, std::string password, std::string nonce)
    : digest_(digest),
      password_(std::move(password)),
      nonce_(std::move(nonce)),
      bare_("n=" + escaped(user) + ",r=" + nonce_) {}

Result<std::string> ScramClient::last(std::string_view server_first) {
  const std::string_view nonce = attribute(server_first, 'r');
  const std::string_view count = attribute(server_first, 'i');
  bytes::ByteVector salt;
  std::uint32_t iterations = 0;
  const auto read = std::from_chars(count.data(), count.data() + count.size(), iterations);
  if (!nonce.starts_with(nonce_) || nonce.size() == nonce_.size() || read.ec != std::errc{} || iterations == 0 ||
      iterations > kMostIterations || !auth::from_base64(attribute(server_first, 's'), salt)) {
    return fail("the login failed: the server's SCRAM message cannot be read");
  }
  const bytes::ByteVector salted = auth::pbkdf2(digest_, password_, salt, iterations);
  const bytes::ByteVector client_key = auth::hmac(digest_, salted, bytes::as_bytes("Client Key"));
  const std::string without_proof = "c=biws,r=" + std::string(nonce);
  const std::string exchanged = bare_ + "," + std::string(server_first) + "," + without_proof;
  bytes::ByteVector proof = auth::hmac(digest_, auth::hash(digest_, client_key), bytes::as_bytes(exchanged));
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] ^= client_key[i];
  const bytes::ByteVector server_key = auth::hmac(digest_, salted, bytes::as_bytes("Server Key"));
  server_signature_ = auth::to_base64(auth::hmac(digest_, server_key, bytes::as_bytes(exchanged)));
  return without_proof + ",p=" + auth::to_base64(proof);
}

bool ScramClient::server_is_genuine(std::string_view server_last) const {
  const std::string_view signature = attribute(server_last, 'v');
  return !server_signature_.empty() &&
         auth::same_secret(bytes::as_bytes(signature), bytes::as_bytes(server_signature_));
}

}  // namespace millrace::cli
