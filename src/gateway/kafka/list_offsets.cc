#include "gateway/kafka/connection.h"
#include "gateway/kafka/errors.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/topics.h"
#include "wire/kafka/generated/list_offsets_request.h"
#include "wire/kafka/generated/list_offsets_response.h"

namespace millrace::gateway::kafka {

namespace {

constexpr std::int64_t kLatest = -1;
constexpr std::int64_t kEarliest = -2;
constexpr std::int64_t kMaxTimestamp = -3;
constexpr std::int64_t kEarliestLocal = -4;
// Of data that was moved elsewhere, or waits for it: there is none.
constexpr std::int64_t kLatestTiered = -5;
constexpr std::int64_t kEarliestPendingUpload = -6;

using Lookup = broker::TimeLookup;

struct ListOffsetsWork : GatheredReply<wire::ListOffsetsRequest, wire::ListOffsetsResponse> {
  using GatheredReply::GatheredReply;

  wire::ListOffsetsResponse::Partition& at(std::size_t topic, std::size_t partition) {
    return response.topics[topic].partitions[partition];
  }
};

/// The first record in `batches` at or after `timestamp`; the batch found by the index has one.
Lookup first_record_at(const std::vector<broker::BatchRef>& batches, std::int64_t timestamp) {
  for (const auto& batch : batches) {
    const auto header = model::parse_batch_header(batch.bytes.view);
    if (!header.has_value() || header->max_timestamp.value < timestamp) continue;
    bytes::ByteVector scratch;
    const auto records = model::records_of(*header, batch.bytes.view, scratch, base::Bytes(model::kMaxBatchSize));
    if (!records.has_value()) continue;
    model::RecordCursor cursor(*records, header->record_count);
    model::RecordView record;
    while (cursor.next(record)) {
      const std::int64_t time = header->log_append_time() ? header->max_timestamp.value
                                                          : header->base_timestamp.value + record.timestamp_delta;
      if (time >= timestamp) {
        return {model::Offset(batch.base_offset.value + record.offset_delta), base::Timestamp(time)};
      }
    }
  }
  return {};
}

class Finder : public std::enable_shared_from_this<Finder> {
 public:
  Finder(std::shared_ptr<ListOffsetsWork> work, std::size_t topic, std::size_t partition, broker::LogRef log)
      : work_(std::move(work)), topic_(topic), partition_(partition), log_(log) {}

  void start(Connection& connection, std::int64_t timestamp) {
    timestamp_ = timestamp;
    auto& logs = connection.shard().logs();
    const auto self = shared_from_this();
    if (timestamp == kLatest || timestamp == kEarliest || timestamp == kEarliestLocal) {
      return logs.ends(log_, [self](broker::Result<broker::LogEnds> ends) { self->ends_known(std::move(ends)); });
    }
    if (timestamp == kMaxTimestamp) {
      return logs.find_max_time(log_, [self](broker::Result<Lookup> found) { self->batch_found(std::move(found)); });
    }
    if (timestamp == kLatestTiered || timestamp == kEarliestPendingUpload) return work_->finish_one();
    if (timestamp < 0) return failed(wire::ErrorCode::unsupported_version);
    logs.find_time(log_, base::Timestamp(timestamp),
                   [self](broker::Result<Lookup> found) { self->batch_found(std::move(found)); });
  }

 private:
  void failed(wire::ErrorCode code) {
    work_->at(topic_, partition_).error_code = code;
    work_->finish_one();
  }
  broker::Isolation isolation() const {
    return work_->kept->message.isolation_level == 1 ? broker::Isolation::decided : broker::Isolation::everything;
  }
  void ends_known(broker::Result<broker::LogEnds> ends) {
    if (!ends.has_value()) return failed(to_kafka(ends.error().code));
    auto& out = work_->at(topic_, partition_);
    const bool decided = isolation() == broker::Isolation::decided;
    const model::Offset end = decided ? ends->last_stable : ends->committed;
    out.offset = timestamp_ == kLatest ? end.value : ends->start.value;
    work_->finish_one();
  }
  void batch_found(broker::Result<Lookup> found) {
    if (!found.has_value()) return failed(to_kafka(found.error().code));
    const auto connection = work_->kept->reply.connection();
    if (found->offset == model::kNoOffset || connection == nullptr) return work_->finish_one();  // offset -1: none
    const std::int64_t wanted = timestamp_ == kMaxTimestamp ? found->timestamp.value : timestamp_;
    connection->shard().logs().read(log_, found->offset, base::kib(64), isolation(),
                                    [self = shared_from_this(), wanted](broker::Result<broker::ReadReply> read) {
                                      self->batch_read(std::move(read), wanted);
                                    });
  }
  void batch_read(broker::Result<broker::ReadReply> read, std::int64_t wanted) {
    if (!read.has_value()) return failed(to_kafka(read.error().code));
    const Lookup record = first_record_at(read->batches, wanted);
    auto& out = work_->at(topic_, partition_);
    out.offset = record.offset.value;
    out.timestamp = record.timestamp.value;
    work_->finish_one();
  }

  std::shared_ptr<ListOffsetsWork> work_;
  std::size_t topic_;
  std::size_t partition_;
  broker::LogRef log_;
  std::int64_t timestamp_ = 0;
};

}  // namespace

void handle_list_offsets(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::ListOffsetsRequest>::read(request);
  if (kept == nullptr) return;
  auto work = std::make_shared<ListOffsetsWork>(kept);
  const auto& wanted = kept->message.topics;
  const Topics topics(connection);
  work->response.topics.resize(wanted.size());
  for (std::size_t t = 0; t < wanted.size(); ++t) {
    work->response.topics[t].name = wanted[t].name;
    work->response.topics[t].partitions.resize(wanted[t].partitions.size());
    work->left += wanted[t].partitions.size();
  }
  for (std::size_t t = 0; t < wanted.size(); ++t) {
    const bool allowed = topics.may(auth::Operation::describe, wanted[t].name);
    for (std::size_t p = 0; p < wanted[t].partitions.size(); ++p) {
      const auto& partition = wanted[t].partitions[p];
      auto& out = work->at(t, p);
      out.partition_index = partition.partition_index;
      const auto log = topics.partition(wanted[t].name, partition.partition_index);
      if (allowed && log.has_value()) {
        std::make_shared<Finder>(work, t, p, *log)->start(connection, partition.timestamp);
        continue;
      }
      out.error_code =
          allowed ? wire::ErrorCode::unknown_topic_or_partition : wire::ErrorCode::topic_authorization_failed;
      work->finish_one();
    }
  }
  work->finish_one();
}

}  // namespace millrace::gateway::kafka
