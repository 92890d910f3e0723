#include "base/assert.h"
#include "base/log.h"
#include "broker/topic_settings.h"
#include "gateway/kafka/connection.h"
#include "gateway/kafka/convert.h"
#include "gateway/kafka/errors.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/topics.h"
#include "gateway/kafka/transactions.h"
#include "wire/kafka/generated/produce_request.h"
#include "wire/kafka/generated/produce_response.h"
#include "wire/kafka/legacy_message_set.h"

namespace millrace::gateway::kafka {

namespace {

// From this version on partitions join their producer's transaction with its first records (KIP-890).
constexpr std::int16_t kProduceJoins = 12;
// From this version on topics are named by id (KIP-516).
constexpr std::int16_t kProduceTopicIds = 13;

/// The time of records that have none: those of the oldest format.
constexpr std::int64_t kNoTime = -1;

/// One produce request under way: answered when each of its partitions is stored or has failed.
struct ProduceWork {
  Reply reply;
  bool wants_answer;
  std::vector<std::string> names;  // by topic; the request's bytes are gone by then
  broker::ProducerName producer;   // of transactional records
  wire::ProduceResponse response;
  std::size_t left = 0;

  wire::ProduceResponse::PartitionResponse& at(std::size_t topic, std::size_t partition) {
    return response.responses[topic].partition_responses[partition];
  }
  void finish_one() {
    if (--left > 0) return;
    for (std::size_t i = 0; i < names.size(); ++i) response.responses[i].name = wire::Text(names[i]);
    if (wants_answer)
      reply.send(response);
    else
      reply.none();
  }
};

wire::ErrorCode code_of_append(const broker::BrokerError& error, std::int16_t version) {
  switch (error.code) {
    // Only the sequence check of idempotent producers answers an append with these.
    case broker::BrokerErrc::invalid:
      return wire::ErrorCode::out_of_order_sequence_number;
    case broker::BrokerErrc::refused:
    case broker::BrokerErrc::fenced:
      return wire::ErrorCode::invalid_producer_epoch;
    case broker::BrokerErrc::concurrent:
      // Older clients send again after this one only.
      return version >= kProduceJoins ? wire::ErrorCode::concurrent_transactions : wire::ErrorCode::not_enough_replicas;
    default:
      return to_kafka(error.code);
  }
}

/// Whether each record has a key. A batch that does not decompress was refused before.
bool has_keys(const model::BatchHeader& header, bytes::ByteView batch) {
  bytes::ByteVector scratch;
  const auto records = model::records_of(header, batch, scratch, base::Bytes(model::kMaxBatchSize));
  if (!records.has_value()) return false;
  model::RecordCursor cursor(*records, header.record_count);
  model::RecordView record;
  while (cursor.next(record)) {
    if (!record.has_key) return false;
  }
  return true;
}

/// Whether the records' own times are near enough to now, as far as the topic asks.
wire::ErrorCode check_times(const broker::WriteRules& rules, const model::BatchHeader& header, bytes::ByteView batch,
                            base::Timestamp now) {
  if (header.log_append_time()) return wire::ErrorCode::invalid_timestamp;  // that is for the broker to say
  if (rules.max_ahead_ms < INT64_MAX - now.value && header.max_timestamp.value > now.value + rules.max_ahead_ms) {
    return wire::ErrorCode::invalid_timestamp;
  }
  if (rules.max_behind_ms > now.value) return wire::ErrorCode::none;
  bytes::ByteVector scratch;
  const auto records = model::records_of(header, batch, scratch, base::Bytes(model::kMaxBatchSize));
  if (!records.has_value()) return to_kafka(records.error().code);
  model::RecordCursor cursor(*records, header.record_count);
  model::RecordView record;
  while (cursor.next(record)) {
    const std::int64_t time = header.base_timestamp.value + record.timestamp_delta;
    if (time != kNoTime && time < now.value - rules.max_behind_ms) return wire::ErrorCode::invalid_timestamp;
  }
  return wire::ErrorCode::none;
}

/// The batch as the topic's rules want it stored, or why they refuse it. `records` was checked.
wire::ErrorCode apply_rules(Connection& connection, const broker::WriteRules& rules, const model::BatchHeader& header,
                            bytes::ByteView records, bytes::Slab& batch) {
  if (rules.needs_keys && !has_keys(header, records)) return wire::ErrorCode::invalid_record;
  const wire::ErrorCode times = rules.append_time
                                    ? wire::ErrorCode::none
                                    : check_times(rules, header, records, connection.shard().loop().clock().wall());
  if (times != wire::ErrorCode::none) return times;
  const bool stored_so = !rules.compression.has_value() || *rules.compression == header.compression();
  batch = stored_so ? bytes::Slab::copy_of(records) : recompress(records, *rules.compression);
  return wire::ErrorCode::none;
}

/// The records of one partition as a batch to store, or why not. With a transactional id they may be part of a
/// transaction.
wire::ErrorCode read_batch(Connection& connection, const wire::ProduceRequest::PartitionData& data,
                           std::int16_t version, const broker::WriteRules& rules, bool may_be_transactional,
                           bytes::Slab& batch) {
  if (!data.records.has_value() || data.records->size() == 0) return wire::ErrorCode::invalid_record;
  const bytes::ByteView records = data.records->view();
  if (records.size() > rules.max_batch_bytes) return wire::ErrorCode::message_too_large;
  const base::Bytes limit(connection.options().max_batch_bytes);
  const auto magic = wire::peek_magic(records);
  if (magic.has_value() && *magic < 2 && version < 3) {
    bytes::Slab made;
    const wire::ErrorCode converted = convert_legacy(records, limit, made);
    if (converted != wire::ErrorCode::none) return converted;
    const auto header = model::parse_batch_header(made.view());
    MILLRACE_ASSERT(header.has_value(), "the batch was just made");
    return apply_rules(connection, rules, *header, made.view(), batch);
  }
  const auto header = model::validate_client_batch(records, limit);
  if (!header.has_value()) {
    base::log::info("kafka: a batch from {} is refused: {}", connection.socket().peer(), header.error().detail);
    return to_kafka(header.error().code);
  }
  if (header->transactional() && !may_be_transactional) return wire::ErrorCode::invalid_txn_state;
  if (header->transactional() && header->producer_id < 0) return wire::ErrorCode::invalid_record;
  if (header->compression() == bytes::Compression::zstd && version < 7) {
    return wire::ErrorCode::unsupported_compression_type;
  }
  return apply_rules(connection, rules, *header, records, batch);
}

/// Of a queue there are no rules beyond the broker's.
broker::WriteRules rules_of(Connection& connection, const std::optional<TopicView>& topic) {
  static const catalog::Topic kPlain;
  const catalog::Topic* stored = topic.has_value() ? connection.shard().catalog().find_topic(topic->id) : nullptr;
  return broker::write_rules(stored == nullptr ? kPlain : *stored, connection.shard().options());
}

/// Where one result belongs.
struct Place {
  std::size_t topic;
  std::size_t partition;
};

void append(Connection& connection, const std::shared_ptr<ProduceWork>& work, const TopicView& view, bytes::Slab batch,
            const Place& place) {
  const std::int32_t index = work->at(place.topic, place.partition).index;
  const broker::LogRef log = view.partitions[static_cast<std::size_t>(index)];
  const auto header = model::parse_batch_header(batch.view());
  MILLRACE_ASSERT(header.has_value(), "the batch was checked");
  std::vector<bytes::Slab> batches;
  batches.push_back(std::move(batch));
  auto done = [work, place](broker::Result<broker::AppendReply> stored) {
    auto& out = work->at(place.topic, place.partition);
    if (stored.has_value()) {
      out.base_offset = stored->base_offset.value;
      out.log_start_offset = stored->ends.start.value;
    } else {
      out.error_code = code_of_append(stored.error(), work->reply.version());
      out.base_offset = -1;
    }
    work->finish_one();
  };
  if (!header->transactional()) return connection.shard().logs().append(log, std::move(batches), std::move(done));
  broker::TransactionClaim claim;
  claim.name = work->producer;
  claim.identity = {header->producer_id, header->producer_epoch};
  claim.partition = {view.id, index};
  claim.joins = work->reply.version() >= kProduceJoins;
  connection.shard().logs().append_in_transaction(log, std::move(batches), std::move(claim), std::move(done));
}

/// What concerns all partitions of a topic.
wire::ErrorCode check_topic(const Topics& topics, const wire::ProduceRequest::TopicData& topic,
                            const std::optional<TopicView>& view, bool by_id, std::int16_t acks,
                            const broker::WriteRules& rules) {
  if (acks < -1 || acks > 1) return wire::ErrorCode::invalid_required_acks;
  if (by_id && !view.has_value()) return wire::ErrorCode::unknown_topic_id;
  if (!topics.may(auth::Operation::write, view.has_value() ? view->name : topic.name)) {
    return wire::ErrorCode::topic_authorization_failed;
  }
  if (!view.has_value()) return wire::ErrorCode::unknown_topic_or_partition;
  return acks == -1 && rules.min_copies > 1 ? wire::ErrorCode::not_enough_replicas : wire::ErrorCode::none;
}

void count(broker::Shard& shard, const bytes::Slab& batch) {
  const auto header = model::parse_batch_header(batch.view());
  shard.counters().published.fetch_add(static_cast<std::uint64_t>(header->record_count), std::memory_order_relaxed);
  shard.counters().published_bytes.fetch_add(batch.size(), std::memory_order_relaxed);
}

}  // namespace

/// Every acks value is answered when the batch is durable (acks=0 not at all): storing is never claimed before.
void handle_produce(Connection& connection, const Request& request) {
  wire::ProduceRequest message;
  if (!request.decode(message, request.body)) return request.reply.close("malformed ProduceRequest");
  connection.set_produces();
  const bool by_id = request.version >= kProduceTopicIds;
  auto work = std::make_shared<ProduceWork>(ProduceWork{request.reply, message.acks != 0, {}, {}, {}, 1});
  const Topics topics(connection);
  const bool named = message.transactional_id.has_value();
  if (named) work->producer = producer_name(connection, *message.transactional_id);
  const bool allowed = !named || may_produce_as(connection, *message.transactional_id);
  work->response.responses.resize(message.topic_data.size());
  for (std::size_t t = 0; t < message.topic_data.size(); ++t) {
    const auto& topic = message.topic_data[t];
    work->names.emplace_back(topic.name);
    work->response.responses[t].topic_id = topic.topic_id;
    work->response.responses[t].partition_responses.resize(topic.partition_data.size());
    work->left += topic.partition_data.size();
  }
  for (std::size_t t = 0; t < message.topic_data.size(); ++t) {
    const auto& topic = message.topic_data[t];
    const auto view = by_id ? topics.find(topic.topic_id) : topics.find(topic.name);
    const broker::WriteRules rules = rules_of(connection, view);
    const wire::ErrorCode refused = allowed ? check_topic(topics, topic, view, by_id, message.acks, rules)
                                            : wire::ErrorCode::transactional_id_authorization_failed;
    for (std::size_t p = 0; p < topic.partition_data.size(); ++p) {
      auto& out = work->at(t, p);
      out.index = topic.partition_data[p].index;
      out.base_offset = -1;
      bytes::Slab batch;
      out.error_code = refused;
      if (refused == wire::ErrorCode::none &&
          (out.index < 0 || static_cast<std::size_t>(out.index) >= view->partitions.size())) {
        out.error_code = wire::ErrorCode::unknown_topic_or_partition;
      }
      if (out.error_code == wire::ErrorCode::none) {
        out.error_code = read_batch(connection, topic.partition_data[p], request.version, rules, named, batch);
      }
      if (out.error_code != wire::ErrorCode::none) {
        work->finish_one();
        continue;
      }
      if (rules.append_time) {
        const base::Timestamp now = connection.shard().loop().clock().wall();
        model::set_append_time({batch.mutable_data(), batch.size()}, now);
        out.log_append_time_ms = now.value;
      }
      count(connection.shard(), batch);
      append(connection, work, *view, std::move(batch), {t, p});
    }
  }
  work->finish_one();
}

}  // namespace millrace::gateway::kafka
