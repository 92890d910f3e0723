#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/prng.h"
#include "broker/shard.h"
#include "oracle.h"
#include "plan.h"
#include "settle_ledger.h"

namespace millrace::simtest {

/// A client inside the process, on the loop of one shard: it uses what gateways use, and so sees offsets, settles
/// ranges and purges. It lives as long as the process.
class DirectClient final : public broker::ConsumerSink, public broker::PublishTracker::Listener {
 public:
  DirectClient(broker::Shard& shard, Oracle& oracle, const Plan& plan, std::vector<broker::QueueRef> queues,
               std::uint64_t number);
  ~DirectClient() override;

  void start();
  /// Before a clean stop: no further actions; consumers are dropped.
  void stop();

  void on_deliveries(const broker::DeliveryBundle& bundle) override;
  void on_cancelled(broker::ConsumerId consumer, const std::string& reason) override;
  void on_confirmed(std::uint64_t sequence) override;
  void on_rejected(std::uint64_t sequence) override;

 private:
  struct Held {
    std::size_t queue;
    broker::ConsumerId consumer;
    broker::Offset offset;
    MessageId id;
  };
  struct Consumer {
    std::size_t queue;
    bool auto_ack;
    std::int64_t last_fresh = -1;
  };
  struct Published {
    std::uint64_t sequence;
    MessageId id;
    std::size_t queue;
    std::uint64_t settled;  // settlements of that queue before it
    bool refused = false;
  };

  void schedule();
  void act();
  void publish();
  void consume();
  void cancel();
  void settle();
  void settle_range();
  void get();
  void purge();
  void take(const broker::DeliveryBundle& bundle, std::size_t queue, bool auto_ack, Consumer* consumer);
  void settle_one(const Held& held, broker::Settle how);
  void note(const Held& held, broker::Settle how);
  std::size_t queue_of(broker::QueueRef ref) const;

  broker::Shard& shard_;
  Oracle& oracle_;
  const Plan& plan_;
  std::vector<broker::QueueRef> queues_;  // the dead letter queue is the last
  std::uint64_t number_;
  base::Prng random_;
  std::uint64_t stream_;
  broker::PublishTracker tracker_;
  std::deque<Published> published_;
  SettleLedger ledger_;
  std::map<broker::ConsumerId, Consumer> consumers_;
  bool consuming_ = false;
  std::vector<Held> held_;
  io::Timer timer_;
};

}  // namespace millrace::simtest
