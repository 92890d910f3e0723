#pragma once

#include <fmt/core.h>

#include <string>

namespace millrace::base {

/// Prints the failed expression with its place and context, then aborts. Never returns.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line, const std::string& context);

}  // namespace millrace::base

/// Always-on assertion for what cannot happen unless there is a bug; use Result for what can.
/// Optional further arguments are an fmt format string with arguments, evaluated only on failure.
#define MILLRACE_ASSERT(expression, ...)                                                 \
  do {                                                                                   \
    if (!(expression)) [[unlikely]] {                                                    \
      ::millrace::base::assertion_failed(#expression, __FILE__, __LINE__,                \
                                         ::millrace::base::assert_context(__VA_ARGS__)); \
    }                                                                                    \
  } while (false)

namespace millrace::base {

inline std::string assert_context() {
  return {};
}

template <class... Args>
std::string assert_context(fmt::format_string<Args...> format, Args&&... args) {
  return fmt::format(format, std::forward<Args>(args)...);
}

}  // namespace millrace::base
