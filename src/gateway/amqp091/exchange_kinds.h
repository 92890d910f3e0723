#pragma once

#include <optional>
#include <string_view>

#include "catalog/objects.h"
#include "gateway/amqp091/errors.h"
#include "wire/amqp091/field_table_view.h"

// The types of exchanges: their names, and what they ask of declarations and bindings.
namespace millrace::gateway::amqp091 {

/// The type of a declaration; one that delays names in its arguments how it routes.
std::optional<Failure> read_exchange_type(std::string_view name, wire::FieldTableView arguments,
                                          catalog::Exchange& exchange);
std::string_view exchange_type_name(const catalog::Exchange& exchange);

/// Reads the arguments that the exchange's type knows; something when they do not fit.
std::optional<Failure> read_type_arguments(wire::FieldTableView arguments, catalog::Exchange& exchange);

/// Completes a binding of this source; something when it does not fit. `destination_queue` is null for an exchange.
std::optional<Failure> complete_binding(const catalog::Exchange& source, const catalog::Queue* destination_queue,
                                        catalog::Binding& binding);

}  // namespace millrace::gateway::amqp091
