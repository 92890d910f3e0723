#include "gateway/amqp091/queue_types.h"

#include <fmt/core.h>

#include <algorithm>
#include <span>

namespace millrace::gateway::amqp091 {

namespace {

constexpr unsigned kClassic = 1U << static_cast<unsigned>(QueueType::classic);
constexpr unsigned kQuorum = 1U << static_cast<unsigned>(QueueType::quorum);
constexpr unsigned kStream = 1U << static_cast<unsigned>(QueueType::stream);

struct KnownArgument {
  std::string_view name;
  unsigned types;
};

constexpr KnownArgument kQueueArguments[] = {
    {"x-expires", kClassic | kQuorum},
    {"x-message-ttl", kClassic | kQuorum},
    {"x-dead-letter-exchange", kClassic | kQuorum},
    {"x-dead-letter-routing-key", kClassic | kQuorum},
    {"x-dead-letter-strategy", kQuorum},
    {"x-max-length", kClassic | kQuorum},
    {"x-max-length-bytes", kClassic | kQuorum | kStream},
    {"x-max-in-memory-length", kQuorum},
    {"x-max-in-memory-bytes", kQuorum},
    // Newer servers take it for quorum queues, whose levels do not depend on it.
    {"x-max-priority", kClassic | kQuorum},
    {"x-overflow", kClassic | kQuorum},
    {"x-queue-mode", kClassic},
    {"x-queue-version", kClassic},
    {"x-single-active-consumer", kClassic | kQuorum},
    {"x-delivery-limit", kQuorum},
    // Newer servers know it for quorum queues only, older ones for classic queues as well.
    {"x-consumer-timeout", kClassic | kQuorum},
    {"x-delayed-retry-type", kQuorum},
    {"x-delayed-retry-min", kQuorum},
    {"x-delayed-retry-max", kQuorum},
    {kSourceTopicArgument, kClassic | kQuorum},
    {kSourceOffsetArgument, kClassic | kQuorum},
    {"x-max-age", kStream},
    {"x-stream-max-segment-size-bytes", kStream},
    {"x-stream-filter-size-bytes", kStream},
    {"x-initial-cluster-size", kStream},
    {"x-quorum-initial-group-size", kQuorum},
    {"x-quorum-target-group-size", kQuorum},
    {"x-queue-leader-locator", kQuorum | kStream},
    {"x-queue-master-locator", kClassic},
};

constexpr KnownArgument kConsumerArguments[] = {
    {"x-priority", kClassic | kQuorum},         {"x-cancel-on-ha-failover", kClassic}, {"x-credit", kClassic | kQuorum},
    {"x-consumer-timeout", kClassic | kQuorum}, {"x-stream-offset", kStream},          {"x-stream-filter", kStream},
    {"x-stream-match-unfiltered", kStream},
};

bool knows(std::span<const KnownArgument> known, QueueType type, std::string_view name) {
  const auto found = std::ranges::find(known, name, &KnownArgument::name);
  return found == known.end() || (found->types & (1U << static_cast<unsigned>(type))) != 0;
}

std::optional<Failure> check(wire::FieldTableView arguments, std::span<const KnownArgument> known, QueueType type,
                             std::string_view resource) {
  for (const auto& entry : arguments) {
    if (knows(known, type, entry.name)) continue;
    return Failure{wire::ReplyCode::precondition_failed, fmt::format("invalid arg '{}' for {} of queue type {}",
                                                                     entry.name, resource, implementation_name(type))};
  }
  return std::nullopt;
}

}  // namespace

QueueType queue_type_of(catalog::QueueKind kind) {
  switch (kind) {
    case catalog::QueueKind::stream:
      return QueueType::stream;
    case catalog::QueueKind::counting:
      return QueueType::quorum;
    case catalog::QueueKind::ordinary:
      break;
  }
  return QueueType::classic;
}

QueueType queue_type_of(const catalog::Queue& queue) {
  return queue_type_of(queue.kind);
}

catalog::QueueKind kind_of(QueueType type) {
  switch (type) {
    case QueueType::stream:
      return catalog::QueueKind::stream;
    case QueueType::quorum:
      return catalog::QueueKind::counting;
    case QueueType::classic:
      break;
  }
  return catalog::QueueKind::ordinary;
}

std::string_view name_of(QueueType type) {
  switch (type) {
    case QueueType::stream:
      return "stream";
    case QueueType::quorum:
      return "quorum";
    case QueueType::classic:
      break;
  }
  return "classic";
}

std::optional<QueueType> parse_queue_type(std::string_view name) {
  for (const QueueType type : {QueueType::classic, QueueType::quorum, QueueType::stream}) {
    if (name == name_of(type)) return type;
  }
  return std::nullopt;
}

std::string_view implementation_name(QueueType type) {
  switch (type) {
    case QueueType::stream:
      return "rabbit_stream_queue";
    case QueueType::quorum:
      return "rabbit_quorum_queue";
    case QueueType::classic:
      break;
  }
  return "rabbit_classic_queue";
}

bool knows_argument(QueueType type, std::string_view name) {
  return knows(kQueueArguments, type, name);
}

std::optional<Failure> check_known_arguments(wire::FieldTableView arguments, QueueType type,
                                             std::string_view resource) {
  return check(arguments, kQueueArguments, type, resource);
}

std::optional<Failure> check_consumer_arguments(wire::FieldTableView arguments, QueueType type,
                                                std::string_view resource) {
  return check(arguments, kConsumerArguments, type, resource);
}

}  // namespace millrace::gateway::amqp091
