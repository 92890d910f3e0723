#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "broker/types.h"
#include "bytes/view.h"
#include "catalog/state.h"

namespace millrace::broker {

/// The queues a message goes to. Owned by the router.
struct Route {
  std::vector<QueueRef> queues;  // without duplicates, in a stable order
  /// Never used again for another set of queues.
  std::uint64_t id = 0;
  /// Bit i: some queue lives on shard i.
  std::uint64_t shards = 0;
};

/// Most shards a process can have (Route::shards is a set of them).
constexpr std::size_t kMaxShards = 64;

/// Routes by a shard's replica of the catalog. An exchange type has one small file of its own (exchange_direct.cc ...).
class Router {
 public:
  explicit Router(const catalog::State& catalog);
  ~Router();

  /// Where a message sent to `exchange` with `routing_key` goes; empty when nowhere. The result is valid until the next
  /// call of apply() and is cached: the same exchange and key again cost one comparison.
  const Route& route(const catalog::Exchange& exchange, std::string_view routing_key);

  /// Called for each catalog change after the replica has applied it.
  void apply(const std::vector<catalog::Command>& commands);

 private:
  struct Tables;
  std::unique_ptr<Tables> tables_;
};

}  // namespace millrace::broker
