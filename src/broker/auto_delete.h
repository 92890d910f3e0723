#pragma once

#include "catalog/catalog_store.h"

namespace millrace::broker {

/// Adds to a transaction the deletion of every auto-delete exchange whose last binding it takes away, and of those that
/// lose theirs by that in turn. As far as a transaction has room for them.
void add_auto_deletes(const catalog::State& state, catalog::Transaction& transaction);

}  // namespace millrace::broker
