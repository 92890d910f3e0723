#pragma once

#include <cstdint>
#include <optional>

#include "base/units.h"
#include "bytes/view.h"
#include "model/error.h"

namespace millrace::model {

/// Which gateway wrote the native block of an envelope. Stored: never renumber.
enum class Protocol : std::uint8_t {
  none = 0,
  amqp091 = 1,
  kafka = 2,
  mqtt = 3,
  stomp = 4,
  amqp10 = 5,
  openwire = 6,
  rocketmq = 7
};

/// What the broker must know of a message, beside key and value, in no protocol's words; plus the sender's own property
/// block, kept opaque so that a receiver of the same protocol gets it back byte for byte.
///
/// Stored as the first header of each record of an enveloped batch, with the key kEnvelopeKey:
///
///     version u8 = 1 | protocol u8 | flags u8 | [priority u8] | [expiry: time-to-live, uvarint ms]
///     | [death count uvarint] | [size of the hidden block, uvarint] | native block | hidden block (to the end)
struct Envelope {
  Protocol protocol = Protocol::none;
  bool persistent = true;
  std::optional<std::uint8_t> priority;
  /// Time to live from the moment of the append.
  std::optional<base::Millis> time_to_live;
  /// How often this message was dead-lettered.
  std::uint64_t death_count = 0;
  /// Opaque to all but its protocol.
  bytes::ByteView native{};
  /// The same, for what no receiver gets to see.
  bytes::ByteView hidden{};
};

constexpr std::string_view kEnvelopeKey = "\x01mr";

/// Writes everything before the native block; this block and the hidden one follow it. At most kMaxEnvelopeHead bytes.
void append_envelope_head(bytes::ByteVector& out, const Envelope& envelope);
constexpr std::size_t kMaxEnvelopeHead = 32;
/// The same into a buffer of kMaxEnvelopeHead bytes; returns how many were written.
std::size_t write_envelope_head(std::uint8_t* to, const Envelope& envelope);

Result<Envelope> parse_envelope(bytes::ByteView header_value);

}  // namespace millrace::model
