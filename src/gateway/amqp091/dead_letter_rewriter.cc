#include "gateway/amqp091/dead_letter_rewriter.h"

#include <algorithm>

#include "gateway/amqp091/delay.h"
#include "gateway/amqp091/header_matching.h"
#include "gateway/amqp091/more_keys.h"
#include "gateway/amqp091/native_block.h"
#include "gateway/amqp091/native_codec.h"
#include "wire/amqp091/field_table.h"
#include "wire/amqp091/properties.h"

namespace millrace::gateway::amqp091 {

namespace wire = ::millrace::wire::amqp091;

namespace {

constexpr std::string_view kDeaths = "x-death";

std::string_view reason_text(broker::DeathReason reason) {
  switch (reason) {
    case broker::DeathReason::rejected:
      return "rejected";
    case broker::DeathReason::expired:
      return "expired";
    case broker::DeathReason::max_length:
      return "maxlen";
    case broker::DeathReason::delivery_limit:
      return "delivery_limit";
    case broker::DeathReason::due:
      break;  // is no death
  }
  return "rejected";
}

std::optional<broker::DeathReason> parse_reason(std::string_view text) {
  using broker::DeathReason;
  for (const auto reason :
       {DeathReason::rejected, DeathReason::expired, DeathReason::max_length, DeathReason::delivery_limit}) {
    if (reason_text(reason) == text) return reason;
  }
  return std::nullopt;
}

bool has_text(const wire::FieldTable& table, std::string_view name, std::string_view text) {
  const wire::FieldValue* value = table.find(name);
  const std::string* found = value == nullptr ? nullptr : value->get_if<std::string>();
  return found != nullptr && *found == text;
}

struct Dying {
  NativeBlock block;
  std::optional<std::string_view> expiration;
  std::vector<std::string_view> copies;
};

wire::FieldTable first_entry(const Dying& message, const broker::DeathInfo& death) {
  wire::FieldTable entry;
  entry.add("count", std::int64_t{1});
  entry.add("reason", reason_text(death.reason));
  entry.add("queue", std::string_view(death.queue));
  const auto seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(death.time.value, 0) / 1000);
  entry.add("time", wire::FieldTimestamp{seconds});
  entry.add("exchange", message.block.exchange);
  wire::FieldArray keys;
  keys.emplace_back(message.block.routing_key);
  for (const std::string_view key : message.copies) keys.emplace_back(key);
  entry.add("routing-keys", std::move(keys));
  if (message.expiration.has_value()) entry.add("original-expiration", *message.expiration);
  return entry;
}

/// The deaths with this one in front: an entry of the same queue and reason counts one more and keeps its time.
wire::FieldArray with_death(wire::FieldArray deaths, const Dying& message, const broker::DeathInfo& death) {
  const auto same = std::find_if(deaths.begin(), deaths.end(), [&death](const wire::FieldValue& value) {
    const auto* entry = value.get_if<wire::FieldTable>();
    return entry != nullptr && has_text(*entry, "queue", death.queue) &&
           has_text(*entry, "reason", reason_text(death.reason));
  });
  if (same == deaths.end()) {
    deaths.insert(deaths.begin(), wire::FieldValue(first_entry(message, death)));
    return deaths;
  }
  auto* entry = same->get_if<wire::FieldTable>();
  const wire::FieldValue* counted = entry->find("count");
  const std::int64_t count = counted == nullptr ? 1 : counted->as_int().value_or(1);
  entry->set("count", count == std::numeric_limits<std::int64_t>::max() ? count : count + 1);
  std::rotate(deaths.begin(), same, same + 1);
  return deaths;
}

void record_death(wire::FieldTable& headers, const Dying& message, const broker::DeathInfo& death) {
  wire::FieldArray deaths;
  if (wire::FieldValue* found = headers.find(kDeaths); found != nullptr) {
    if (auto* array = found->get_if<wire::FieldArray>()) deaths = std::move(*array);
  }
  headers.set(kDeaths, with_death(std::move(deaths), message, death));
  const std::string_view reason = reason_text(death.reason);
  if (headers.find("x-first-death-reason") == nullptr) {
    headers.set("x-first-death-exchange", message.block.exchange);
    headers.set("x-first-death-queue", std::string_view(death.queue));
    headers.set("x-first-death-reason", reason);
  }
  headers.set("x-last-death-exchange", message.block.exchange);
  headers.set("x-last-death-queue", std::string_view(death.queue));
  headers.set("x-last-death-reason", reason);
}

}  // namespace

std::string DeadLetterRewriter::routing_key(bytes::ByteView native) const {
  const auto block = NativeBlock::parse(native);
  return block.has_value() ? std::string(block->routing_key) : std::string();
}

std::vector<std::string> DeadLetterRewriter::extra_routing_keys(bytes::ByteView native, bytes::ByteView hidden) const {
  MoreKeys more;
  const auto block = NativeBlock::parse(native);
  const auto properties = wire::BasicProperties::decode(block.has_value() ? block->properties : bytes::ByteView{});
  if (properties.has_value() && properties->headers.has_value()) (void)more.read(*properties->headers);
  more.read_hidden(hidden);
  return {more.keys.begin(), more.keys.end()};
}

std::vector<broker::Death> DeadLetterRewriter::deaths(bytes::ByteView native) const {
  std::vector<broker::Death> result;
  const auto block = NativeBlock::parse(native);
  if (!block.has_value()) return result;
  const auto properties = wire::BasicProperties::decode(block->properties);
  if (!properties.has_value() || !properties->headers.has_value()) return result;
  const auto header = properties->headers->find(kDeaths);
  const auto array = header.has_value() ? header->as_array() : std::nullopt;
  if (!array.has_value()) return result;
  for (const wire::FieldRef& element : *array) {
    const auto entry = element.as_table();
    if (!entry.has_value()) continue;
    const auto queue = entry->find("queue");
    const auto reason = entry->find("reason");
    if (!queue.has_value() || !reason.has_value()) continue;
    const auto queue_name = queue->as_text();
    const auto known = parse_reason(reason->as_text().value_or(""));
    if (queue_name.has_value() && known.has_value()) result.push_back({std::string(*queue_name), *known});
  }
  return result;
}

void DeadLetterRewriter::headers(bytes::ByteView native, model::HeaderList& out) const {
  const auto block = NativeBlock::parse(native);
  if (!block.has_value()) return;
  const auto properties = wire::BasicProperties::decode(block->properties);
  if (properties.has_value() && properties->headers.has_value()) append_headers(out, *properties->headers);
}

std::int64_t DeadLetterRewriter::hash_number(bytes::ByteView native, catalog::HashSource source,
                                             std::string_view header) const {
  const auto block = NativeBlock::parse(native);
  const auto properties =
      wire::BasicProperties::decode(block.has_value() ? block->properties : wire::kEmptyPropertyBlock);
  return amqp091::hash_number(properties.value_or(wire::BasicProperties{}), source, header);
}

std::optional<base::Millis> DeadLetterRewriter::time_to_live(bytes::ByteView native) const {
  const auto block = NativeBlock::parse(native);
  const auto properties =
      wire::BasicProperties::decode(block.has_value() ? block->properties : wire::kEmptyPropertyBlock);
  if (!properties.has_value() || !properties->expiration.has_value()) return std::nullopt;
  const auto time = parse_expiration(*properties->expiration);
  return time.has_value() ? std::optional(*time) : std::nullopt;
}

bytes::ByteVector DeadLetterRewriter::rewrite(bytes::ByteView native, const broker::DeathInfo& death) const {
  Dying message;
  message.block = NativeBlock::parse(native).value_or(NativeBlock{{}, {}, wire::kEmptyPropertyBlock});
  auto properties = wire::BasicProperties::decode(message.block.properties);
  if (!properties.has_value()) properties = wire::BasicProperties{};
  const bool dies = death.reason != broker::DeathReason::due;
  message.expiration = properties->expiration;
  if (dies) properties->expiration.reset();
  wire::FieldTable headers;
  if (properties->headers.has_value()) {
    MoreKeys more;
    (void)more.read(*properties->headers);
    message.copies = std::move(more.keys);
    headers = wire::FieldTable::decode(*properties->headers);
  }
  if (dies) {
    record_death(headers, message, death);
  } else {
    mark_delayed(headers);
  }
  if (!death.own_keys) headers.erase(kCopies);
  const bytes::ByteVector header_content = headers.content();
  properties->headers = wire::FieldTableView::trusted(header_content);
  bytes::ByteVector block;
  bytes::Writer writer(block);
  properties->encode(writer);
  bytes::ByteVector out;
  NativeBlock{death.exchange, death.routing_key, block}.append_to(out);
  return out;
}

}  // namespace millrace::gateway::amqp091
