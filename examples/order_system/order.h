#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace order_system {

/// An order. Its id is the same in every message about it, which is how repetitions are recognised.
struct Order {
  std::string id;
  std::string item;
  std::uint64_t quantity = 0;
  std::uint64_t cents = 0;

  friend bool operator==(const Order&, const Order&) = default;
};

/// The order with this number, always the same one, so that the summary knows what had to happen.
Order make_order(std::uint64_t number);
/// The number of an order's id; nothing when it is none.
std::optional<std::uint64_t> number_of(std::string_view id);

/// One line: id, item, quantity and price with blanks between them.
std::string encode(const Order& order);
std::optional<Order> decode(std::string_view line);

}  // namespace order_system
