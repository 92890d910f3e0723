#include "gateway/amqp091/exchange_kinds.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "gateway/amqp091/declare_arguments.h"
#include "gateway/amqp091/header_matching.h"

namespace millrace::gateway::amqp091 {

using catalog::ExchangeType;
using catalog::HashSource;
using wire::ReplyCode;

namespace {

constexpr std::pair<std::string_view, ExchangeType> kTypes[] = {
    {"direct", ExchangeType::direct},
    {"fanout", ExchangeType::fanout},
    {"topic", ExchangeType::topic},
    {"headers", ExchangeType::headers},
    {"x-consistent-hash", ExchangeType::consistent_hash},
    {"x-modulus-hash", ExchangeType::modulus_hash},
    {"x-random", ExchangeType::random},
    {"x-local-random", ExchangeType::local_random},
};
constexpr std::pair<std::string_view, HashSource> kHashProperties[] = {
    {"message_id", HashSource::message_id},
    {"correlation_id", HashSource::correlation_id},
    {"timestamp", HashSource::timestamp},
};
constexpr std::string_view kDelayed = "x-delayed-message";
constexpr std::string_view kDelayedType = "x-delayed-type";
constexpr std::string_view kHashHeader = "hash-header";
constexpr std::string_view kHashProperty = "hash-property";

Failure invalid(std::string text) {
  return {ReplyCode::precondition_failed, std::move(text)};
}

std::optional<Failure> read_hash_arguments(wire::FieldTableView arguments, catalog::Exchange& exchange) {
  const auto header = arguments.find(kHashHeader);
  const auto property = arguments.find(kHashProperty);
  if (header.has_value() && property.has_value()) {
    return invalid("hash-header and hash-property are mutually exclusive");
  }
  for (const auto& [name, value] : {std::pair(kHashHeader, header), std::pair(kHashProperty, property)}) {
    if (!value.has_value() || value->as_text().has_value()) continue;
    return invalid(fmt::format("invalid type '{}' for arg '{}'", field_type_text(value->tag), name));
  }
  if (header.has_value()) {
    exchange.hash_source = HashSource::header;
    exchange.hash_header = *header->as_text();
  }
  if (property.has_value()) {
    const auto* known =
        std::ranges::find(kHashProperties, *property->as_text(), &std::pair<std::string_view, HashSource>::first);
    if (known == std::end(kHashProperties)) {
      return invalid(fmt::format("Unsupported property: {}", *property->as_text()));
    }
    exchange.hash_source = known->second;
  }
  return std::nullopt;
}

std::optional<Failure> check_weight(std::string_view key) {
  std::string_view digits = key;
  if (digits.starts_with('-') || digits.starts_with('+')) digits.remove_prefix(1);
  const bool number = !digits.empty() && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  if (key.empty()) return invalid("The binding key must be an integer: <<>>");
  if (!number) return invalid(fmt::format("The binding key must be an integer: <<\"{}\">>", key));
  const bool zero = std::ranges::all_of(digits, [](char c) { return c == '0'; });
  if (zero || key.starts_with('-')) return invalid("The binding key must be greater than 0");
  return std::nullopt;
}

std::optional<Failure> check_local(const catalog::Queue* queue, std::string_view key) {
  if (!key.empty()) return invalid(fmt::format("Non empty binding '{}' key not permitted", key));
  if (queue == nullptr) return invalid("Destination not found");
  return std::nullopt;
}

}  // namespace

std::optional<Failure> read_exchange_type(std::string_view name, wire::FieldTableView arguments,
                                          catalog::Exchange& exchange) {
  exchange.delays = name == kDelayed;
  if (exchange.delays) {
    const auto routes_as = arguments.find(kDelayedType);
    const auto text = routes_as.has_value() ? routes_as->as_text() : std::nullopt;
    if (!text.has_value() || *text == kDelayed) {
      return invalid("Invalid argument, 'x-delayed-type' must be an existing exchange type");
    }
    name = *text;
  }
  const auto* known = std::ranges::find(kTypes, name, &std::pair<std::string_view, ExchangeType>::first);
  if (known == std::end(kTypes)) {
    return Failure{ReplyCode::command_invalid, fmt::format("unknown exchange type '{}'", name)};
  }
  exchange.type = known->second;
  return std::nullopt;
}

std::string_view exchange_type_name(const catalog::Exchange& exchange) {
  if (exchange.delays) return kDelayed;
  const auto* known = std::ranges::find(kTypes, exchange.type, &std::pair<std::string_view, ExchangeType>::second);
  return known == std::end(kTypes) ? "direct" : known->first;
}

std::optional<Failure> read_type_arguments(wire::FieldTableView arguments, catalog::Exchange& exchange) {
  if (exchange.type == ExchangeType::consistent_hash) return read_hash_arguments(arguments, exchange);
  return std::nullopt;
}

std::optional<Failure> complete_binding(const catalog::Exchange& source, const catalog::Queue* destination_queue,
                                        catalog::Binding& binding) {
  if (source.type == ExchangeType::consistent_hash) return check_weight(binding.routing_key);
  if (source.type == ExchangeType::local_random) return check_local(destination_queue, binding.routing_key);
  if (source.type != ExchangeType::headers) return std::nullopt;
  auto match = parse_header_match(wire::FieldTableView::trusted(binding.native_arguments));
  if (!match.has_value()) return match.error();
  binding.match = std::move(*match);
  return std::nullopt;
}

}  // namespace millrace::gateway::amqp091
