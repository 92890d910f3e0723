// Made by tools/kafka/generate.py from tools/kafka/messages/delete_topics.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/delete_topics_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DeleteTopicsRequest::TopicState::decode_fields(Decoder& in) {
  name = in.nullable_text();
  topic_id = in.uuid();
  in.skip_tagged_fields();
}

void DeleteTopicsRequest::TopicState::encode_fields([[maybe_unused]] Encoder& out) const {
  out.nullable_text(name);
  out.uuid(topic_id);
  out.no_tagged_fields();
}

void DeleteTopicsRequest::decode_fields(Decoder& in) {
  if (in.version() >= 6) in.structs(topics);
  else topics.clear();
  if (in.version() <= 5) in.array(topic_names);
  else topic_names.clear();
  timeout_ms = in.i32();
  in.skip_tagged_fields();
}

void DeleteTopicsRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() >= 6) out.structs(topics);
  if (out.version() <= 5) out.array(topic_names);
  out.i32(timeout_ms);
  out.no_tagged_fields();
}

bool DeleteTopicsRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DeleteTopicsRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DeleteTopicsRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka
