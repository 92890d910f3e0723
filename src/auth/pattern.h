#pragma once

#include <memory>
#include <string_view>

#include "auth/error.h"

namespace millrace::auth {

/// A compiled regular expression that is searched anywhere in a text, in time linear to the text. Takes at most one
/// MiB of memory.
class Pattern {
 public:
  /// bad_pattern with the reason when it does not compile or is too complex.
  static Result<Pattern> compile(std::string_view text);
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  bool found_in(std::string_view text) const;

 private:
  struct Compiled;
  explicit Pattern(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace millrace::auth
