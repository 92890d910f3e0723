#pragma once

#include "base/result.h"

namespace millrace::auth {

enum class AuthErrc { malformed, bad_pattern, refused };
using AuthError = base::ErrorOf<AuthErrc>;
template <class T>
using Result = base::Result<T, AuthError>;

}  // namespace millrace::auth
