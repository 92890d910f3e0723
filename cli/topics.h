#pragma once

#include <CLI/CLI.hpp>

#include "output.h"

namespace millrace::cli {

/// Adds `topics` and what stands behind it; what is chosen goes to `chosen`, which outlives the parser.
void add_topics(CLI::App& app, Command& chosen);

/// "name=value".
Result<SettingChange> parse_setting(std::string_view text);

}  // namespace millrace::cli
