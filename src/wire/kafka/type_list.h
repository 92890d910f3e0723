#pragma once

#include <type_traits>
#include <utility>

namespace millrace::wire::kafka {

/// A list of message types that code can be run for.
template <class... Types>
struct TypeList {
  /// Calls `function.operator()<T>()` for every type.
  template <class Function>
  static void for_each(Function&& function) {
    (function.template operator()<Types>(), ...);
  }
  /// Calls it for the type whose kApiKey is `key`; false if there is none.
  template <class Key, class Function>
  static bool for_key(Key key, Function&& function) {
    return ((Types::kApiKey == key ? (function.template operator()<Types>(), true) : false) || ...);
  }
};

}  // namespace millrace::wire::kafka
