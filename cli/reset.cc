#include "reset.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

namespace millrace::cli {

namespace {

std::optional<std::int64_t> find_offset(const Offsets& offsets, const TopicPartition& where) {
  const auto found = offsets.find(where);
  if (found == offsets.end()) return std::nullopt;
  return found->second;
}

std::string shown(const TopicPartition& where) {
  return fmt::format("partition {} of topic '{}'", where.partition, where.topic);
}

/// Adds without wrapping around.
std::int64_t shifted(std::int64_t offset, std::int64_t by) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(offset, by, &sum)) return by > 0 ? INT64_MAX : INT64_MIN;
  return sum;
}

/// Reads a fixed count of digits off the front.
bool take_number(std::string_view& text, std::size_t digits, int& value) {
  if (text.size() < digits) return false;
  const std::string_view number = text.substr(0, digits);
  const auto read = std::from_chars(number.data(), number.data() + number.size(), value);
  if (read.ec != std::errc{} || read.ptr != number.end() || number.front() == '-') return false;
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

/// "Z", "+hh:mm", "-hh:mm" or nothing, as minutes east.
bool take_zone(std::string_view& text, int& minutes) {
  minutes = 0;
  if (text.empty() || take(text, 'Z')) return true;
  const bool west = text[0] == '-';
  int hours = 0;
  if (!take(text, '+') && !take(text, '-')) return false;
  if (!take_number(text, 2, hours) || !take(text, ':') || !take_number(text, 2, minutes)) return false;
  if (hours > 23 || minutes > 59) return false;
  minutes = (hours * 60 + minutes) * (west ? -1 : 1);
  return true;
}

/// "hh:mm", "hh:mm:ss" or with up to three digits behind a point, as milliseconds of the day.
bool take_clock(std::string_view& text, std::int64_t& millis) {
  int hours = 0;
  int minutes = 0;
  int seconds = 0;
  int thousandths = 0;
  if (!take_number(text, 2, hours) || !take(text, ':') || !take_number(text, 2, minutes)) return false;
  if (take(text, ':') && !take_number(text, 2, seconds)) return false;
  if (take(text, '.')) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0 || digits > 3 || !take_number(text, digits, thousandths)) return false;
    for (std::size_t i = digits; i < 3; ++i) thousandths *= 10;
  }
  if (hours > 23 || minutes > 59 || seconds > 59) return false;
  millis = ((std::int64_t{hours} * 60 + minutes) * 60 + seconds) * 1000 + thousandths;
  return true;
}

}  // namespace

Result<std::vector<ResetStep>> plan_reset(const std::vector<TopicPartition>& partitions, const ResetGoal& goal,
                                          const ResetFacts& facts) {
  std::vector<ResetStep> steps;
  for (const TopicPartition& where : partitions) {
    const auto first = find_offset(facts.earliest, where);
    const auto end = find_offset(facts.latest, where);
    if (!first.has_value() || !end.has_value()) {
      return fail("there is no " + shown(where), "`millrace topics describe TOPIC` shows the partitions");
    }
    ResetStep step{where, find_offset(facts.committed, where), 0, false};
    std::int64_t wanted = *first;
    if (goal.to == ResetTo::latest) wanted = *end;
    if (goal.to == ResetTo::offset) wanted = goal.value;
    if (goal.to == ResetTo::time) {
      wanted = find_offset(facts.at_time, where).value_or(-1);
      if (wanted < 0) wanted = *end;  // nothing is that young
    }
    if (goal.to == ResetTo::shift) {
      if (!step.before.has_value()) {
        return fail(shown(where) + " has no offset to shift", "use --to-earliest, --to-latest or --to-offset there");
      }
      wanted = shifted(*step.before, goal.value);
    }
    step.after = std::clamp(wanted, *first, *end);
    step.adjusted = step.after != wanted;
    steps.push_back(std::move(step));
  }
  return steps;
}

Result<TopicChoice> parse_topic_choice(std::string_view text) {
  TopicChoice choice;
  const std::size_t colon = text.find(':');
  choice.topic = text.substr(0, colon);
  const auto refused = [text] {
    return fail(fmt::format("'{}' does not name partitions", text), "write TOPIC, or TOPIC:0,2 for some partitions");
  };
  if (choice.topic.empty()) return refused();
  std::string_view rest = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  for (bool more = colon != std::string_view::npos; more;) {
    std::int32_t partition = -1;
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view number = rest.substr(0, comma);
    const auto read = std::from_chars(number.data(), number.data() + number.size(), partition);
    if (read.ec != std::errc{} || read.ptr != number.end() || partition < 0) return refused();
    choice.partitions.push_back(partition);
    more = comma < rest.size();
    rest.remove_prefix(more ? comma + 1 : comma);
  }
  std::sort(choice.partitions.begin(), choice.partitions.end());
  choice.partitions.erase(std::unique(choice.partitions.begin(), choice.partitions.end()), choice.partitions.end());
  return choice;
}

Result<std::int64_t> parse_time(std::string_view text) {
  std::string_view rest = text;
  int year = 0;
  int month = 0;
  int day = 0;
  int east = 0;
  std::int64_t clock = 0;
  bool fine = take_number(rest, 4, year) && take(rest, '-') && take_number(rest, 2, month) && take(rest, '-') &&
              take_number(rest, 2, day);
  if (fine && (take(rest, 'T') || take(rest, ' '))) fine = take_clock(rest, clock) && take_zone(rest, east);
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!fine || !rest.empty() || !date.ok()) {
    return fail(fmt::format("'{}' is not a time", text), "write 2026-11-27T04:30:00, with Z or +02:00 (without: UTC)");
  }
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return std::int64_t{days} * 86'400'000 + clock - std::int64_t{east} * 60'000;
}

}  // namespace millrace::cli
