#include "wire/kafka/legacy_message_set.h"

#include <fmt/format.h>
#include <zlib.h>

#include "bytes/compression.h"
#include "bytes/reader.h"

namespace millrace::wire::kafka {

namespace {

constexpr std::size_t kMagicPosition = 16;
constexpr std::uint8_t kCompressionMask = 0x07;
constexpr std::uint8_t kLogAppendTime = 0x08;

struct Entry {
  LegacyMessage message;
  std::uint8_t attributes = 0;
};

/// Reads entries of one level: the set itself, or the content of a compressed entry.
class SetReader {
 public:
  SetReader(LegacyMessageSet& out, const LegacyLimits& limits) : out_(out), limits_(limits) {}

  base::Result<void, LegacyError> read(bytes::ByteView input, bool inside_wrapper) {
    bytes::Reader in(input);
    while (!in.at_end()) {
      auto entry = read_entry(in);
      if (!entry) return std::unexpected(std::move(entry.error()));
      if ((entry->attributes & kCompressionMask) != 0) {
        if (inside_wrapper) return base::fail(LegacyErrc::bad_compression, "a compressed entry inside another");
        if (auto unwrapped = unwrap(*entry); !unwrapped) return unwrapped;
      } else {
        if (out_.messages.size() >= limits_.max_messages) {
          return base::fail(LegacyErrc::too_large, fmt::format("more than {} messages", limits_.max_messages));
        }
        out_.messages.push_back(entry->message);
      }
    }
    return {};
  }

 private:
  static base::Result<Entry, LegacyError> read_entry(bytes::Reader& in) {
    Entry entry;
    LegacyMessage& message = entry.message;
    message.offset = in.i64();
    const std::int32_t size = in.i32();
    if (!in.ok() || size < 0) return base::fail(LegacyErrc::truncated, "an entry without its header");
    bytes::Reader body(in.view(static_cast<std::uint64_t>(size)));
    if (!in.ok()) return base::fail(LegacyErrc::truncated, "an entry ends after its message set");
    const std::uint32_t crc = body.u32();
    const bytes::ByteView checked = body.rest();
    message.magic = body.i8();
    entry.attributes = body.u8();
    if (!body.ok()) return base::fail(LegacyErrc::truncated, "an entry too short for its fields");
    if (message.magic != 0 && message.magic != 1) {
      return base::fail(LegacyErrc::bad_magic, fmt::format("magic {} in a message set", message.magic));
    }
    if (::crc32_z(0, checked.data(), checked.size()) != crc) {
      return base::fail(LegacyErrc::bad_checksum, fmt::format("wrong CRC at offset {}", message.offset));
    }
    if (message.magic == 1) {
      message.timestamp = body.i64();
      message.log_append_time = (entry.attributes & kLogAppendTime) != 0;
    }
    message.key = nullable(body);
    message.value = nullable(body);
    if (!body.ok() || !body.at_end())
      return base::fail(LegacyErrc::truncated, "an entry's fields do not fill its size");
    return entry;
  }

  static std::optional<bytes::ByteView> nullable(bytes::Reader& in) {
    const std::int32_t length = in.i32();
    if (length == -1) return std::nullopt;
    if (length < 0) in.fail();
    return in.view(static_cast<std::uint64_t>(length));
  }

  base::Result<void, LegacyError> unwrap(const Entry& wrapper) {
    const auto codec = static_cast<bytes::Compression>(wrapper.attributes & kCompressionMask);
    if (codec > bytes::Compression::lz4) return base::fail(LegacyErrc::unsupported_codec, "not a codec of this format");
    if (!wrapper.message.value) return base::fail(LegacyErrc::bad_compression, "a compressed entry without a value");
    auto content = bytes::decompress(codec, *wrapper.message.value,
                                     base::Bytes(limits_.max_decompressed.value - decompressed_bytes_));
    if (!content) {
      const bool too_large = content.error().code == bytes::CompressionErrc::too_large;
      return base::fail(too_large ? LegacyErrc::too_large : LegacyErrc::bad_compression, content.error().detail);
    }
    decompressed_bytes_ += content->size();
    out_.decompressed.push_back(std::move(*content));
    const std::size_t first = out_.messages.size();
    if (auto inner = read(out_.decompressed.back(), true); !inner) return inner;
    inherit(wrapper.message, first);
    return {};
  }

  /// A wrapper that the log has stamped stamps all its messages.
  void inherit(const LegacyMessage& wrapper, std::size_t first) {
    if (!wrapper.log_append_time) return;
    for (std::size_t i = first; i < out_.messages.size(); ++i) {
      out_.messages[i].timestamp = wrapper.timestamp;
      out_.messages[i].log_append_time = true;
    }
  }

  LegacyMessageSet& out_;
  const LegacyLimits& limits_;
  std::uint64_t decompressed_bytes_ = 0;
};

}  // namespace

base::Result<LegacyMessageSet, LegacyError> decode_legacy_message_set(bytes::ByteView input,
                                                                      const LegacyLimits& limits) {
  LegacyMessageSet result;
  if (auto read = SetReader(result, limits).read(input, false); !read) {
    return std::unexpected(std::move(read.error()));
  }
  return result;
}

std::optional<std::int8_t> peek_magic(bytes::ByteView records) {
  if (records.size() <= kMagicPosition) return std::nullopt;
  return static_cast<std::int8_t>(records[kMagicPosition]);
}

}  // namespace millrace::wire::kafka
