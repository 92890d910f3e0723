#pragma once

#include <deque>
#include <functional>

#include "broker/error.h"
#include "broker/types.h"
#include "catalog/catalog_store.h"

namespace millrace::broker {

class Shard;

/// Beside the catalog's writer, on its shard: sends each durable change to all shards and answers a request when all
/// have applied it.
class CatalogHost {
 public:
  CatalogHost(Shard& shard, catalog::CatalogStore& writer);

  catalog::CatalogStore& writer() { return writer_; }
  using Done = std::move_only_function<void(Result<void>)>;
  void execute(catalog::Transaction transaction, Done done);

 private:
  struct Waiting {
    catalog::Revision revision;
    Done done;
  };
  void applied(catalog::Revision revision);

  Shard& shard_;
  catalog::CatalogStore& writer_;
  catalog::Revision applied_{};
  std::deque<Waiting> waiting_;  // by revision
};

BrokerError to_broker(const catalog::CatalogError& error);

}  // namespace millrace::broker
