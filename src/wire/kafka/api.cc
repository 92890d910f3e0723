#include "wire/kafka/api.h"

#include <algorithm>

namespace millrace::wire::kafka {

const ApiInfo* find_api(ApiKey key) {
  const auto apis = all_apis();
  const auto found = std::ranges::lower_bound(apis, key, {}, &ApiInfo::key);
  return found != apis.end() && found->key == key ? &*found : nullptr;
}

}  // namespace millrace::wire::kafka
