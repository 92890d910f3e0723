#include "gateway/amqp091/header_matching.h"

#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "bytes/term_hash.h"
#include "bytes/writer.h"
#include "gateway/amqp091/declare_arguments.h"
#include "gateway/amqp091/foreign.h"

namespace millrace::gateway::amqp091 {

using wire::FieldRef;
using wire::FieldTableView;
using wire::ReplyCode;

namespace {

constexpr std::string_view kMatch = "x-match";
constexpr std::string_view kHiddenPrefix = "x-";

enum ForeignKind : std::uint8_t { kDecimal = model::kFirstForeignKind, kTable, kArray };

/// Inside tables and lists the type counts, too.
void put_nested(bytes::ByteVector& out, const FieldRef& value) {
  bytes::Writer writer(out);
  writer.u8(static_cast<std::uint8_t>(value.tag));
  const std::size_t length_at = writer.size();
  writer.u32(0);
  append_comparable(out, value);
  writer.patch_be(length_at, static_cast<std::uint32_t>(writer.size() - length_at));
}

void put_foreign(bytes::ByteVector& out, const FieldRef& value) {
  bytes::ByteVector content;
  bytes::Writer writer(content);
  if (const auto decimal = value.as_decimal()) {
    writer.u8(decimal->scale);
    writer.u32(decimal->unscaled);
    return model::append_comparable_foreign(out, kDecimal, content);
  }
  if (const auto table = value.as_table()) {
    for (const auto& entry : *table) {
      writer.u8(static_cast<std::uint8_t>(entry.name.size()));
      writer.text(entry.name);
      put_nested(content, entry.value);
    }
    return model::append_comparable_foreign(out, kTable, content);
  }
  if (const auto array = value.as_array()) {
    for (const FieldRef& element : *array) put_nested(content, element);
    return model::append_comparable_foreign(out, kArray, content);
  }
  model::append_comparable_nothing(out);
}

std::int64_t header_hash_number(const FieldRef& value) {
  if (const auto number = value.as_int()) return *number;
  if (const auto text = value.as_text()) return bytes::term_hash(bytes::as_bytes(*text));
  if (const auto flag = value.as_bool()) return *flag ? bytes::kTrueHash : bytes::kFalseHash;
  if (const auto number = value.as_double()) return bytes::term_hash(*number);
  // Seconds; RabbitMQ has milliseconds by then.
  if (const auto time = value.as_timestamp()) return static_cast<std::int64_t>(*time * 1000);
  if (value.is_nothing()) return bytes::kUndefinedHash;
  return bytes::term_hash(value.payload);
}

Failure bad_match(const FieldRef& value) {
  if (const auto text = value.as_text()) {
    return {ReplyCode::precondition_failed,
            fmt::format("Invalid x-match field value <<{}>>; expected all, any, all-with-x, or any-with-x",
                        text->empty() ? "" : fmt::format("\"{}\"", *text))};
  }
  return {ReplyCode::precondition_failed, fmt::format("Invalid x-match field type {} (value {}); expected longstr",
                                                      field_type_text(value.tag), field_value_text(value))};
}

}  // namespace

void append_comparable(bytes::ByteVector& out, const FieldRef& value) {
  if (const auto number = value.as_int()) return model::append_comparable(out, *number);
  if (const auto text = value.as_text()) return model::append_comparable(out, bytes::as_bytes(*text));
  if (const auto flag = value.as_bool()) return model::append_comparable(out, *flag);
  if (const auto number = value.as_double()) return model::append_comparable(out, *number);
  if (const auto raw = value.as_byte_array()) return model::append_comparable(out, *raw);
  if (const auto time = value.as_timestamp()) {
    return model::append_comparable(out, static_cast<std::int64_t>(*time));
  }
  put_foreign(out, value);
}

void append_headers(model::HeaderList& out, FieldTableView headers) {
  for (const auto& entry : headers) append_comparable(out.add(entry.name), entry.value);
}

std::int64_t hash_number(const wire::BasicProperties& properties, catalog::HashSource source, std::string_view header) {
  if (source == catalog::HashSource::header) {
    const auto value = properties.headers.has_value() ? properties.headers->find(header) : std::nullopt;
    return value.has_value() ? header_hash_number(*value) : bytes::kUndefinedHash;
  }
  if (source == catalog::HashSource::timestamp) {
    if (!properties.timestamp.has_value()) return bytes::kUndefinedHash;
    return bytes::term_hash(bytes::as_bytes(std::to_string(*properties.timestamp)));
  }
  const auto& text = source == catalog::HashSource::message_id ? properties.message_id : properties.correlation_id;
  return text.has_value() ? bytes::term_hash(bytes::as_bytes(*text)) : bytes::kUndefinedHash;
}

std::expected<model::HeaderMatch, Failure> parse_header_match(FieldTableView arguments) {
  model::HeaderMatch match;
  bool with_hidden = false;
  if (const auto kind = arguments.find(kMatch)) {
    const std::string_view text = kind->as_text().value_or("");
    match.any = text.starts_with("any");
    with_hidden = text.ends_with("-with-x");
    if (text != "all" && text != "any" && text != "all-with-x" && text != "any-with-x") {
      return std::unexpected(bad_match(*kind));
    }
  }
  for (const auto& entry : arguments) {
    if (entry.name == kMatch || (!with_hidden && entry.name.starts_with(kHiddenPrefix))) continue;
    model::HeaderTerm& term = match.terms.emplace_back();
    term.name = entry.name;
    term.present = entry.value.is_nothing();
    if (!term.present) append_comparable(term.value, entry.value);
  }
  return match;
}

bytes::ByteVector sorted_arguments(FieldTableView arguments) {
  struct Entry {
    std::string_view name;
    const std::uint8_t* begin;
  };
  std::vector<Entry> entries;
  // One octet of length stands before each name.
  for (const auto& entry : arguments) {
    entries.push_back({entry.name, reinterpret_cast<const std::uint8_t*>(entry.name.data()) - 1});
  }
  const bytes::ByteView content = arguments.content();
  std::vector<bytes::ByteView> parts;
  std::vector<std::size_t> order(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::uint8_t* end = i + 1 < entries.size() ? entries[i + 1].begin : content.data() + content.size();
    parts.emplace_back(entries[i].begin, end);
    order[i] = i;
  }
  // Same names stay in their order.
  std::ranges::sort(order, {}, [&entries](std::size_t i) { return std::pair(entries[i].name, i); });
  bytes::ByteVector sorted;
  sorted.reserve(content.size());
  for (const std::size_t i : order) sorted.insert(sorted.end(), parts[i].begin(), parts[i].end());
  return sorted;
}

std::optional<bytes::ByteView> PropertyFacts::record_key() const {
  if (!properties_.headers.has_value()) return std::nullopt;
  const auto value = properties_.headers->find(kRecordKeyHeader);
  if (!value.has_value()) return std::nullopt;
  if (const auto text = value->as_text()) return bytes::as_bytes(*text);
  return value->as_byte_array();
}

}  // namespace millrace::gateway::amqp091
