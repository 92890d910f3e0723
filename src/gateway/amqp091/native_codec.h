#pragma once

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

/// A time to live as the property "expiration" spells it: decimal digits, milliseconds. Nothing when it is none.
std::optional<base::Millis> parse_expiration(std::string_view text);

}  // namespace millrace::gateway::amqp091
