#include "gateway/amqp091/native_codec.h"

#include <fmt/core.h>

#include <charconv>
#include <cmath>

#include "gateway/amqp091/native_block.h"

namespace millrace::gateway::amqp091 {

namespace wire = ::millrace::wire::amqp091;

namespace {

constexpr std::int64_t kMillisPerSecond = 1000;

base::Timestamp from_seconds(std::uint64_t seconds) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() / kMillisPerSecond);
  return base::Timestamp(static_cast<std::int64_t>(std::min(seconds, kMax)) * kMillisPerSecond);
}

model::ValueTable to_value_table(wire::FieldTableView table) {
  model::ValueTable values;
  for (const auto& entry : table) values.push_back({std::string(entry.name), to_value(entry.value)});
  return values;
}

void copy(const std::optional<std::string_view>& from, std::optional<std::string>& to) {
  if (from.has_value()) to.emplace(*from);
}

}  // namespace

std::expected<base::Millis, std::string> parse_expiration(std::string_view text) {
  const bool negative = text.starts_with('-');
  const std::string_view digits = negative || text.starts_with('+') ? text.substr(1) : text;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::invalid_argument) return std::unexpected("no_integer");
  const std::string_view rest(end, digits.data() + digits.size());
  if (!rest.empty()) return std::unexpected(fmt::format("{{leftover_string,\"{}\"}}", rest));
  const bool too_big = error == std::errc::result_out_of_range || value > static_cast<std::uint64_t>(kMaxExpiry.value);
  if (negative && (too_big || value > 0)) return std::unexpected(fmt::format("{{value_negative,{}}}", text));
  if (too_big) return std::unexpected(fmt::format("{{value_too_large,{}}}", digits));
  return base::Millis(static_cast<std::int64_t>(value));
}

model::Value to_value(const wire::FieldRef& field) {
  if (const auto value = field.as_bool()) return {*value};
  if (const auto value = field.as_int()) return {*value};
  if (const auto value = field.as_double()) return {*value};
  if (const auto value = field.as_decimal()) {
    return {static_cast<double>(value->unscaled) / std::pow(10.0, static_cast<double>(value->scale))};
  }
  if (const auto value = field.as_text()) return {std::string(*value)};
  if (const auto value = field.as_byte_array()) return {bytes::ByteVector(value->begin(), value->end())};
  if (const auto value = field.as_timestamp()) return {from_seconds(*value)};
  if (const auto value = field.as_table()) return {to_value_table(*value)};
  if (const auto value = field.as_array()) {
    model::ValueList list;
    for (const auto& element : *value) list.push_back(to_value(element));
    return {std::move(list)};
  }
  return {};
}

wire::FieldTable to_field_table(const model::ValueTable& table) {
  wire::FieldTable fields;
  for (const auto& entry : table) {
    if (entry.name.size() <= wire::kMaxShortstr) fields.add(entry.name, to_field(entry.value));
  }
  return fields;
}

wire::FieldValue to_field(const model::Value& value) {
  struct Visitor {
    wire::FieldValue operator()(std::monostate) const { return {wire::FieldNothing{}}; }
    wire::FieldValue operator()(bool v) const { return {v}; }
    wire::FieldValue operator()(std::int64_t v) const { return {v}; }
    wire::FieldValue operator()(double v) const { return {v}; }
    wire::FieldValue operator()(const std::string& v) const { return {std::string_view(v)}; }
    wire::FieldValue operator()(const bytes::ByteVector& v) const { return {wire::FieldBytes{v}}; }
    wire::FieldValue operator()(base::Timestamp v) const {
      return {wire::FieldTimestamp{static_cast<std::uint64_t>(std::max<std::int64_t>(v.value, 0) / kMillisPerSecond)}};
    }
    wire::FieldValue operator()(const model::ValueList& v) const {
      wire::FieldArray array;
      for (const auto& element : v) array.push_back(to_field(element));
      return {std::move(array)};
    }
    wire::FieldValue operator()(const model::ValueTable& v) const { return {to_field_table(v)}; }
  };
  return std::visit(Visitor{}, value.data);
}

model::Properties NativeCodec::to_properties(bytes::ByteView native) const {
  model::Properties result;
  const auto block = NativeBlock::parse(native);
  if (!block.has_value()) return result;
  result.exchange = block->exchange;
  result.routing_key = block->routing_key;
  const auto properties = wire::BasicProperties::decode(block->properties);
  if (!properties.has_value()) return result;
  copy(properties->content_type, result.content_type);
  copy(properties->content_encoding, result.content_encoding);
  copy(properties->correlation_id, result.correlation_id);
  copy(properties->reply_to, result.reply_to);
  copy(properties->message_id, result.message_id);
  copy(properties->type, result.type);
  copy(properties->user_id, result.user_id);
  copy(properties->app_id, result.app_id);
  result.priority = properties->priority;
  result.persistent = properties->persistent();
  if (properties->timestamp.has_value()) result.timestamp = from_seconds(*properties->timestamp);
  if (properties->expiration.has_value()) {
    if (const auto time = parse_expiration(*properties->expiration)) result.time_to_live = *time;
  }
  if (properties->headers.has_value()) result.headers = to_value_table(*properties->headers);
  return result;
}

}  // namespace millrace::gateway::amqp091
