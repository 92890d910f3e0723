#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>

namespace millrace::base {

/// An integer with a type of its own: two ids of different kinds cannot be mixed up. Ordered, hashable, no arithmetic.
template <class Tag, class Rep>
struct StrongId {
  using rep = Rep;
  Rep value{};

  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep v) : value(v) {}
  friend constexpr auto operator<=>(const StrongId&, const StrongId&) = default;
};

/// A quantity with a unit: like StrongId, plus the arithmetic that keeps the unit.
template <class Tag, class Rep>
struct Quantity {
  using rep = Rep;
  Rep value{};

  constexpr Quantity() = default;
  constexpr explicit Quantity(Rep v) : value(v) {}
  friend constexpr auto operator<=>(const Quantity&, const Quantity&) = default;
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity(static_cast<Rep>(a.value + b.value)); }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity(static_cast<Rep>(a.value - b.value)); }
  constexpr Quantity& operator+=(Quantity o) {
    value = static_cast<Rep>(value + o.value);
    return *this;
  }
  constexpr Quantity& operator-=(Quantity o) {
    value = static_cast<Rep>(value - o.value);
    return *this;
  }
};

}  // namespace millrace::base

template <class Tag, class Rep>
struct std::hash<millrace::base::StrongId<Tag, Rep>> {
  std::size_t operator()(const millrace::base::StrongId<Tag, Rep>& id) const noexcept {
    // Fibonacci mixing: ids are often consecutive.
    return static_cast<std::size_t>(static_cast<std::uint64_t>(id.value) * 0x9E3779B97F4A7C15ULL);
  }
};
