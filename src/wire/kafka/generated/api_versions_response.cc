// Made by tools/kafka/generate.py from tools/kafka/messages/api_versions.txt; change that and run it again.

// clang-format off
#include "wire/kafka/generated/api_versions_response.h"

#include "wire/kafka/message.h"

namespace millrace::wire::kafka {

void ApiVersionsResponse::ApiVersion::decode_fields(Decoder& in) {
  api_key = in.i16();
  min_version = in.i16();
  max_version = in.i16();
  in.skip_tagged_fields();
}

void ApiVersionsResponse::ApiVersion::encode_fields([[maybe_unused]] Encoder& out) const {
  out.i16(api_key);
  out.i16(min_version);
  out.i16(max_version);
  out.no_tagged_fields();
}

void ApiVersionsResponse::SupportedFeatureKey::decode_fields(Decoder& in) {
  name = in.text();
  min_version = in.i16();
  max_version = in.i16();
  in.skip_tagged_fields();
}

void ApiVersionsResponse::SupportedFeatureKey::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.i16(min_version);
  out.i16(max_version);
  out.no_tagged_fields();
}

void ApiVersionsResponse::FinalizedFeatureKey::decode_fields(Decoder& in) {
  name = in.text();
  max_version_level = in.i16();
  min_version_level = in.i16();
  in.skip_tagged_fields();
}

void ApiVersionsResponse::FinalizedFeatureKey::encode_fields([[maybe_unused]] Encoder& out) const {
  out.text(name);
  out.i16(max_version_level);
  out.i16(min_version_level);
  out.no_tagged_fields();
}

void ApiVersionsResponse::decode_fields(Decoder& in) {
  error_code = in.error();
  in.structs(api_keys);
  throttle_time_ms = in.version() >= 1 ? in.i32() : 0;
  supported_features.clear();
  finalized_features_epoch = -1;
  finalized_features.clear();
  zk_migration_ready = false;
  in.tagged_fields([this](std::uint32_t tag, Decoder& field) {
    switch (tag) {
      case 0:
        field.structs(supported_features);
        return true;
      case 1:
        finalized_features_epoch = field.i64();
        return true;
      case 2:
        field.structs(finalized_features);
        return true;
      case 3:
        zk_migration_ready = field.boolean();
        return true;
      default:
        return false;
    }
  });
}

void ApiVersionsResponse::encode_fields([[maybe_unused]] Encoder& out) const {
  out.error(error_code);
  out.structs(api_keys);
  if (out.version() >= 1) out.i32(throttle_time_ms);
  if (!out.flexible()) return;
  const bool has_supported_features = !supported_features.empty();
  const bool has_finalized_features_epoch = finalized_features_epoch != -1;
  const bool has_finalized_features = !finalized_features.empty();
  const bool has_zk_migration_ready = zk_migration_ready != false;
  out.uvarint((has_supported_features ? 1u : 0u) + (has_finalized_features_epoch ? 1u : 0u) + (has_finalized_features ? 1u : 0u) + (has_zk_migration_ready ? 1u : 0u));
  if (has_supported_features) {
    out.tagged_field(0, [this](Encoder& field) { field.structs(supported_features); });
  }
  if (has_finalized_features_epoch) {
    out.tagged_field(1, [this](Encoder& field) { field.i64(finalized_features_epoch); });
  }
  if (has_finalized_features) {
    out.tagged_field(2, [this](Encoder& field) { field.structs(finalized_features); });
  }
  if (has_zk_migration_ready) {
    out.tagged_field(3, [this](Encoder& field) { field.boolean(zk_migration_ready); });
  }
}

bool ApiVersionsResponse::decode(bytes::Reader& reader, std::int16_t wire_version) {
  return decode_message(*this, reader, wire_version);
}

void ApiVersionsResponse::encode(bytes::Writer& writer, std::int16_t wire_version) const {
  encode_message(*this, writer, wire_version, nullptr);
}

std::string ApiVersionsResponse::to_text() const { return message_text(*this); }

}  // namespace millrace::wire::kafka
