#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace millrace::base {

/// For maps whose keys are texts: lookups with a view make no copy.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

}  // namespace millrace::base
