#include "gateway/amqp091/stream_arguments.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "gateway/amqp091/native_block.h"
#include "wire/amqp091/properties.h"

namespace millrace::gateway::amqp091 {

using wire::ReplyCode;

namespace {

constexpr std::string_view kOffset = "x-stream-offset";
constexpr std::string_view kFilter = "x-stream-filter";
constexpr std::string_view kMatchUnfiltered = "x-stream-match-unfiltered";
constexpr std::string_view kMaxAge = "x-max-age";
constexpr std::string_view kSegmentSize = "x-stream-max-segment-size-bytes";
constexpr std::string_view kFilterSize = "x-stream-filter-size-bytes";

constexpr std::int64_t kMaxSegmentSize = 3'000'000'000;
constexpr std::int64_t kMinFilterSize = 16;
constexpr std::int64_t kMaxFilterSize = 255;

struct Unit {
  char letter;
  std::int64_t seconds;
};
constexpr std::int64_t kDay = 86'400;
constexpr Unit kUnits[] = {{'Y', 365 * kDay}, {'M', 30 * kDay}, {'D', kDay}, {'h', 3600}, {'m', 60}, {'s', 1}};

/// Lets through messages whose filter value is one of a few.
class FilterByValue final : public broker::RecordFilter {
 public:
  FilterByValue(std::vector<std::string> values, bool unfiltered, const model::NativeCodecs& codecs)
      : values_(std::move(values)), unfiltered_(unfiltered), codecs_(codecs) {}

  bool matches(const model::RecordView& record, const model::Envelope& envelope) const override {
    if (envelope.protocol == model::Protocol::amqp091) return matches_own(envelope.native);
    if (const model::NativeCodec* codec = codecs_.find(envelope.protocol)) {
      for (const auto& header : codec->to_properties(envelope.native).headers) {
        if (header.name != kFilterValueHeader) continue;
        if (const auto* text = std::get_if<std::string>(&header.value.data)) return chosen(*text);
      }
    }
    model::HeaderCursor cursor(record);
    model::HeaderView header;
    while (cursor.next(header)) {
      if (bytes::as_text(header.key) == kFilterValueHeader && header.has_value)
        return chosen(bytes::as_text(header.value));
    }
    return unfiltered_;
  }

 private:
  bool chosen(std::string_view value) const { return std::ranges::find(values_, value) != values_.end(); }
  bool matches_own(bytes::ByteView native) const {
    const auto block = NativeBlock::parse(native);
    if (!block.has_value()) return unfiltered_;
    const auto properties = wire::BasicProperties::decode(block->properties);
    if (!properties.has_value() || !properties->headers.has_value()) return unfiltered_;
    const auto value = properties->headers->find(kFilterValueHeader);
    if (!value.has_value() || !value->as_text().has_value()) return unfiltered_;
    return chosen(*value->as_text());
  }

  std::vector<std::string> values_;
  bool unfiltered_;
  const model::NativeCodecs& codecs_;
};

/// Of the argument `name`.
std::optional<Failure> read_start(std::string_view name, const wire::FieldRef& value, base::Timestamp now,
                                  std::string_view resource, broker::StreamStart& start) {
  using At = broker::StreamStart::At;
  const auto text = value.as_text();
  if (text == "first" || text == "last" || text == "next") {
    start.at = *text == "first" ? At::first : *text == "last" ? At::last : At::next;
    return std::nullopt;
  }
  if (text.has_value()) {
    const auto age = parse_age(*text);
    if (!age.has_value()) {
      return Failure{ReplyCode::precondition_failed,
                     fmt::format("invalid arg '{}' for {}: invalid_max_age", name, resource)};
    }
    start.at = At::time;
    start.time = base::Timestamp(now.value - age->value);
    return std::nullopt;
  }
  if (const auto seconds = value.as_timestamp()) {
    constexpr std::uint64_t kMax = INT64_MAX / 1000;
    start.at = At::time;
    start.time = base::Timestamp(static_cast<std::int64_t>(std::min(*seconds, kMax)) * 1000);
    return std::nullopt;
  }
  const auto number = value.as_int();
  if (!number.has_value()) return unacceptable_type(name, value, resource);
  if (*number < 0) {
    return Failure{ReplyCode::precondition_failed,
                   fmt::format("invalid arg '{}' for {}: {{value_negative,{}}}", name, resource, *number)};
  }
  start.at = At::offset;
  start.offset = broker::Offset(*number);
  return std::nullopt;
}

/// Nothing when the argument asks for no filter.
std::optional<std::vector<std::string>> filter_values(const std::optional<wire::FieldRef>& value) {
  if (!value.has_value()) return std::nullopt;
  if (const auto text = value->as_text()) return std::vector<std::string>{std::string(*text)};
  const auto array = value->as_array();
  if (!array.has_value()) return std::nullopt;
  std::vector<std::string> values;
  for (const wire::FieldRef& element : *array) {
    if (const auto text = element.as_text()) values.emplace_back(*text);
  }
  return values;
}

}  // namespace

std::optional<base::Millis> parse_age(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number <= 0 || end + 1 != text.data() + text.size()) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (unit.letter != *end) continue;
    const std::int64_t most = INT64_MAX / (unit.seconds * 1000);
    return base::Millis(std::min(number, most) * unit.seconds * 1000);
  }
  return std::nullopt;
}

void read_stream_settings(ArgumentReader& in, catalog::QueueSettings& settings) {
  if (const auto age = in.text(kMaxAge)) {
    settings.retain_time = parse_age(*age);
    if (!settings.retain_time.has_value()) in.invalid(kMaxAge, "invalid_max_age");
  }
  if (const auto size = in.number(kSegmentSize, 0)) {
    if (*size > kMaxSegmentSize) {
      in.fail({ReplyCode::precondition_failed, fmt::format("Exceeded max value for {}", kSegmentSize)});
    }
    settings.segment_bytes = static_cast<std::uint64_t>(*size);
  }
  // Taken and checked only: every message is looked at.
  const auto filter = in.number(kFilterSize, 0);
  if (filter.has_value() && (*filter < kMinFilterSize || *filter > kMaxFilterSize)) {
    in.fail({ReplyCode::precondition_failed, fmt::format("Invalid value for  {}", kFilterSize)});
  }
  in.number("x-initial-cluster-size", 1);
}

std::expected<std::optional<SourceArguments>, Failure> read_source(wire::FieldTableView arguments, base::Timestamp now,
                                                                   std::string_view resource) {
  const auto topic = arguments.find(kSourceTopicArgument);
  if (!topic.has_value()) return std::nullopt;
  SourceArguments source{.topic = std::string(topic->as_text().value_or("")),
                         .start = {.at = broker::StreamStart::At::first, .offset = {}, .time = {}}};
  if (const auto offset = arguments.find(kSourceOffsetArgument)) {
    const auto failure = read_start(kSourceOffsetArgument, *offset, now, resource, source.start);
    if (failure.has_value()) return std::unexpected(*failure);
  }
  return source;
}

std::optional<Failure> read_stream_consumer(wire::FieldTableView arguments, base::Timestamp now,
                                            std::string_view resource, const model::NativeCodecs& codecs,
                                            broker::ConsumeOptions& options) {
  if (const auto offset = arguments.find(kOffset)) {
    if (auto failure = read_start(kOffset, *offset, now, resource, options.start)) return failure;
  }
  if (auto values = filter_values(arguments.find(kFilter))) {
    const auto match = arguments.find(kMatchUnfiltered);
    const bool unfiltered = match.has_value() && match->as_bool().value_or(false);
    options.filter = std::make_shared<const FilterByValue>(std::move(*values), unfiltered, codecs);
  }
  return std::nullopt;
}

}  // namespace millrace::gateway::amqp091
