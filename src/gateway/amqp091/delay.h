#pragma once

#include <optional>

#include "base/units.h"
#include "wire/amqp091/field_table.h"
#include "wire/amqp091/field_table_view.h"

// What messages say to exchanges of the type x-delayed-message.
namespace millrace::gateway::amqp091 {

namespace wire = ::millrace::wire::amqp091;

/// How long the message asks to wait before it is routed, at most about 49 days; nothing where it does not ask, or for
/// something else.
std::optional<base::Millis> delay_of(wire::FieldTableView headers);
/// The delay is over: its number is below 0 from now on, so that receivers know and nobody delays the message again.
void mark_delayed(wire::FieldTable& headers);

}  // namespace millrace::gateway::amqp091
