#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <string_view>

#include "catalog/objects.h"

// What the protocol calls the subjects and kinds of quotas.
namespace millrace::gateway::kafka {

constexpr std::string_view kQuotaEntities[] = {"user", "client-id", "ip"};
constexpr std::string_view kQuotaKinds[] = {"producer_byte_rate", "consumer_byte_rate", "request_percentage",
                                            "controller_mutation_rate", "connection_creation_rate"};

constexpr std::string_view name_of(catalog::QuotaEntity entity) {
  return kQuotaEntities[static_cast<std::size_t>(entity)];
}
constexpr std::string_view name_of(catalog::QuotaKind kind) {
  return kQuotaKinds[static_cast<std::size_t>(kind)];
}
constexpr std::optional<catalog::QuotaEntity> quota_entity(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kQuotaEntities); ++i) {
    if (kQuotaEntities[i] == name) return static_cast<catalog::QuotaEntity>(i);
  }
  return std::nullopt;
}
constexpr std::optional<catalog::QuotaKind> quota_kind(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kQuotaKinds); ++i) {
    if (kQuotaKinds[i] == name) return static_cast<catalog::QuotaKind>(i);
  }
  return std::nullopt;
}

}  // namespace millrace::gateway::kafka
