// Made by tools/kafka/generate.py from tools/kafka/messages/delete_topics.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/delete_topics_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void DeleteTopicsResponse::TopicResult::decode_fields(Decoder& in) {
  name = (in.version() >= 6 ? in.nullable_text() : in.text());
  topic_id = in.version() >= 6 ? in.uuid() : Uuid{};
  error_code = in.error();
  if (in.version() >= 5) error_message = in.nullable_text();
  else error_message = std::nullopt;
  in.skip_tagged_fields();
}

void DeleteTopicsResponse::TopicResult::encode_fields([[maybe_unused]] Encoder& out) const {
  (out.version() >= 6) ? out.nullable_text(name) : out.text(name);
  if (out.version() >= 6) out.uuid(topic_id);
  out.error(error_code);
  if (out.version() >= 5) out.nullable_text(error_message);
  out.no_tagged_fields();
}

void DeleteTopicsResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.version() >= 1 ? in.i32() : 0;
  in.structs(responses);
  in.skip_tagged_fields();
}

void DeleteTopicsResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() >= 1) out.i32(throttle_time_ms);
  out.structs(responses);
  out.no_tagged_fields();
}

bool DeleteTopicsResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void DeleteTopicsResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string DeleteTopicsResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka
