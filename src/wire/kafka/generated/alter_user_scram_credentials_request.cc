// Made by tools/kafka/generate.py from tools/kafka/messages/alter_user_scram_credentials.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/alter_user_scram_credentials_request.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void AlterUserScramCredentialsRequest::Deletion::decode_fields(Decoder& in) {
  name = in.text();
  mechanism = in.i8();
  in.skip_tagged_fields();
}

void AlterUserScramCredentialsRequest::Deletion::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.i8(mechanism);
  out.no_tagged_fields();
}

void AlterUserScramCredentialsRequest::Upsertion::decode_fields(Decoder& in) {
  name = in.text();
  mechanism = in.i8();
  iterations = in.i32();
  salt = in.blob();
  salted_password = in.blob();
  in.skip_tagged_fields();
}

void AlterUserScramCredentialsRequest::Upsertion::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.i8(mechanism);
  out.i32(iterations);
  out.blob(salt);
  out.blob(salted_password);
  out.no_tagged_fields();
}

void AlterUserScramCredentialsRequest::decode_fields(Decoder& in) {
  in.structs(deletions);
  in.structs(upsertions);
  in.skip_tagged_fields();
}

void AlterUserScramCredentialsRequest::encode_fields([[maybe_unused]] Encoder& out) const {
  out.structs(deletions);
  out.structs(upsertions);
  out.no_tagged_fields();
}

bool AlterUserScramCredentialsRequest::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void AlterUserScramCredentialsRequest::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string AlterUserScramCredentialsRequest::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka
