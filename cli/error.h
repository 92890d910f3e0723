#pragma once

#include <string>

#include "base/result.h"
#include "wire/kafka/generated/error_enum.h"

namespace millrace::cli {

namespace wire = ::millrace::wire::kafka;

/// What went wrong, and what the person at the terminal can do about it (may be empty).
struct Error {
  std::string what;
  std::string hint;
};

template <class T>
using Result = base::Result<T, Error>;

inline std::unexpected<Error> fail(std::string what, std::string hint = {}) {
  return std::unexpected<Error>(Error{std::move(what), std::move(hint)});
}

/// An error that the server answered. `subject` names what it is about, as in "topic 'orders'"; `message` is the
/// server's own text, if it gave one.
Error explain(wire::ErrorCode code, const std::string& subject, std::string_view message = {});

}  // namespace millrace::cli
