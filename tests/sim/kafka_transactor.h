#pragma once

#include <map>
#include <string>

#include "kafka_client.h"
#include "transaction_oracle.h"

namespace millrace::simtest {

constexpr std::string_view kTransactionTopic = "ledger";
constexpr std::size_t kTransactionPartitions = 2;

/// A producer with a name, which another one may have too: then they take it from each other. Each transaction has
/// records in one or more partitions, and some commit an offset for a group with them. After a broken connection it
/// begins anew, and cannot know how a commit ended that was not answered.
///
/// Of two kinds: an older client announces each partition, one request after the other; a newer one (KIP-890) joins
/// with its records, sends several batches without waiting, and gets a new epoch with each end.
class KafkaTransactor final : public KafkaClient {
 public:
  KafkaTransactor(sim::SimWorld& world, sim::SimWire& wire, Oracle& oracle, TransactionOracle& transactions,
                  const Plan& plan, std::uint64_t number);

 private:
  /// What comes next.
  enum class Step : std::uint8_t { identify, look, begin, join, produce, add_offset, send_offset, end };

  void act() override;
  void connected() override;
  bool hurries() const override { return true; }
  void identify();
  void look();
  void begin();
  void join();
  void produce();
  void produce_batch();
  void produced(wire::kafka::ErrorCode error, TransactionOracle::Id transaction);
  void add_offset();
  void send_offset();
  void end();
  void ended(wire::kafka::ErrorCode error);
  void go(wire::kafka::ErrorCode error, Step next);
  void begin_anew(wire::kafka::ErrorCode error);

  TransactionOracle& transactions_;
  std::string name_;
  bool grows_;
  Step step_ = Step::identify;
  std::int64_t producer_id_ = -1;
  std::int16_t producer_epoch_ = -1;
  std::map<std::size_t, std::int32_t> sequences_;  // by partition
  // The present transaction; 0: none.
  TransactionOracle::Id transaction_ = 0;
  std::size_t partition_ = 0;
  std::size_t batches_left_ = 0;
  std::size_t unanswered_ = 0;  // batches of it
  bool with_offset_ = false;
  bool commit_ = false;
  bool decided_ = false;  // the commit was sent
};

/// Follows the topic of the transactions, as who wants to see nothing undecided.
class KafkaTransactionReader final : public KafkaClient {
 public:
  KafkaTransactionReader(sim::SimWorld& world, sim::SimWire& wire, Oracle& oracle, TransactionOracle& transactions,
                         const Plan& plan, std::uint64_t number, bool to_the_end);

  /// Everything was read once, from the start, and nothing is undecided.
  bool at_end() const;
  const std::vector<std::vector<std::uint64_t>>& content() const { return content_; }

 private:
  void act() override;
  void connected() override {}
  void take(std::size_t partition, bytes::Reader& in);

  TransactionOracle& transactions_;
  bool to_the_end_;
  std::size_t partition_ = 0;
  std::vector<std::int64_t> next_;
  std::vector<bool> complete_;
  std::vector<std::vector<std::uint64_t>> content_;
};

}  // namespace millrace::simtest
