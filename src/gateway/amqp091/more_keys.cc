#include "gateway/amqp091/more_keys.h"

#include <fmt/core.h>

#include "bytes/writer.h"
#include "gateway/amqp091/declare_arguments.h"

namespace millrace::gateway::amqp091 {

using wire::FieldRef;

namespace {

template <class Add>
void each_key(const FieldRef& list, Add add) {
  const auto array = list.as_array();
  if (!array.has_value()) return;
  for (const FieldRef& element : *array) {
    if (const auto key = element.as_text()) add(*key);
  }
}

Failure no_array(std::string_view header, const FieldRef& value) {
  return {
      wire::ReplyCode::precondition_failed,
      fmt::format("invalid message: {{unacceptable_type_in_header,\"{}\",{}}}", header, field_type_text(value.tag))};
}

}  // namespace

std::optional<Failure> MoreKeys::read(wire::FieldTableView headers) {
  std::optional<FieldRef> copies;
  std::optional<FieldRef> blind;
  for (const auto& entry : headers) {
    if (!copies.has_value() && entry.name == kCopies) copies = entry.value;
    if (!blind.has_value() && entry.name == kBlindCopies) blind = entry.value;
  }
  has_blind = blind.has_value();
  const auto add = [this](std::string_view key) { keys.push_back(key); };
  if (copies.has_value()) {
    if (!copies->as_array().has_value()) return no_array(kCopies, *copies);
    each_key(*copies, add);
  }
  if (blind.has_value()) {
    if (!blind->as_array().has_value()) return no_array(kBlindCopies, *blind);
    each_key(*blind, add);
  }
  return std::nullopt;
}

void MoreKeys::read_hidden(bytes::ByteView hidden) {
  bytes::Reader in(hidden);
  while (!in.at_end()) {
    const std::string_view key = in.text(in.u32());
    if (!in.ok()) return;
    keys.push_back(key);
  }
}

void write_hidden(bytes::ByteVector& out, wire::FieldTableView headers) {
  const auto blind = headers.find(kBlindCopies);
  if (!blind.has_value()) return;
  bytes::Writer writer(out);
  each_key(*blind, [&writer](std::string_view key) {
    writer.u32(static_cast<std::uint32_t>(key.size()));
    writer.text(key);
  });
}

void write_without_blind(bytes::ByteVector& out, wire::FieldTableView headers) {
  const bytes::ByteView content = headers.content();
  bytes::Writer writer(out);
  const std::uint8_t* kept_from = content.data();
  // An entry begins with one octet of length before its name, and goes on to the next one.
  const std::uint8_t* skipped = nullptr;
  for (const auto& entry : headers) {
    const auto* begin = reinterpret_cast<const std::uint8_t*>(entry.name.data()) - 1;
    if (skipped != nullptr) kept_from = begin;
    skipped = entry.name == kBlindCopies ? begin : nullptr;
    if (skipped != nullptr) writer.raw(bytes::ByteView(kept_from, begin));
  }
  if (skipped == nullptr) writer.raw(bytes::ByteView(kept_from, content.data() + content.size()));
}

}  // namespace millrace::gateway::amqp091
