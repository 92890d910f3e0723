#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "auth/pattern.h"
#include "catalog/state.h"

namespace millrace::broker {

/// What policies make of the settings of queues and exchanges, by a shard's replica of the catalog. One per shard.
///
/// Of the policies whose pattern and target fit, the one with the highest priority counts; so among those of operators.
/// A setting that the object has itself counts more than the policy's, except limits (lengths, times, deliveries): of
/// those the lower one counts. How much a stream keeps is for the policy to say. An operator's policy lowers limits
/// further, and gives those that nobody set.
class Policies {
 public:
  explicit Policies(const catalog::State& catalog) : catalog_(catalog) {}

  catalog::QueueSettings settings_of(const catalog::Queue& queue);
  /// Empty: none.
  std::string alternate_of(const catalog::Exchange& exchange);
  /// To be called for each catalog command that the replica has applied. True when settings may have changed.
  bool changed(const catalog::Command& command);

 private:
  using Kinds = std::array<catalog::PolicyTarget, 3>;
  const catalog::Policy* find(catalog::ObjectId vhost, bool of_operator, const Kinds& kinds, std::string_view name);
  bool fits(const std::string& pattern, std::string_view name);

  const catalog::State& catalog_;
  std::map<std::string, std::optional<auth::Pattern>, std::less<>> compiled_;
};

}  // namespace millrace::broker
