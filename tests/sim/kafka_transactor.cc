#include "kafka_transactor.h"

#include <fmt/format.h>

#include <algorithm>

#include "fetched_batches.h"
#include "model/batch_builder.h"
#include "wire/kafka/generated/add_offsets_to_txn_request.h"
#include "wire/kafka/generated/add_offsets_to_txn_response.h"
#include "wire/kafka/generated/add_partitions_to_txn_request.h"
#include "wire/kafka/generated/add_partitions_to_txn_response.h"
#include "wire/kafka/generated/end_txn_request.h"
#include "wire/kafka/generated/end_txn_response.h"
#include "wire/kafka/generated/fetch_request.h"
#include "wire/kafka/generated/fetch_response.h"
#include "wire/kafka/generated/init_producer_id_request.h"
#include "wire/kafka/generated/init_producer_id_response.h"
#include "wire/kafka/generated/offset_fetch_request.h"
#include "wire/kafka/generated/offset_fetch_response.h"
#include "wire/kafka/generated/produce_request.h"
#include "wire/kafka/generated/produce_response.h"
#include "wire/kafka/generated/txn_offset_commit_request.h"
#include "wire/kafka/generated/txn_offset_commit_response.h"

namespace millrace::simtest {

namespace kafka = millrace::wire::kafka;
using kafka::ErrorCode;

namespace {

constexpr std::int16_t kInitVersion = 1;
constexpr std::int16_t kStableOffsetsVersion = 7;
constexpr std::int16_t kJoinTransactionVersion = 2;
constexpr std::int16_t kTransactionProduceVersion = 7;
constexpr std::int16_t kJoiningProduceVersion = 12;
constexpr std::int16_t kAddOffsetsVersion = 2;
constexpr std::int16_t kOffsetInTransactionVersion = 2;
constexpr std::int16_t kJoiningOffsetVersion = 5;
constexpr std::int16_t kEndVersion = 2;
constexpr std::int16_t kGrowingEndVersion = 5;
constexpr std::int16_t kDecidedFetchVersion = 11;
constexpr std::int32_t kTransactionMillis = 50;

}  // namespace

KafkaTransactor::KafkaTransactor(sim::SimWorld& world, sim::SimWire& wire, Oracle& oracle,
                                 TransactionOracle& transactions, const Plan& plan, std::uint64_t number)
    : KafkaClient(world, wire, oracle, plan, number),
      transactions_(transactions),
      name_(random_.chance(1, 3) ? "shared" : fmt::format("own-{}", number)),
      grows_(random_.chance(1, 2)) {}

void KafkaTransactor::connected() {
  begin_anew(ErrorCode::network_exception);
}

/// The transaction under way is over. Where its commit was sent, nobody knows how.
void KafkaTransactor::begin_anew(ErrorCode error) {
  oracle_.trace(fmt::format("producer {} ({}) begins anew, error {}", number_, name_, static_cast<int>(error)));
  if (error == ErrorCode::invalid_producer_epoch || error == ErrorCode::producer_fenced) {
    oracle_.events().count("transaction.fenced");
  }
  if (transaction_ != 0 && !decided_) transactions_.not_committed(transaction_);
  transaction_ = 0;
  decided_ = false;
  step_ = Step::identify;
}

void KafkaTransactor::go(ErrorCode error, Step next) {
  if (error == ErrorCode::concurrent_transactions || error == ErrorCode::coordinator_load_in_progress) return;
  if (error != ErrorCode::none) return begin_anew(error);
  step_ = next;
}

void KafkaTransactor::act() {
  if (in_flight() > 0) return;
  switch (step_) {
    case Step::identify:
      return identify();
    case Step::look:
      return look();
    case Step::begin:
      return begin();
    case Step::join:
      return join();
    case Step::produce:
      return produce();
    case Step::add_offset:
      return add_offset();
    case Step::send_offset:
      return send_offset();
    case Step::end:
      return end();
  }
}

void KafkaTransactor::identify() {
  kafka::InitProducerIdRequest request;
  request.transactional_id = kafka::Text(name_);
  request.transaction_timeout_ms = kTransactionMillis;
  send(request, kInitVersion, [this](bytes::Reader& in) {
    kafka::InitProducerIdResponse response;
    if (!response.decode(in, kInitVersion)) return oracle_.fail("malformed InitProducerId response");
    go(response.error_code, Step::look);
    if (response.error_code != ErrorCode::none) return;
    producer_id_ = response.producer_id;
    producer_epoch_ = response.producer_epoch;
    sequences_.clear();
  });
}

/// What was committed under the name last: nothing of before can change it any more.
void KafkaTransactor::look() {
  kafka::OffsetFetchRequest request;
  request.group_id = kafka::Text(name_);
  request.require_stable = true;
  request.topics.emplace();
  request.topics->push_back({kafka::Text(kTransactionTopic), {0}});
  send(request, kStableOffsetsVersion, [this, certain = transactions_.certain_offset(name_)](bytes::Reader& in) {
    kafka::OffsetFetchResponse response;
    if (!response.decode(in, kStableOffsetsVersion)) return oracle_.fail("malformed OffsetFetch response");
    const auto& partition = response.topics.at(0).partitions.at(0);
    if (partition.error_code == ErrorCode::unstable_offset_commit) return;  // of who has the name now
    go(partition.error_code, Step::begin);
    if (partition.error_code != ErrorCode::none) return;
    transactions_.offset_seen(name_, partition.committed_offset, certain);
  });
}

void KafkaTransactor::begin() {
  transaction_ = transactions_.began(name_);
  decided_ = false;
  batches_left_ = random_.between(1, 4);
  with_offset_ = random_.chance(1, 2);
  commit_ = random_.chance(3, 4);
  partition_ = random_.below(kTransactionPartitions);
  unanswered_ = 0;
  step_ = grows_ ? Step::produce : Step::join;
}

void KafkaTransactor::join() {
  kafka::AddPartitionsToTxnRequest request;
  request.v3_and_below_transactional_id = kafka::Text(name_);
  request.v3_and_below_producer_id = producer_id_;
  request.v3_and_below_producer_epoch = producer_epoch_;
  request.v3_and_below_topics.push_back({kafka::Text(kTransactionTopic), {static_cast<std::int32_t>(partition_)}});
  send(request, kJoinTransactionVersion, [this](bytes::Reader& in) {
    kafka::AddPartitionsToTxnResponse response;
    if (!response.decode(in, kJoinTransactionVersion)) return oracle_.fail("malformed AddPartitionsToTxn response");
    go(response.results_by_topic_v3_and_below.at(0).results_by_partition.at(0).partition_error_code, Step::produce);
  });
}

void KafkaTransactor::produce() {
  const std::size_t batches = grows_ ? random_.between(1, batches_left_) : 1;
  for (std::size_t i = 0; i < batches; ++i) {
    produce_batch();
    if (grows_) partition_ = random_.below(kTransactionPartitions);
  }
}

void KafkaTransactor::produce_batch() {
  model::BatchBuilder builder;
  model::BatchBuilder::Options options;
  options.producer_id = producer_id_;
  options.producer_epoch = producer_epoch_;
  options.base_sequence = sequences_[partition_];
  options.transactional = true;
  builder.start(options);
  const auto count = static_cast<std::int32_t>(random_.between(1, 3));
  for (std::int32_t i = 0; i < count; ++i) {
    const std::uint64_t number = transactions_.sent(transaction_, partition_);
    const bytes::ByteVector body = oracle_.make_body(number, random_.below(plan_.largest_body));
    const bytes::ByteView part(body);
    model::BatchBuilder::Record record;
    record.timestamp = base::Timestamp(1'000'000);
    record.value_parts = {&part, 1};
    builder.add(record);
  }
  sequences_[partition_] += count;
  const bytes::Slab sealed = builder.finish();
  kafka::ProduceRequest request;
  request.transactional_id = kafka::Text(name_);
  request.acks = -1;
  request.timeout_ms = 1000;
  auto& topic = request.topic_data.emplace_back();
  topic.name = kafka::Text(kTransactionTopic);
  auto& data = topic.partition_data.emplace_back();
  data.index = static_cast<std::int32_t>(partition_);
  data.records = kafka::Records(sealed.view());
  ++unanswered_;
  const std::int16_t version = grows_ ? kJoiningProduceVersion : kTransactionProduceVersion;
  send(request, version, [this, version, transaction = transaction_](bytes::Reader& in) {
    kafka::ProduceResponse response;
    if (!response.decode(in, version)) return oracle_.fail("malformed Produce response");
    produced(response.responses.at(0).partition_responses.at(0).error_code, transaction);
  });
}

void KafkaTransactor::produced(ErrorCode error, TransactionOracle::Id transaction) {
  if (transaction != transaction_) return;  // one before it was refused
  // A batch that was refused would be a gap: no attempt to go on.
  if (error != ErrorCode::none) return begin_anew(error);
  --batches_left_;
  if (--unanswered_ > 0) return;
  transactions_.stored(transaction_);
  partition_ = random_.below(kTransactionPartitions);
  if (batches_left_ > 0)
    step_ = grows_ ? Step::produce : Step::join;
  else if (with_offset_)
    step_ = grows_ ? Step::send_offset : Step::add_offset;
  else
    step_ = Step::end;
}

void KafkaTransactor::add_offset() {
  kafka::AddOffsetsToTxnRequest request;
  request.transactional_id = kafka::Text(name_);
  request.producer_id = producer_id_;
  request.producer_epoch = producer_epoch_;
  request.group_id = kafka::Text(name_);
  send(request, kAddOffsetsVersion, [this](bytes::Reader& in) {
    kafka::AddOffsetsToTxnResponse response;
    if (!response.decode(in, kAddOffsetsVersion)) return oracle_.fail("malformed AddOffsetsToTxn response");
    go(response.error_code, Step::send_offset);
  });
}

void KafkaTransactor::send_offset() {
  kafka::TxnOffsetCommitRequest request;
  request.transactional_id = kafka::Text(name_);
  request.group_id = kafka::Text(name_);
  request.producer_id = producer_id_;
  request.producer_epoch = producer_epoch_;
  auto& topic = request.topics.emplace_back();
  topic.name = kafka::Text(kTransactionTopic);
  auto& partition = topic.partitions.emplace_back();
  partition.partition_index = 0;
  partition.committed_offset = static_cast<std::int64_t>(transaction_);
  transactions_.offset_sent(transaction_);
  const std::int16_t version = grows_ ? kJoiningOffsetVersion : kOffsetInTransactionVersion;
  send(request, version, [this, version](bytes::Reader& in) {
    kafka::TxnOffsetCommitResponse response;
    if (!response.decode(in, version)) return oracle_.fail("malformed TxnOffsetCommit response");
    const auto error = response.topics.at(0).partitions.at(0).error_code;
    go(error, Step::end);
    if (error == ErrorCode::none) oracle_.events().count("transaction.offset_sent");
  });
}

void KafkaTransactor::end() {
  if (commit_ && !decided_) {
    transactions_.committing(transaction_);
    decided_ = true;
  }
  kafka::EndTxnRequest request;
  request.transactional_id = kafka::Text(name_);
  request.producer_id = producer_id_;
  request.producer_epoch = producer_epoch_;
  request.committed = commit_;
  const std::int16_t version = grows_ ? kGrowingEndVersion : kEndVersion;
  send(request, version, [this, version](bytes::Reader& in) {
    kafka::EndTxnResponse response;
    if (!response.decode(in, version)) return oracle_.fail("malformed EndTxn response");
    if (grows_ && response.error_code == ErrorCode::none) {
      producer_id_ = response.producer_id;
      producer_epoch_ = response.producer_epoch;
      sequences_.clear();
    }
    ended(response.error_code);
  });
}

void KafkaTransactor::ended(ErrorCode error) {
  if (error != ErrorCode::none) return go(error, Step::begin);
  if (commit_) {
    transactions_.committed(transaction_);
  } else {
    transactions_.not_committed(transaction_);
    oracle_.events().count("transaction.aborted");
  }
  transaction_ = 0;
  decided_ = false;
  step_ = random_.chance(1, 4) ? Step::look : Step::begin;
}

KafkaTransactionReader::KafkaTransactionReader(sim::SimWorld& world, sim::SimWire& wire, Oracle& oracle,
                                               TransactionOracle& transactions, const Plan& plan, std::uint64_t number,
                                               bool to_the_end)
    : KafkaClient(world, wire, oracle, plan, number),
      transactions_(transactions),
      to_the_end_(to_the_end),
      next_(transactions.partitions()),
      complete_(transactions.partitions()),
      content_(transactions.partitions()) {}

bool KafkaTransactionReader::at_end() const {
  return std::ranges::all_of(complete_, [](bool complete) { return complete; });
}

void KafkaTransactionReader::act() {
  if (in_flight() > 0) return;
  partition_ = (partition_ + 1) % next_.size();
  if (!to_the_end_ && random_.chance(1, 20)) next_[partition_] = 0;
  kafka::FetchRequest request;
  request.max_wait_ms = 1;
  request.min_bytes = 1;
  request.max_bytes = 100'000;
  request.isolation_level = 1;
  auto& topic = request.topics.emplace_back();
  topic.topic = kafka::Text(kTransactionTopic);
  auto& asked = topic.partitions.emplace_back();
  asked.partition = static_cast<std::int32_t>(partition_);
  asked.fetch_offset = next_[partition_];
  asked.partition_max_bytes = static_cast<std::int32_t>(random_.between(1, 30'000));
  send(request, kDecidedFetchVersion, [this, partition = partition_](bytes::Reader& in) { take(partition, in); });
}

void KafkaTransactionReader::take(std::size_t partition, bytes::Reader& in) {
  kafka::FetchResponse response;
  if (!response.decode(in, kDecidedFetchVersion)) return oracle_.fail("malformed Fetch response");
  if (response.responses.empty()) return;
  const auto& answer = response.responses[0].partitions.at(0);
  if (answer.error_code != ErrorCode::none) {
    if (answer.error_code == ErrorCode::offset_out_of_range && !oracle_.damaged()) {
      oracle_.fail(fmt::format("offset {} was read up to and is now out of range", next_[partition]));
    }
    return;
  }
  std::vector<AbortedFrom> aborted;
  if (answer.aborted_transactions.has_value()) {
    for (const auto& one : *answer.aborted_transactions) aborted.push_back({one.producer_id, one.first_offset});
  }
  if (!aborted.empty()) oracle_.events().count("transaction.aborted_hidden");
  if (answer.records.has_value()) {
    take_batches(oracle_, answer.records->view(), aborted, next_[partition],
                 [&](std::int64_t offset, bytes::ByteView value) {
                   transactions_.read(partition, offset, value);
                   if (to_the_end_) content_[partition].push_back(transactions_.read_body(value));
                 });
  }
  complete_[partition] = next_[partition] >= answer.high_watermark;
}

}  // namespace millrace::simtest
