#pragma once

#include "auth/authorizer.h"

namespace millrace::auth {

/// Whether there is any name on which the question's user may do what it says (its own name counts for nothing), for
/// read and write. A rule for names counts unless one that denies is for all of them as well; so does a permission
/// whose pattern matches something.
bool allowed_for_some_name(const catalog::State& catalog, const Authorizer::Question& question);

}  // namespace millrace::auth
