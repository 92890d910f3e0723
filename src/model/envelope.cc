#include "model/envelope.h"

#include "bytes/reader.h"
#include "bytes/varint.h"

namespace millrace::model {

namespace {

constexpr std::uint8_t kEnvelopeVersion = 1;
constexpr std::uint8_t kPersistent = 1;
constexpr std::uint8_t kHasPriority = 2;
constexpr std::uint8_t kHasTimeToLive = 4;
constexpr std::uint8_t kHasDeaths = 8;
constexpr std::uint8_t kHasHidden = 16;

}  // namespace

std::size_t write_envelope_head(std::uint8_t* const begin, const Envelope& envelope) {
  std::uint8_t* to = begin;
  *to++ = kEnvelopeVersion;
  *to++ = static_cast<std::uint8_t>(envelope.protocol);
  std::uint8_t flags = 0;
  if (envelope.persistent) flags |= kPersistent;
  if (envelope.priority.has_value()) flags |= kHasPriority;
  if (envelope.time_to_live.has_value()) flags |= kHasTimeToLive;
  if (envelope.death_count > 0) flags |= kHasDeaths;
  if (!envelope.hidden.empty()) flags |= kHasHidden;
  *to++ = flags;
  if (envelope.priority.has_value()) *to++ = *envelope.priority;
  if (envelope.time_to_live.has_value()) {
    to = bytes::put_uvarint(to, static_cast<std::uint64_t>(envelope.time_to_live->value));
  }
  if (envelope.death_count > 0) to = bytes::put_uvarint(to, envelope.death_count);
  if (!envelope.hidden.empty()) to = bytes::put_uvarint(to, envelope.hidden.size());
  return static_cast<std::size_t>(to - begin);
}

void append_envelope_head(bytes::ByteVector& out, const Envelope& envelope) {
  std::uint8_t head[kMaxEnvelopeHead];
  out.insert(out.end(), head, head + write_envelope_head(head, envelope));
}

Result<Envelope> parse_envelope(bytes::ByteView header_value) {
  bytes::Reader in(header_value);
  if (in.u8() != kEnvelopeVersion) return base::fail(ModelErrc::bad_record, "unknown envelope version");
  Envelope envelope;
  const std::uint8_t protocol = in.u8();
  if (protocol > static_cast<std::uint8_t>(Protocol::rocketmq)) {
    return base::fail(ModelErrc::bad_record, "unknown protocol in envelope");
  }
  envelope.protocol = static_cast<Protocol>(protocol);
  const std::uint8_t flags = in.u8();
  envelope.persistent = (flags & kPersistent) != 0;
  if ((flags & kHasPriority) != 0) envelope.priority = in.u8();
  if ((flags & kHasTimeToLive) != 0) {
    const std::uint64_t ttl = in.uvarint();
    if (ttl > static_cast<std::uint64_t>(INT64_MAX)) in.fail();
    envelope.time_to_live = base::Millis(static_cast<std::int64_t>(ttl));
  }
  if ((flags & kHasDeaths) != 0) envelope.death_count = in.uvarint();
  const std::uint64_t hidden = (flags & kHasHidden) != 0 ? in.uvarint() : 0;
  if (!in.ok() || hidden > in.remaining()) return base::fail(ModelErrc::truncated, "envelope is cut short");
  const bytes::ByteView blocks = in.rest();
  envelope.native = blocks.first(blocks.size() - hidden);
  envelope.hidden = blocks.last(hidden);
  return envelope;
}

}  // namespace millrace::model
