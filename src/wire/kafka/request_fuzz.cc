// Input: a request frame without its size, so its first bytes are the API key and version.
#include "wire/kafka/frame.h"
#include "wire/kafka/generated/all_messages.h"
#include "wire/kafka/reencode_for_test.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace::wire::kafka;
  millrace::bytes::Reader reader(millrace::bytes::ByteView(data, size));
  RequestHeader header;
  if (!header.decode(reader)) return 0;
  AllRequests::for_key(static_cast<ApiKey>(header.api_key),
                       [&]<class Request>() { check_reencoding<Request>(reader, header.api_version); });
  return 0;
}
