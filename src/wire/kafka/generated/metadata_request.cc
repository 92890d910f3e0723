// Made by tools/kafka/generate.py from tools/kafka/messages/metadata.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/metadata_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void MetadataRequest::Topic::decode_fields(Decoder& in) {
  topic_id = in.version() >= 10 ? in.uuid() : Uuid{};
  name = (in.version() >= 10 ? in.nullable_text() : in.text());
  in.skip_tagged_fields();
}

void MetadataRequest::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() >= 10) out.uuid(topic_id);
  (out.version() >= 10) ? out.nullable_text(name) : out.text(name);
  out.no_tagged_fields();
}

void MetadataRequest::decode_fields(Decoder& in) {
  (in.version() >= 1) ? in.nullable_structs(topics) : in.structs(topics);
  allow_auto_topic_creation = in.version() >= 4 ? in.boolean() : true;
  include_cluster_authorized_operations = in.version() >= 8 && in.version() <= 10 ? in.boolean() : false;
  include_topic_authorized_operations = in.version() >= 8 ? in.boolean() : false;
  in.skip_tagged_fields();
}

void MetadataRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  (out.version() >= 1) ? out.nullable_structs(topics) : out.structs(topics);
  if (out.version() >= 4) out.boolean(allow_auto_topic_creation);
  if (out.version() >= 8 && out.version() <= 10) out.boolean(include_cluster_authorized_operations);
  if (out.version() >= 8) out.boolean(include_topic_authorized_operations);
  out.no_tagged_fields();
}

bool MetadataRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void MetadataRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string MetadataRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka
