#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "bytes/view.h"

// The message formats before record batch v2 (magic 0 and 1), which Produce up to version 2 carries
// (Kafka documentation, "Old Message Format"). One entry is
//
//   offset int64 | size int32 | crc int32 | magic int8 | attributes int8 | [magic 1: timestamp int64] | key | value
//
// with key and value as int32 length (-1: null) and bytes; crc is CRC-32 (IEEE) of all that follows it. Attributes:
// bits 0-2 compression (none, gzip, snappy, lz4), bit 3 timestamp type. The value of a compressed entry is a message
// set.
namespace millrace::wire::kafka {

struct LegacyMessage {
  /// As the producer sent it, mostly counting from 0; the log assigns the real one.
  std::int64_t offset = 0;
  /// Milliseconds since 1970; -1 in magic 0.
  std::int64_t timestamp = -1;
  bool log_append_time = false;
  std::int8_t magic = 0;
  std::optional<bytes::ByteView> key;
  std::optional<bytes::ByteView> value;
};

/// Messages point into the input, or into `decompressed`, which has to live as long.
struct LegacyMessageSet {
  std::vector<LegacyMessage> messages;
  std::vector<bytes::ByteVector> decompressed;
};

enum class LegacyErrc {
  truncated,          // an entry ends after the input, or a field after its entry
  bad_checksum,       // CRC mismatch
  bad_magic,          // neither 0 nor 1
  unsupported_codec,  // not one of none, gzip, snappy, lz4
  bad_compression,    // damaged compressed data, or a wrapper inside a wrapper
  too_large,          // over a limit
};
using LegacyError = base::ErrorOf<LegacyErrc>;

struct LegacyLimits {
  /// Of all wrappers in the set together.
  base::Bytes max_decompressed = base::mib(128);
  std::size_t max_messages = 1'000'000;
};

base::Result<LegacyMessageSet, LegacyError> decode_legacy_message_set(bytes::ByteView input,
                                                                      const LegacyLimits& limits = {});

/// The magic byte of the first entry of Produce's record data (it has the same place in all three formats), or nothing
/// when the data is too short to have one.
std::optional<std::int8_t> peek_magic(bytes::ByteView records);

}  // namespace millrace::wire::kafka
