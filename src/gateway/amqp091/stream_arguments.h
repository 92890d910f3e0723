#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "broker/consumers.h"
#include "gateway/amqp091/argument_reader.h"
#include "model/properties.h"

namespace millrace::gateway::amqp091 {

/// Header of each delivery of a stream: its offset.
inline constexpr std::string_view kStreamOffsetHeader = "x-stream-offset";
/// Header of a message by which readers of a stream may choose.
inline constexpr std::string_view kFilterValueHeader = "x-stream-filter-value";

/// A time as "7D": a number above 0 and Y, M, D, h, m or s.
std::optional<base::Millis> parse_age(std::string_view text);

/// The arguments of queue.declare that only streams have.
void read_stream_settings(ArgumentReader& in, catalog::QueueSettings& settings);

/// What queue.declare says of the topic that the queue is over.
struct SourceArguments {
  std::string topic;
  broker::StreamStart start;
};
/// Nothing for a queue with messages of its own. The arguments' types were checked.
std::expected<std::optional<SourceArguments>, Failure> read_source(wire::FieldTableView arguments, base::Timestamp now,
                                                                   std::string_view resource);

/// The arguments of a stream's consumer: where it begins and what it gets. `now` is for those that count back.
std::optional<Failure> read_stream_consumer(wire::FieldTableView arguments, base::Timestamp now,
                                            std::string_view resource, const model::NativeCodecs& codecs,
                                            broker::ConsumeOptions& options);

}  // namespace millrace::gateway::amqp091
