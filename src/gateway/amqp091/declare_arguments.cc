#include "gateway/amqp091/declare_arguments.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <vector>

#include "gateway/amqp091/argument_reader.h"
#include "gateway/amqp091/stream_arguments.h"
#include "wire/amqp091/field_table.h"

namespace millrace::gateway::amqp091 {

namespace wire = ::millrace::wire::amqp091;
using wire::FieldRef;
using wire::FieldTableView;
using wire::FieldTag;
using wire::ReplyCode;

namespace {

constexpr std::string_view kQueueType = kQueueTypeArgument;
constexpr std::string_view kDefaultQueueType = "classic";
constexpr std::string_view kAlternateExchange = "alternate-exchange";
// Taken from quorum queues as well, and without meaning there.
constexpr std::string_view kMaxPriority = "x-max-priority";
constexpr std::string_view kDurability = "x-durability";

constexpr std::string_view kComparedQueueArguments[] = {
    "x-expires",
    "x-message-ttl",
    "x-dead-letter-exchange",
    "x-dead-letter-routing-key",
    "x-dead-letter-strategy",
    "x-max-length",
    "x-max-length-bytes",
    "x-max-in-memory-length",
    "x-max-in-memory-bytes",
    kMaxPriority,
    "x-overflow",
    "x-queue-mode",
    "x-queue-version",
    "x-single-active-consumer",
    kQueueType,
    "x-delivery-limit",
    "x-consumer-timeout",
    kSourceTopicArgument,
    kSourceOffsetArgument,
    "x-max-age",
    "x-stream-max-segment-size-bytes",
    "x-stream-filter-size-bytes",
    "x-initial-cluster-size",
    "x-delayed-retry-type",
    "x-delayed-retry-min",
    "x-delayed-retry-max",
    "x-quorum-initial-group-size",
    "x-queue-leader-locator",
    kDurability,
};
constexpr std::string_view kComparedExchangeArguments[] = {kAlternateExchange};

std::string_view type_text(FieldTag tag) {
  switch (tag) {
    case FieldTag::boolean:
      return "bool";
    case FieldTag::int8:
      return "byte";
    case FieldTag::uint8:
      return "unsignedbyte";
    case FieldTag::int16:
      return "short";
    case FieldTag::uint16:
      return "unsignedshort";
    case FieldTag::int32:
      return "signedint";
    case FieldTag::uint32:
      return "unsignedint";
    case FieldTag::int64:
    case FieldTag::int64_alias:
      return "long";
    case FieldTag::float32:
      return "float";
    case FieldTag::float64:
      return "double";
    case FieldTag::decimal:
      return "decimal";
    case FieldTag::text:
      return "longstr";
    case FieldTag::byte_array:
      return "binary";
    case FieldTag::array:
      return "array";
    case FieldTag::timestamp:
      return "timestamp";
    case FieldTag::table:
      return "table";
    case FieldTag::nothing:
      return "void";
  }
  return "void";
}

std::string value_text(const FieldRef& value) {
  if (const auto flag = value.as_bool()) return *flag ? "true" : "false";
  if (const auto number = value.as_int()) return std::to_string(*number);
  if (const auto number = value.as_double()) return fmt::format("{}", *number);
  if (const auto text = value.as_text()) return std::string(*text);
  return "...";
}

std::string described(const std::optional<FieldRef>& value) {
  if (!value.has_value()) return "none";
  return fmt::format("the value '{}' of type '{}'", value_text(*value), type_text(value->tag));
}

bool same(const std::optional<FieldRef>& a, const std::optional<FieldRef>& b) {
  if (a.has_value() != b.has_value()) return false;
  if (!a.has_value()) return true;
  if (const auto number = a->as_int()) return number == b->as_int();
  if (const auto number = a->as_double()) return number == b->as_double();
  return a->tag == b->tag && bytes::equal(a->payload, b->payload);
}

/// Absent and "classic" are the same type.
bool is_default_type(const std::optional<FieldRef>& value) {
  return !value.has_value() || value->as_text() == kDefaultQueueType;
}

std::optional<Failure> compare(FieldTableView received, FieldTableView current, std::span<const std::string_view> names,
                               std::string_view resource) {
  for (const std::string_view name : names) {
    const auto now = received.find(name);
    const auto then = current.find(name);
    if (same(now, then) || (name == kQueueType && is_default_type(now) && is_default_type(then))) continue;
    if (now.has_value() && then.has_value()) {
      return inequivalent(name, value_text(*now), value_text(*then), resource);
    }
    return Failure{ReplyCode::precondition_failed,
                   fmt::format("inequivalent arg '{}' for {}: received {} but current is {}", name, resource,
                               described(now), described(then))};
  }
  return std::nullopt;
}

QueueType read_queue_type(ArgumentReader& in) {
  const std::string name = in.text(kQueueType).value_or(std::string(kDefaultQueueType));
  const auto type = parse_queue_type(name);
  if (!type.has_value()) in.invalid(kQueueType, fmt::format("\"unsupported queue type '{}'\"", name));
  return type.value_or(QueueType::classic);
}

void check_flags(ArgumentReader& in, QueueType type, const QueueFlags& flags) {
  if (type == QueueType::classic) return;
  if (flags.server_named) {
    in.fail({ReplyCode::precondition_failed,
             fmt::format("Cannot declare a server-named queue for type {}", implementation_name(type))});
  }
  const auto unfit = [&in](std::string_view property) {
    in.fail({ReplyCode::precondition_failed, fmt::format("invalid property '{}' for {}", property, in.resource())});
  };
  if (flags.auto_delete) unfit("auto-delete");
  if (flags.exclusive) unfit("exclusive-owner");
  if (!flags.durable) unfit("non-durable");
}

void read_delivery_limit(ArgumentReader& in, catalog::QueueSettings& settings) {
  const auto limit = in.number("x-delivery-limit", -1);
  if (limit.has_value()) settings.delivery_limit = catalog::delivery_limit_of(*limit);
}

void read_delayed_retry(ArgumentReader& in, catalog::QueueSettings& settings) {
  using catalog::DelayedRetry;
  constexpr std::pair<std::string_view, DelayedRetry> kTypes[] = {{"disabled", DelayedRetry::none},
                                                                  {"all", DelayedRetry::all},
                                                                  {"failed", DelayedRetry::failed},
                                                                  {"returned", DelayedRetry::returned}};
  if (const auto type = in.text("x-delayed-retry-type")) {
    for (const auto& [name, value] : kTypes) {
      if (*type == name) settings.delayed_retry = value;
    }
    if (!settings.delayed_retry.has_value()) in.invalid("x-delayed-retry-type", "invalid_delayed_retry_type");
  }
  settings.retry_min = in.time("x-delayed-retry-min", 1);
  settings.retry_max = in.time("x-delayed-retry-max", 1);
}

/// Moves are exact with either; that is more than was asked for.
void check_dead_letter_strategy(ArgumentReader& in) {
  const auto strategy = in.text("x-dead-letter-strategy");
  if (!strategy.has_value() || *strategy == "at-most-once" || *strategy == "at-least-once") return;
  in.invalid("x-dead-letter-strategy", "invalid_dlx_strategy");
}

void read_overflow(ArgumentReader& in, catalog::QueueSettings& settings) {
  const auto overflow = in.text("x-overflow");
  settings.overflow_given = overflow.has_value();
  if (!overflow.has_value() || *overflow == "drop-head") return;
  if (*overflow == "reject-publish") {
    settings.overflow = catalog::Overflow::reject_publish;
  } else if (*overflow == "reject-publish-dlx") {
    settings.overflow = catalog::Overflow::reject_publish_dead_letter;
  } else {
    in.invalid("x-overflow", "invalid_overflow");
  }
}

void read_priorities(ArgumentReader& in, QueueType type, catalog::QueueSettings& settings) {
  constexpr std::int64_t kMostLevels = 255;
  // Quorum queues have levels, and not of their own choice.
  if (type == QueueType::quorum) settings.max_priority = catalog::kCountingMaxPriority;
  const auto priority = in.number(kMaxPriority, 0);
  if (!priority.has_value()) return;
  if (*priority > kMostLevels) return in.invalid(kMaxPriority, fmt::format("{{max_value_exceeded,{}}}", *priority));
  if (type == QueueType::classic) settings.max_priority = static_cast<std::uint8_t>(*priority);
}

/// What a queue over a topic shows is not its own to order or to drop.
void check_source(ArgumentReader& in) {
  const bool over_topic = in.text(kSourceTopicArgument).has_value();
  if (!over_topic && in.arguments().find(kSourceOffsetArgument).has_value()) {
    in.invalid(kSourceOffsetArgument, "source_offset_but_no_source_topic_defined");
  }
  if (!over_topic) return;
  for (const std::string_view name : {"x-max-length", "x-max-length-bytes", "x-overflow", "x-max-priority"}) {
    if (in.arguments().find(name).has_value()) in.invalid(name, "the queue is over a topic");
  }
}

/// Says of a durable queue what the server's setting says of all others.
void read_durability(ArgumentReader& in, catalog::QueueSettings& settings) {
  const auto durability = in.text(kDurability);
  if (!durability.has_value()) return;
  if (*durability != "sync" && *durability != "os") return in.invalid(kDurability, "\"sync or os\"");
  settings.synced = *durability == "sync";
}

/// How a queue would be stored elsewhere: checked, and without meaning.
void read_storage_hints(ArgumentReader& in) {
  const auto mode = in.text("x-queue-mode");
  if (mode.has_value() && *mode != "default" && *mode != "lazy") {
    in.invalid("x-queue-mode", fmt::format("\"unsupported queue mode '{}'\"", *mode));
  }
  constexpr std::string_view kLocators[] = {"client-local", "balanced", "least-leaders", "random"};
  const auto locator = in.text("x-queue-leader-locator");
  if (locator.has_value() && std::ranges::find(kLocators, *locator) == std::end(kLocators)) {
    in.invalid("x-queue-leader-locator", "invalid_queue_locator_arg");
  }
  const auto version = in.number("x-queue-version", 0);
  if (version.has_value() && *version != 1 && *version != 2) {
    in.invalid("x-queue-version", fmt::format("\"unsupported queue version '{}'\"", *version));
  }
}

}  // namespace

std::string without_line_ends(std::string_view name) {
  std::string clean(name);
  std::erase_if(clean, [](char c) { return c == '\r' || c == '\n'; });
  return clean;
}

void add_usual_type(const catalog::VirtualHost& vhost, const QueueFlags& flags, bytes::ByteVector& arguments) {
  if (!vhost.settings.usual_kind.has_value()) return;
  const auto given = FieldTableView::trusted(arguments);
  if (given.find(kQueueType).has_value()) return;
  const QueueType type = queue_type_of(*vhost.settings.usual_kind);
  const bool kept = flags.durable && !flags.exclusive && !flags.auto_delete;
  if (type != QueueType::classic && !kept) return;
  if (!knows_argument(type, kSourceTopicArgument) && given.find(kSourceTopicArgument).has_value()) return;
  wire::FieldTable more;
  more.add(kQueueType, name_of(type));
  const bytes::ByteVector content = more.content();
  arguments.insert(arguments.end(), content.begin(), content.end());
}

std::optional<Failure> parse_queue_arguments(FieldTableView arguments, const QueueFlags& flags,
                                             std::string_view resource, catalog::Queue& queue) {
  ArgumentReader in(arguments, resource);
  catalog::QueueSettings settings;
  const QueueType type = read_queue_type(in);
  if (auto failure = check_known_arguments(arguments, type, resource)) in.fail(*failure);
  settings.dead_letter_exchange = in.exchange("x-dead-letter-exchange");
  settings.dead_letter_routing_key = in.text("x-dead-letter-routing-key");
  if (settings.dead_letter_routing_key.has_value() && !settings.dead_letter_exchange.has_value()) {
    in.invalid("x-dead-letter-routing-key", "routing_key_but_no_dlx_defined");
  }
  for (const auto* name : {&settings.dead_letter_exchange, &settings.dead_letter_routing_key}) {
    if (name->has_value() && (*name)->size() > wire::kMaxShortstr) in.invalid("x-dead-letter-exchange", "too long");
  }
  if (const auto length = in.number("x-max-length", 0)) settings.max_length = static_cast<std::uint64_t>(*length);
  if (const auto size = in.number("x-max-length-bytes", 0))
    settings.max_length_bytes = static_cast<std::uint64_t>(*size);
  read_overflow(in, settings);
  settings.message_time_to_live = in.time("x-message-ttl", 0);
  settings.expires = in.time("x-expires", 1);
  settings.consumer_timeout = in.time("x-consumer-timeout", 0);
  settings.single_active_consumer = in.flag("x-single-active-consumer");
  read_delivery_limit(in, settings);
  read_storage_hints(in);
  read_durability(in, settings);
  read_delayed_retry(in, settings);
  check_dead_letter_strategy(in);
  read_priorities(in, type, settings);
  read_stream_settings(in, settings);
  check_source(in);
  check_flags(in, type, flags);
  if (in.failure().has_value()) return in.failure();
  queue.kind = kind_of(type);
  queue.settings = std::move(settings);
  return std::nullopt;
}

std::expected<std::optional<std::string>, Failure> parse_alternate_exchange(FieldTableView arguments,
                                                                            std::string_view resource) {
  ArgumentReader in(arguments, resource);
  auto name = in.exchange(kAlternateExchange);
  if (name.has_value() && name->size() > wire::kMaxShortstr) in.invalid(kAlternateExchange, "too long");
  if (in.failure().has_value()) return std::unexpected(*in.failure());
  return name;
}

Failure unacceptable_type(std::string_view name, const FieldRef& value, std::string_view resource) {
  return {ReplyCode::precondition_failed,
          fmt::format("invalid arg '{}' for {}: {{unacceptable_type,{}}}", name, resource, type_text(value.tag))};
}

Failure no_integer(std::string_view name, const FieldRef& value, std::string_view resource) {
  return {ReplyCode::precondition_failed,
          fmt::format("invalid arg '{}' for {}: \"expected integer, got {}\"", name, resource, type_text(value.tag))};
}

std::optional<Failure> compare_queue_arguments(FieldTableView received, FieldTableView current, QueueType type,
                                               std::string_view resource) {
  std::vector<std::string_view> names;
  std::ranges::copy_if(kComparedQueueArguments, std::back_inserter(names), [type](std::string_view name) {
    return knows_argument(type, name) && (type != QueueType::quorum || name != kMaxPriority);
  });
  return compare(received, current, names, resource);
}

std::optional<Failure> compare_exchange_arguments(FieldTableView received, FieldTableView current,
                                                  std::string_view resource) {
  return compare(received, current, kComparedExchangeArguments, resource);
}

std::string_view field_type_text(FieldTag tag) {
  return type_text(tag);
}

std::string field_value_text(const FieldRef& value) {
  return value_text(value);
}

Failure inequivalent(std::string_view name, std::string_view received, std::string_view current,
                     std::string_view resource) {
  return {ReplyCode::precondition_failed, fmt::format("inequivalent arg '{}' for {}: received '{}' but current is '{}'",
                                                      name, resource, received, current)};
}

std::optional<Failure> compare_flag(std::string_view name, bool received, bool current, std::string_view resource) {
  if (received == current) return std::nullopt;
  return inequivalent(name, received ? "true" : "false", current ? "true" : "false", resource);
}

}  // namespace millrace::gateway::amqp091
