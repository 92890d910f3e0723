#pragma once

#include <optional>
#include <string_view>

#include "bytes/view.h"

namespace millrace::gateway::amqp091 {

/// What this gateway stores of a message beside its body, in the envelope's native block:
///
///     exchange shortstr | routing key shortstr | property block as received
///
/// The first two are, in this order, what basic.publish carries, and the third is what a header frame carries, so both
/// are taken out of the frames as they lie there. The property block was validated when it came in.
struct NativeBlock {
  std::string_view exchange;
  std::string_view routing_key;
  /// At least the two octets of flags.
  bytes::ByteView properties;

  /// Nothing when the block is damaged. Views point into `block`.
  static std::optional<NativeBlock> parse(bytes::ByteView block);
  /// Names are at most 255 bytes.
  void append_to(bytes::ByteVector& out) const;
};

}  // namespace millrace::gateway::amqp091
