#include "auth/scram.h"

namespace millrace::auth {

namespace {

constexpr std::size_t kMaxMessage = 4096;
constexpr std::size_t kMaxName = 1024;

/// "=2C" and "=3D" stand for a comma and an equals sign (RFC 5802, 5.1).
bool unescape(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=') {
      out += text[i];
      continue;
    }
    const std::string_view code = text.substr(i + 1, 2);
    if (code != "2C" && code != "3D") return false;
    out += code == "2C" ? ',' : '=';
    i += 2;
  }
  return true;
}

/// The value of the next attribute "x=...", which must have this name.
bool take(std::string_view& rest, char name, std::string_view& value) {
  if (rest.size() < 2 || rest[0] != name || rest[1] != '=') return false;
  const std::size_t comma = rest.find(',');
  value = rest.substr(2, comma == std::string_view::npos ? comma : comma - 2);
  rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  return true;
}

auto malformed(const char* why) {
  return base::fail(AuthErrc::malformed, std::string("SCRAM: ") + why);
}

}  // namespace

void ScramServer::find_keys() {
  const auto stored = lookup_(user_);
  auto keys = stored.has_value() ? scram_keys(*stored, digest_) : std::nullopt;
  known_ = keys.has_value();
  if (known_) {
    keys_ = std::move(*keys);
    return;
  }
  keys_.iterations = kHashIterations;
  keys_.salt = hmac(Digest::sha256, bytes::as_bytes(secret_), bytes::as_bytes(user_));
  keys_.salt.resize(16);
  keys_.stored_key.assign(digest_size(digest_), 0);
  keys_.server_key.assign(digest_size(digest_), 0);
}

Result<std::string> ScramServer::first(std::string_view message) {
  begun_ = true;
  if (message.size() > kMaxMessage) return malformed("a message of an impossible size");
  // "n,," or "y,,": no channel binding; an identity to act as may be named between the commas.
  if (message.size() < 3 || (message[0] != 'n' && message[0] != 'y') || message[1] != ',') {
    return malformed("channel binding is not served");
  }
  const std::size_t end = message.find(',', 2);
  if (end == std::string_view::npos) return malformed("no end of its header");
  const std::string_view acting = message.substr(2, end - 2);
  header_ = message.substr(0, end + 1);
  const std::string_view bare = message.substr(end + 1);
  std::string_view rest = bare;
  std::string_view name;
  std::string_view client_nonce;
  if (!take(rest, 'n', name) || !unescape(name, user_) || user_.empty() || user_.size() > kMaxName) {
    return malformed("no user name");
  }
  if (!take(rest, 'r', client_nonce) || client_nonce.empty()) return malformed("no nonce");
  std::string act_as;
  if (!acting.empty() && (!acting.starts_with("a=") || !unescape(acting.substr(2), act_as) || act_as != user_)) {
    return malformed("acting for another user is not possible");
  }
  // Extensions ask for another kind of credentials: there is none.
  if (!rest.empty()) return malformed("an extension");
  find_keys();
  nonce_ = std::string(client_nonce) + nonce_;
  std::string answer = "r=" + nonce_ + ",s=" + to_base64(keys_.salt) + ",i=" + std::to_string(keys_.iterations);
  exchanged_ = std::string(bare) + "," + answer;
  return answer;
}

Result<std::string> ScramServer::last(std::string_view message) {
  const std::size_t at = message.rfind(",p=");
  if (message.size() > kMaxMessage || at == std::string_view::npos) return malformed("no proof");
  std::string_view rest = message.substr(0, at);
  std::string_view header;
  std::string_view nonce;
  bytes::ByteVector decoded;
  bytes::ByteVector proof;
  if (!take(rest, 'c', header) || !from_base64(header, decoded) || bytes::as_text(decoded) != header_) {
    return malformed("another header than before");
  }
  if (!take(rest, 'r', nonce) || nonce != nonce_) return malformed("another nonce than before");
  if (!from_base64(message.substr(at + 3), proof)) return malformed("the proof is not base64");
  exchanged_ += ",";
  exchanged_ += message.substr(0, at);
  const bytes::ByteView exchanged = bytes::as_bytes(exchanged_);
  const bytes::ByteVector signature = hmac(digest_, keys_.stored_key, exchanged);
  if (proof.size() != signature.size()) return malformed("a proof of another size");
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] ^= signature[i];
  const bool proved = same_secret(hash(digest_, proof), keys_.stored_key);
  if (!proved || !known_) return base::fail(AuthErrc::refused, "SCRAM: wrong user name or password");
  return "v=" + to_base64(hmac(digest_, keys_.server_key, exchanged));
}

}  // namespace millrace::auth
