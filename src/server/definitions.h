#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog_store.h"

namespace millrace::server {

enum class DefinitionsErrc { unreadable, syntax, refused };
using DefinitionsError = base::ErrorOf<DefinitionsErrc>;

/// Makes what a RabbitMQ definitions file names: users, virtual hosts, permissions, topic permissions, policies,
/// operator policies, exchanges, queues and bindings, in this order. Users, permissions and policies that exist are
/// changed to what the file says; exchanges, queues and bindings that exist stay as they are. Other parameters and
/// limits are named in the log and mean nothing.
///
/// Fails at the first thing that cannot be made, and says which; what came before it stays. Blocks. Called before the
/// shards are made; `shards` is how many there will be.
class DefinitionsImport {
 public:
  DefinitionsImport(catalog::CatalogStore& catalog, std::size_t shards) : catalog_(catalog), shards_(shards) {}

  base::Result<void, DefinitionsError> run(std::string_view json);
  /// Whether the file named any user: then a new server needs no user of its own.
  bool named_users() const { return !users_.empty(); }
  bool named_user(std::string_view name) const;

 private:
  catalog::CatalogStore& catalog_;
  std::size_t shards_;
  std::vector<std::string> users_;
};

/// Reads the file and imports it. On a new data directory the file's users replace the user "guest".
base::Result<void, DefinitionsError> import_definitions_file(const std::string& path, bool new_directory,
                                                             catalog::CatalogStore& catalog, std::size_t shards);

}  // namespace millrace::server
