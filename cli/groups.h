#pragma once

#include <CLI/CLI.hpp>

#include "output.h"

namespace millrace::cli {

/// Adds `groups` and what stands behind it; what is chosen goes to `chosen`, which outlives the parser.
void add_groups(CLI::App& app, Command& chosen);

}  // namespace millrace::cli
