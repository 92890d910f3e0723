// Input: one byte of API key, one of version, a response frame without its size. Keys from 200 on are the payloads that
// group members exchange inside requests.
#include "wire/kafka/frame.h"
#include "wire/kafka/generated/all_messages.h"
#include "wire/kafka/reencode_for_test.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace::wire::kafka;
  millrace::bytes::Reader reader(millrace::bytes::ByteView(data, size));
  const std::uint8_t key_byte = reader.u8();
  const std::int16_t version = reader.u8();
  if (key_byte == 200) check_reencoding<ConsumerProtocolSubscription>(reader, version);
  if (key_byte == 201) check_reencoding<ConsumerProtocolAssignment>(reader, version);
  const auto key = static_cast<ApiKey>(key_byte);
  ResponseHeader header;
  if (!header.decode(reader, key, version)) return 0;
  AllResponses::for_key(key, [&]<class Response>() { check_reencoding<Response>(reader, version); });
  return 0;
}
