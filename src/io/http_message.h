#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::io {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;  // "GET"
  std::string target;  // "/metrics?format=text", as sent
  HttpHeaders headers;
  std::string body;
  std::string peer;  // "127.0.0.1:53412"
  bool peer_is_loopback = false;

  /// The value of the first header of that name, in any case; empty when there is none.
  std::string_view header(std::string_view name) const;
  /// The target up to '?'.
  std::string_view path() const;
  /// What follows '?'; empty when there is none.
  std::string_view query() const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  HttpHeaders headers;  // further ones; Content-Length, Connection and Date are added
};

}  // namespace millrace::io
