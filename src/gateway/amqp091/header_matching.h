#pragma once

#include <expected>

#include "broker/exchange_types.h"
#include "gateway/amqp091/errors.h"
#include "model/header_match.h"
#include "wire/amqp091/field_table_view.h"
#include "wire/amqp091/properties.h"

namespace millrace::gateway::amqp091 {

/// Appends the value in comparable form. Equal are values that RabbitMQ's headers exchange takes for equal: the types
/// of numbers do not matter, nor whether a text came as a long string or as a byte array.
void append_comparable(bytes::ByteVector& out, const wire::FieldRef& value);
/// All of a message's headers, as often as they are there.
void append_headers(model::HeaderList& out, wire::FieldTableView headers);

/// What a header or property counts as for an exchange that spreads by hash, as RabbitMQ 4 has it: an integer is
/// itself, texts, booleans and floats have their Erlang hash, and so has what is not there.
std::int64_t hash_number(const wire::BasicProperties& properties, catalog::HashSource source, std::string_view header);

/// What the arguments of a binding to a headers exchange ask for: x-match is "all" (also when it is not there), "any",
/// "all-with-x" or "any-with-x"; arguments that begin with "x-" count with the last two only; a void value asks for
/// presence.
std::expected<model::HeaderMatch, Failure> parse_header_match(wire::FieldTableView arguments);

/// The arguments of a binding in the order of their names: in which order they were given does not tell bindings apart.
bytes::ByteVector sorted_arguments(wire::FieldTableView arguments);

/// A message that is being published, for exchanges that look at its headers.
class PropertyFacts final : public broker::MessageFacts {
 public:
  explicit PropertyFacts(const wire::BasicProperties& properties) : properties_(properties) {}
  void headers(model::HeaderList& out) const override {
    if (properties_.headers.has_value()) append_headers(out, *properties_.headers);
  }
  std::int64_t hash_number(catalog::HashSource source, std::string_view header) const override {
    return amqp091::hash_number(properties_, source, header);
  }
  /// Of the header kRecordKeyHeader.
  std::optional<bytes::ByteView> record_key() const override;

 private:
  const wire::BasicProperties& properties_;
};

}  // namespace millrace::gateway::amqp091
