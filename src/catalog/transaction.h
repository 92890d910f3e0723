#pragma once

#include <optional>
#include <vector>

#include "catalog/command.h"
#include "catalog/state.h"

namespace millrace::catalog {

/// Commands that are applied together or not at all. At most kMaxCommands, and kMaxBytes encoded: limits that a
/// replicated store will have as well.
struct Transaction {
  /// The revision the sender looked at; conflict when the catalog has moved on since.
  std::optional<Revision> expected = {};
  std::vector<Command> commands;

  static constexpr std::size_t kMaxCommands = 128;
  static constexpr std::size_t kMaxBytes = 1536 * 1024;
};

}  // namespace millrace::catalog
