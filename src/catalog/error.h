#pragma once

#include "base/result.h"

namespace millrace::catalog {

enum class CatalogErrc {
  not_found,
  already_exists,
  conflict,  // the transaction names a revision that is not the present one
  invalid,   // a name or value that breaks a rule
  reserved_name,
  too_large,  // over 1.5 MiB or 128 commands in one transaction
  too_many,   // a named limit of objects
  storage,    // the store cannot take it now
  damaged,    // its journal is, or is missing
};
using CatalogError = base::ErrorOf<CatalogErrc>;
template <class T>
using Result = base::Result<T, CatalogError>;

}  // namespace millrace::catalog
