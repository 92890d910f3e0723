#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "model/properties.h"
#include "wire/amqp091/field_table.h"
#include "wire/amqp091/properties.h"

namespace millrace::gateway::amqp091 {

namespace wire = ::millrace::wire::amqp091;

/// Reads this gateway's native blocks for the gateways of other protocols.
class NativeCodec final : public model::NativeCodec {
 public:
  /// A damaged block gives empty properties.
  model::Properties to_properties(bytes::ByteView native) const override;
};

/// A header value in no protocol's words. Decimals become floating point, unsigned integers signed ones.
model::Value to_value(const wire::FieldRef& field);
/// The other way round. Texts become long strings, byte strings byte arrays, integers 64 bits wide.
wire::FieldValue to_field(const model::Value& value);
/// Names longer than 255 bytes are left out.
wire::FieldTable to_field_table(const model::ValueTable& table);

/// A time to live as the property "expiration" spells it: a decimal number of milliseconds, at most kMaxExpiry. The
/// error says what is wrong with it, in the words that clients know.
std::expected<base::Millis, std::string> parse_expiration(std::string_view text);

/// Longest time to live of a message or a queue: ten years of 365 days.
inline constexpr base::Millis kMaxExpiry{315'360'000'000};

}  // namespace millrace::gateway::amqp091
