#pragma once

#include <expected>
#include <string>
#include <utility>

namespace millrace::base {

/// An operating error: one enum per module says what happened, `detail` says it to a person.
template <class Enum>
struct ErrorOf {
  Enum code;
  std::string detail;
};

/// A value or an error. Ignoring a returned Result is a compile error.
template <class T, class E>
class [[nodiscard]] Result : public std::expected<T, E> {
 public:
  using std::expected<T, E>::expected;
};

template <class E>
class [[nodiscard]] Result<void, E> : public std::expected<void, E> {
 public:
  using std::expected<void, E>::expected;
};

/// Makes the error alternative: `return fail(StorageErrc::disk_full, "no space left on {}", path)`.
template <class Enum>
std::unexpected<ErrorOf<Enum>> fail(Enum code, std::string detail) {
  return std::unexpected<ErrorOf<Enum>>(ErrorOf<Enum>{code, std::move(detail)});
}

}  // namespace millrace::base
