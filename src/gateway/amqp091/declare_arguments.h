#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "catalog/objects.h"
#include "gateway/amqp091/errors.h"
#include "gateway/amqp091/queue_types.h"
#include "wire/amqp091/field_table_view.h"

namespace millrace::gateway::amqp091 {

/// The name as methods that make, bind or delete something take it: line ends, which come from files of names, are not
/// part of it. Other methods take names as they are; RabbitMQ does the same.
std::string without_line_ends(std::string_view name);

namespace wire = ::millrace::wire::amqp091;

/// Properties of a queue.declare that its arguments must fit to.
struct QueueFlags {
  bool durable = false;
  bool exclusive = false;
  bool auto_delete = false;
  bool server_named = false;
};

/// Adds x-queue-type to arguments that do not have it, where the virtual host has a type for queues without one and the
/// queue may be of it. For new queues and those that are there alike: what is compared has the type in it.
void add_usual_type(const catalog::VirtualHost& vhost, const QueueFlags& flags, bytes::ByteVector& arguments);

/// Reads the x- arguments of queue.declare into `queue`: its kind and settings. Unknown ones are kept by the caller and
/// mean nothing. `resource` is the queue for error texts.
std::optional<Failure> parse_queue_arguments(wire::FieldTableView arguments, const QueueFlags& flags,
                                             std::string_view resource, catalog::Queue& queue);

/// Reads alternate-exchange; nothing when it is not there.
std::expected<std::optional<std::string>, Failure> parse_alternate_exchange(wire::FieldTableView arguments,
                                                                            std::string_view resource);

/// An argument that must have another type.
Failure unacceptable_type(std::string_view name, const wire::FieldRef& value, std::string_view resource);

/// The same for what must be a number.
Failure no_integer(std::string_view name, const wire::FieldRef& value, std::string_view resource);

/// Compares what redeclarations compare; says what differs, if anything. Numbers are equal when their values are,
/// whatever their widths. Of a queue, what its type does not know does not count.
std::optional<Failure> compare_queue_arguments(wire::FieldTableView received, wire::FieldTableView current,
                                               QueueType type, std::string_view resource);
std::optional<Failure> compare_exchange_arguments(wire::FieldTableView received, wire::FieldTableView current,
                                                  std::string_view resource);
std::optional<Failure> compare_flag(std::string_view name, bool received, bool current, std::string_view resource);

/// The name of a value's type and the value itself, as error texts have them.
std::string_view field_type_text(wire::FieldTag tag);
std::string field_value_text(const wire::FieldRef& value);
Failure inequivalent(std::string_view name, std::string_view received, std::string_view current,
                     std::string_view resource);

}  // namespace millrace::gateway::amqp091
