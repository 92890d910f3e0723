#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace millrace::base {

void assertion_failed(const char* expression, const char* file, int line, const std::string& context) {
  std::fprintf(stderr, "%s:%d: assertion failed: %s%s%s\n", file, line, expression, context.empty() ? "" : ": ",
               context.c_str());
  std::fflush(stderr);
  std::abort();
}

}  // namespace millrace::base
