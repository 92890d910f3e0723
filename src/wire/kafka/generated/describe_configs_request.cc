// Made by tools/kafka/generate.py from tools/kafka/messages/describe_configs.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/describe_configs_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DescribeConfigsRequest::Resource::decode_fields(Decoder& in) {
  resource_type = in.i8();
  resource_name = in.text();
  in.nullable_array(configuration_keys);
  in.skip_tagged_fields();
}

void DescribeConfigsRequest::Resource::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i8(resource_type);
  out.text(resource_name);
  out.nullable_array(configuration_keys);
  out.no_tagged_fields();
}

void DescribeConfigsRequest::decode_fields(Decoder& in) {
  in.structs(resources);
  include_synonyms = in.version() >= 1 ? in.boolean() : false;
  include_documentation = in.version() >= 3 ? in.boolean() : false;
  in.skip_tagged_fields();
}

void DescribeConfigsRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.structs(resources);
  if (out.version() >= 1) out.boolean(include_synonyms);
  if (out.version() >= 3) out.boolean(include_documentation);
  out.no_tagged_fields();
}

bool DescribeConfigsRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DescribeConfigsRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DescribeConfigsRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka
