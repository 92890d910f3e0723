#pragma once

#include <span>
#include <string_view>

#include "wire/kafka/generated/api_key.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

/// A request this codec knows, with the versions it can read and write (not those a broker announces).
struct ApiInfo {
  ApiKey key;
  std::string_view name;
  std::int16_t min_version;
  std::int16_t max_version;
  /// First version with compact types, tagged fields and the longer headers; kNeverFlexible if there is none.
  std::int16_t flexible_from;
};

/// By ascending key.
std::span<const ApiInfo> all_apis();

/// nullptr for a request this codec does not know.
const ApiInfo* find_api(ApiKey key);
inline const ApiInfo* find_api(std::int16_t key) {
  return find_api(static_cast<ApiKey>(key));
}

}  // namespace millrace::wire::kafka
