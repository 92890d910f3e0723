// Any bytes, in chunks whose sizes the first bytes choose, must not upset the request parser.
#include <algorithm>
#include <cstdlib>

#include "io/http_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using millrace::io::HttpRequestParser;
  if (size < 1) return 0;
  const std::size_t chunk = data[0] + std::size_t{1};
  millrace::bytes::ByteView input(data + 1, size - 1);
  millrace::io::HttpLimits limits;
  limits.header_bytes_max = 512;
  limits.body_bytes_max = 1024;
  HttpRequestParser parser(limits);
  std::size_t visible = 0;
  while (visible < input.size()) {
    visible = std::min(input.size(), visible + chunk);
    const auto fed = parser.feed(input.first(visible));
    if (fed.consumed > visible) std::abort();
    input = input.subspan(fed.consumed);
    visible -= fed.consumed;
    if (fed.status == HttpRequestParser::Status::done) {
      (void)parser.keep_alive();
      const auto request = parser.take();
      if (request.body.size() > limits.body_bytes_max) std::abort();
      break;
    }
    if (fed.status != HttpRequestParser::Status::need_more) break;
    (void)parser.take_expectation();
  }
  return 0;
}
