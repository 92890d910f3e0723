#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker/error.h"
#include "broker/types.h"
#include "catalog/command.h"
#include "catalog/objects.h"
#include "catalog/state.h"
#include "catalog/transaction.h"

namespace millrace::broker {

class Shard;
struct StreamStart;

/// What makes the exchange, and the queue of one that delays. `next_id` numbers both.
std::vector<catalog::Command> new_exchange(catalog::Exchange exchange, std::size_t shards,
                                           const std::function<catalog::ObjectId()>& next_id);

/// Changes of what exists. Each request becomes one catalog transaction on the catalog's shard; `done` runs on the
/// calling shard after every shard has applied it, so a request sent afterwards sees it wherever it arrives. Reading
/// needs no call: use Shard::catalog(). Equivalence of a redeclaration is for the gateway to judge: creating what
/// exists fails with already_exists.
class Topology {
 public:
  explicit Topology(Shard& shard) : shard_(shard) {}

  /// Ids, shards and log ids are assigned here; those fields of the argument are ignored.
  void create_exchange(catalog::Exchange exchange, Callback<ObjectId> done);
  void delete_exchange(ObjectId exchange, bool if_unused, Callback<void> done);
  /// A queue is ready for use on its shard when `done` runs. An exclusive one goes with its connection
  /// (release_connection).
  void create_queue(catalog::Queue queue, Callback<QueueRef> done);
  /// The same for a queue over the topic that `queue.source` names; its parts are made here. Each begins where `start`
  /// says, as it is when the request comes; parts of later partitions begin with their first record.
  void create_topic_queue(catalog::Queue queue, const StreamStart& start, Callback<QueueRef> done);
  /// Returns the number of ready messages that went with it.
  void delete_queue(ObjectId queue, bool if_unused, bool if_empty, Callback<std::uint64_t> done);
  void bind(catalog::Binding binding, Callback<void> done);
  void unbind(catalog::Binding binding, Callback<void> done);
  void create_topic(catalog::Topic topic, std::uint32_t partitions, Callback<ObjectId> done);
  /// With the queues over it.
  void delete_topic(ObjectId topic, Callback<void> done);
  /// Makes it have `total` partitions; `invalid` when it has as many already.
  void add_partitions(ObjectId topic, std::uint32_t total, Callback<void> done);
  /// Settings to set, or (without a value) to take back to the default.
  using SettingChanges = std::vector<std::pair<std::string, std::optional<std::string>>>;
  /// With `replace` those that are not named go back to their defaults. Values were checked (check_topic_setting).
  void alter_topic(ObjectId topic, SettingChanges changes, bool replace, Callback<void> done);
  /// Any other transaction: users, permissions, virtual hosts, topic settings.
  void execute(catalog::Transaction transaction, Callback<void> done);
  /// A number that no object, log or earlier call ever had.
  void allocate_id(Callback<ObjectId> done);

  /// Deletes the exclusive queues of a connection that ended.
  void release_connection(ConnectionId connection);

 private:
  Shard& shard_;
  /// Exclusive queues that were asked for on this shard, per live connection.
  std::unordered_map<ConnectionId, std::vector<ObjectId>> exclusive_;
};

}  // namespace millrace::broker
