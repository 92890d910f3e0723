#pragma once

#include <memory>
#include <optional>

#include "bytes/view.h"
#include "io/http_message.h"

namespace millrace::io {

struct HttpLimits {
  std::uint32_t header_bytes_max = 16 * 1024;
  std::uint64_t body_bytes_max = 1024 * 1024;
};

/// Reads one HTTP/1.1 request (RFC 9112), with Content-Length or chunked body.
class HttpRequestParser {
 public:
  enum class Status { need_more, done, bad_request, header_too_large, body_too_large };
  struct Fed {
    std::size_t consumed = 0;
    Status status = Status::need_more;
  };

  explicit HttpRequestParser(const HttpLimits& limits);
  ~HttpRequestParser();
  HttpRequestParser(const HttpRequestParser&) = delete;
  HttpRequestParser& operator=(const HttpRequestParser&) = delete;

  /// What is not consumed must be shown again, with more behind it. After an error or `done` the parser takes no more.
  Fed feed(bytes::ByteView data);
  /// True once, when the header is complete and the client waits for "100 Continue" before it sends the body.
  bool take_expectation();
  /// After `done`: whether the connection may serve another request.
  bool keep_alive() const;
  /// After `done`.
  HttpRequest take();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// "Not Found"; "Unknown" for a number without a name.
std::string_view http_reason(int status);

}  // namespace millrace::io
