#include "auth/pattern.h"

#include <re2/re2.h>

#include <string>

namespace millrace::auth {

namespace {

constexpr std::int64_t kPatternMemory = std::int64_t{1} << 20;

RE2::Options options() {
  RE2::Options options;
  options.set_max_mem(kPatternMemory);
  options.set_log_errors(false);
  return options;
}

}  // namespace

struct Pattern::Compiled {
  explicit Compiled(std::string_view text) : expression(std::string(text), options()) {}
  RE2 expression;
};

Pattern::Pattern(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

Result<Pattern> Pattern::compile(std::string_view text) {
  auto compiled = std::make_unique<Compiled>(text);
  if (!compiled->expression.ok()) return base::fail(AuthErrc::bad_pattern, compiled->expression.error());
  return Pattern(std::move(compiled));
}

bool Pattern::found_in(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), compiled_->expression);
}

}  // namespace millrace::auth
