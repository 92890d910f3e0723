#pragma once

#include <optional>
#include <string_view>

#include "catalog/objects.h"
#include "gateway/amqp091/errors.h"
#include "wire/amqp091/field_table_view.h"

namespace millrace::gateway::amqp091 {

namespace wire = ::millrace::wire::amqp091;

/// What a queue was declared as. They differ in what they may be declared with, in defaults and in what clients see.
enum class QueueType : std::uint8_t { classic, quorum, stream };

inline constexpr std::string_view kQueueTypeArgument = "x-queue-type";
/// The topic that a queue is over, and where in it the queue begins.
inline constexpr std::string_view kSourceTopicArgument = "x-source-topic";
inline constexpr std::string_view kSourceOffsetArgument = "x-source-offset";

QueueType queue_type_of(catalog::QueueKind kind);
QueueType queue_type_of(const catalog::Queue& queue);
catalog::QueueKind kind_of(QueueType type);
/// As x-queue-type names it; nothing for other names.
std::optional<QueueType> parse_queue_type(std::string_view name);
/// As x-queue-type names it.
std::string_view name_of(QueueType type);
/// As error texts name it.
std::string_view implementation_name(QueueType type);

/// False for an argument of declarations that only other types know.
bool knows_argument(QueueType type, std::string_view name);
/// An argument that only other types know, as declarations and consumers have them; unknown ones are no failure.
std::optional<Failure> check_known_arguments(wire::FieldTableView arguments, QueueType type, std::string_view resource);
std::optional<Failure> check_consumer_arguments(wire::FieldTableView arguments, QueueType type,
                                                std::string_view resource);

}  // namespace millrace::gateway::amqp091
