#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "amqp_client.h"
#include "amqp_stream_client.h"
#include "direct_client.h"
#include "group_oracle.h"
#include "kafka_client.h"
#include "kafka_group_member.h"
#include "kafka_transactor.h"
#include "log_oracle.h"
#include "oracle.h"
#include "plan.h"
#include "server.h"
#include "testing/fault_counters.h"
#include "testing/sim_disk.h"
#include "testing/sim_wire.h"
#include "testing/sim_world.h"
#include "transaction_oracle.h"

namespace millrace::simtest {

struct Outcome {
  std::string failure;  // empty: all was well
  std::uint64_t trace_hash = 0;
  sim::FaultCounters faults;
  /// What happened beside faults: messages sent, confirmed, found at the end ...
  sim::FaultCounters events;
};

/// One seed: a broker of several shards with its clients, started and stopped in many ways, then emptied and judged.
class Simulation {
 public:
  explicit Simulation(const Plan& plan);
  ~Simulation();

  void set_verbose() { oracle_.set_verbose(true); }
  Outcome run();

 private:
  using Quarantined = std::set<std::tuple<std::uint64_t, std::int64_t, std::int64_t>>;

  void run_lifetime();
  /// False: the run is over, because it failed or because the server refuses data that was damaged on purpose.
  bool start_server(bool calm);
  bool declare();
  bool create_queue(std::size_t number);
  bool create_topic(std::string_view name, std::size_t partitions, std::size_t slot);
  bool create_stream();
  void make_clients();
  void start_clients();
  void stop_clients();
  void arm_faults();
  void calm_disk();
  void chaos();
  void end_lifetime();
  void die(bool machine);
  std::uint64_t rot();
  void note_homes();
  void newest_rounds_in_doubt(std::uint64_t hits);
  void note_quarantined();

  // final_drain.cc
  void drain_and_judge();
  bool drain_queues(std::vector<std::vector<MessageId>>& found);
  bool check_stays_empty();
  using LogContent = std::vector<std::pair<std::int64_t, std::uint64_t>>;  // offsets and records
  std::vector<LogContent> read_logs();
  std::uint64_t quarantined_of(std::uint64_t log) const;

  // final_offsets.cc
  std::optional<std::int64_t> committed_offset(std::string_view group, std::string_view topic, std::size_t partition);
  void judge_group(const std::vector<LogContent>& content);
  void judge_transactions();

  bool wait(const std::function<bool()>& done);
  std::vector<broker::QueueRef> queue_refs();
  bool create(const catalog::Queue& queue, std::size_t slot);
  /// Of the topic's partitions, then that of the stream.
  std::vector<broker::LogRef> log_refs();

  Plan plan_;
  sim::SimWorld world_;
  sim::SimWire wire_;
  sim::SimDisk disk_;
  base::Prng random_;
  Oracle oracle_;
  LogOracle logs_;
  GroupOracle group_;
  TransactionOracle transactions_;
  Server server_;
  std::vector<std::unique_ptr<DirectClient>> direct_;
  std::vector<std::unique_ptr<AmqpConnection>> amqp_;
  std::vector<std::unique_ptr<KafkaClient>> kafka_;
  std::vector<bool> declared_;  // queues, the dead letter queue, the topic, the stream, the topic for transactions
  std::vector<std::size_t> queue_homes_;      // the shard of each queue, then of the dead letter queue
  std::vector<std::size_t> partition_homes_;  // and that of the stream
  io::Timer chaos_timer_;
  Quarantined quarantined_;
  Outcome outcome_;
  bool refused_ = false;
};

}  // namespace millrace::simtest
