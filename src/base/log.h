#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>

namespace millrace::base::log {

enum class Level { debug, info, warning, error };

/// Lines below this level are dropped before they are formatted.
void set_level(Level level);
bool enabled(Level level);
/// "debug", "info", "warning" or "error"; false when the name is none of them.
bool parse_level(std::string_view name, Level& level);
/// The text with control characters written as \xNN: what a client chose must not look like a line of its own.
std::string printable(std::string_view text);
/// Writes one line: time, level, printable text. Safe from any thread.
void write(Level level, std::string_view text);

template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::debug)) write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::info)) write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::warning)) write(Level::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::error)) write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace millrace::base::log
