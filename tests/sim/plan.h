#pragma once

#include <cstdint>
#include <string>

#include "base/prng.h"
#include "storage/store.h"

namespace millrace::simtest {

/// What one seed does: how large everything is, and which faults may strike. Every kind of fault is left out of some
/// seeds, so that one does not hide what another would have shown.
struct Plan {
  std::uint64_t seed = 0;
  std::size_t shards = 2;
  std::uint64_t journal_file_bytes = 0;
  std::uint64_t segment_bytes = 0;
  std::size_t queues = 1;  // beside the dead letter queue
  std::size_t partitions = 1;
  std::size_t direct_clients = 1;
  std::size_t kafka_producers = 0;
  std::size_t kafka_fetchers = 0;
  std::size_t amqp_publishers = 0;
  std::size_t amqp_consumers = 0;
  /// Times the server is started before it is emptied.
  std::size_t lifetimes = 3;
  std::int64_t lifetime_nanos = 0;
  std::int64_t think_nanos = 0;  // longest pause of a client between two actions
  std::size_t largest_body = 0;

  std::uint64_t reject_percent = 20;  // of what clients inside the process settle
  bool all_dead_lettered = false;     // every queue has dead letters, not only some
  bool automatic = false;  // purges and automatic acknowledgements: they excuse the loss of what they may have met
  // What some of the queues have, see QueueTraits.
  bool length_limits = false;
  bool expiry = false;
  bool priorities = false;
  std::size_t amqp_transactors = 0;
  /// Clients that read a stream; with none there is no stream.
  std::size_t stream_readers = 0;
  std::size_t group_members = 0;
  /// Producers with transactions; with none there is no topic for them.
  std::size_t transactors = 0;
  std::size_t decided_readers = 0;

  // Faults.
  bool power_loss = false;   // in the middle of any disk operation, recovery included
  bool torn_rounds = false;  // the power is lost in writes of the journal that are longer than a sector
  bool misdirected = false;  // unsynced sectors that a power loss puts elsewhere in their file
  bool bit_rot = false;      // damage to what was synced
  bool full_disk = false;
  bool sync_failure = false;
  bool write_failure = false;
  bool read_failure = false;
  bool resets = false;  // connections that break
  bool slow_readers = false;
  bool process_kills = false;  // the process dies, what it wrote stays
  bool clean_stops = false;

  storage::StoreMutations mutations;

  static Plan draw(std::uint64_t seed);
  std::string to_string() const;
};

}  // namespace millrace::simtest
