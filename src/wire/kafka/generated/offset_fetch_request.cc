// Made by tools/kafka/generate.py from tools/kafka/messages/offset_fetch.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/offset_fetch_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void OffsetFetchRequest::Topic::decode_fields(Decoder& in) {
  name = in.text();
  in.array(partition_indexes);
  in.skip_tagged_fields();
}

void OffsetFetchRequest::Topic::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.array(partition_indexes);
  out.no_tagged_fields();
}

void OffsetFetchRequest::GroupTopic::decode_fields(Decoder& in) {
  name = in.version() <= 9 ? in.text() : Text{};
  topic_id = in.version() >= 10 ? in.uuid() : Uuid{};
  in.array(partition_indexes);
  in.skip_tagged_fields();
}

void OffsetFetchRequest::GroupTopic::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() <= 9) out.text(name);
  if (out.version() >= 10) out.uuid(topic_id);
  out.array(partition_indexes);
  out.no_tagged_fields();
}

void OffsetFetchRequest::Group::decode_fields(Decoder& in) {
  group_id = in.text();
  if (in.version() >= 9) member_id = in.nullable_text();
  else member_id = std::nullopt;
  member_epoch = in.version() >= 9 ? in.i32() : -1;
  in.nullable_structs(topics);
  in.skip_tagged_fields();
}

void OffsetFetchRequest::Group::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(group_id);
  if (out.version() >= 9) out.nullable_text(member_id);
  if (out.version() >= 9) out.i32(member_epoch);
  out.nullable_structs(topics);
  out.no_tagged_fields();
}

void OffsetFetchRequest::decode_fields(Decoder& in) {
  group_id = in.version() <= 7 ? in.text() : Text{};
  if (in.version() <= 7) (in.version() >= 2) ? in.nullable_structs(topics) : in.structs(topics);
  else topics = std::vector<Topic>{};
  if (in.version() >= 8) in.structs(groups);
  else groups.clear();
  require_stable = in.version() >= 7 ? in.boolean() : false;
  in.skip_tagged_fields();
}

void OffsetFetchRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  if (out.version() <= 7) out.text(group_id);
  if (out.version() <= 7) (out.version() >= 2) ? out.nullable_structs(topics) : out.structs(topics);
  if (out.version() >= 8) out.structs(groups);
  if (out.version() >= 7) out.boolean(require_stable);
  out.no_tagged_fields();
}

bool OffsetFetchRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void OffsetFetchRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string OffsetFetchRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka
