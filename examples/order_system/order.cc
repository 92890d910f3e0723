#include "order_system/order.h"

#include <fmt/format.h>

#include <charconv>
#include <vector>

namespace order_system {

namespace {

constexpr std::string_view kIdPrefix = "order-";
constexpr std::string_view kItems[] = {"millstone", "flour", "sieve", "sack", "waterwheel"};

std::optional<std::uint64_t> to_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

}  // namespace

Order make_order(std::uint64_t number) {
  const std::uint64_t quantity = 1 + number % 7;
  return {fmt::format("{}{:06}", kIdPrefix, number), std::string(kItems[number % std::size(kItems)]), quantity,
          quantity * (199 + number % 41)};
}

std::optional<std::uint64_t> number_of(std::string_view id) {
  if (!id.starts_with(kIdPrefix)) return std::nullopt;
  return to_number(id.substr(kIdPrefix.size()));
}

std::string encode(const Order& order) {
  return fmt::format("{} {} {} {}", order.id, order.item, order.quantity, order.cents);
}

std::optional<Order> decode(std::string_view line) {
  const auto words = words_of(line);
  if (words.size() != 4 || words[0].empty() || words[1].empty()) return std::nullopt;
  const auto quantity = to_number(words[2]);
  const auto cents = to_number(words[3]);
  if (!quantity.has_value() || !cents.has_value()) return std::nullopt;
  return Order{std::string(words[0]), std::string(words[1]), *quantity, *cents};
}

}  // namespace order_system
