// Made by tools/kafka/generate.py from tools/kafka/messages/create_topics.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/create_topics_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void CreateTopicsResponse::Config::decode_fields(Decoder& in) {
  name = in.text();
  value = in.nullable_text();
  read_only = in.boolean();
  config_source = in.i8();
  is_sensitive = in.boolean();
  in.skip_tagged_fields();
}

void CreateTopicsResponse::Config::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.nullable_text(value);
  out.boolean(read_only);
  out.i8(config_source);
  out.boolean(is_sensitive);
  out.no_tagged_fields();
}

void CreateTopicsResponse::Topic::decode_fields(Decoder& in) {
  name = in.text();
  topic_id = in.version() >= 7 ? in.uuid() : Uuid{};
  error_code = in.error();
  if (in.version() >= 1) error_message = in.nullable_text();
  else error_message = std::nullopt;
  num_partitions = in.version() >= 5 ? in.i32() : -1;
  replication_factor = in.version() >= 5 ? in.i16() : std::int16_t{-1};
  if (in.version() >= 5) in.nullable_structs(configs);
  else configs = std::vector<Config>{};
  topic_config_error_code = ErrorCode::none;
  in.tagged_fields([this](std::uint32_t tag, Decoder& field) {
    switch (tag) {
      case 0:
        topic_config_error_code = field.error();
        return true;
      default:
        return false;
    }
  });
}

void CreateTopicsResponse::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  if (out.version() >= 7) out.uuid(topic_id);
  out.error(error_code);
  if (out.version() >= 1) out.nullable_text(error_message);
  if (out.version() >= 5) out.i32(num_partitions);
  if (out.version() >= 5) out.i16(replication_factor);
  if (out.version() >= 5) out.nullable_structs(configs);
  if (!out.flexible()) return;
  const bool has_topic_config_error_code = topic_config_error_code != ErrorCode::none;
  out.uvarint((has_topic_config_error_code ? 1u : 0u));
  if (has_topic_config_error_code) {
    out.tagged_field(0, [this](Encoder& field) { field.error(topic_config_error_code); });
  }
}

void CreateTopicsResponse::decode_fields(Decoder& in) {
  throttle_time_ms = in.version() >= 2 ? in.i32() : 0;
  in.structs(topics);
  in.skip_tagged_fields();
}

void CreateTopicsResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() >= 2) out.i32(throttle_time_ms);
  out.structs(topics);
  out.no_tagged_fields();
}

bool CreateTopicsResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void CreateTopicsResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string CreateTopicsResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka
