// Made by tools/kafka/generate.py from tools/kafka/messages/describe_user_scram_credentials.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/describe_user_scram_credentials_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DescribeUserScramCredentialsRequest::UserName::decode_fields(Decoder& in) {
  name = in.text();
  in.skip_tagged_fields();
}

void DescribeUserScramCredentialsRequest::UserName::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.no_tagged_fields();
}

void DescribeUserScramCredentialsRequest::decode_fields(Decoder& in) {
  in.nullable_structs(users);
  in.skip_tagged_fields();
}

void DescribeUserScramCredentialsRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.nullable_structs(users);
  out.no_tagged_fields();
}

bool DescribeUserScramCredentialsRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DescribeUserScramCredentialsRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DescribeUserScramCredentialsRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka
