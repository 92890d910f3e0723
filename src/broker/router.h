#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "broker/exchange_types.h"
#include "broker/types.h"
#include "bytes/view.h"
#include "catalog/state.h"

namespace millrace::broker {

class Policies;

/// The queues a message goes to, and the partitions of topics, by the numbers of their logs. Owned by the router.
struct Route {
  std::vector<QueueRef> queues;  // without duplicates, in a stable order
  /// Some are partitions: the message is stored with its key, if it has one.
  bool has_topics = false;
  /// Some could have been others: a key of the message chooses among a topic's partitions.
  bool spreads = false;
  /// Never used again for another set of queues.
  std::uint64_t id = 0;
  /// Bit i: some queue lives on shard i.
  std::uint64_t shards = 0;
};

/// Most shards a process can have (Route::shards is a set of them).
constexpr std::size_t kMaxShards = 64;

/// Routes by a shard's replica of the catalog. An exchange type has one small file of its own (exchange_direct.cc ...).
///
/// Of a topic a message goes to one partition: the one that its record key (MessageFacts) hashes to, without one its
/// routing key, as producers of streams choose by keys. A queue over a topic stands for the topic.
///
/// What an exchange and a key lead to is remembered until a change of the catalog touches an exchange on that way; a
/// change anywhere else costs nothing here. Ways through an exchange that looks at more than the key are walked for
/// each message. Messages that go to the same queues have the same Route, whatever way they came.
class Router {
 public:
  /// Without policies exchanges have their own alternates only.
  explicit Router(const catalog::State& catalog, Policies* policies = nullptr);
  ~Router();

  /// Where a message sent to `exchange` with `routing_key` goes; empty when nowhere. The result is valid until the
  /// next call on the router.
  const Route& route(const catalog::Exchange& exchange, std::string_view routing_key,
                     const MessageFacts* facts = nullptr);
  /// The same for a message with further routing keys.
  const Route& route(const catalog::Exchange& exchange, std::string_view routing_key,
                     std::span<const std::string_view> more_keys, const MessageFacts* facts);

  /// To be called for each catalog command before the replica applies it, and again afterwards.
  void before(const catalog::Command& command);
  void after(const catalog::Command& command);

  /// Ways that are remembered; for tests.
  std::size_t remembered() const;

 private:
  struct Tables;
  std::unique_ptr<Tables> tables_;
};

}  // namespace millrace::broker
