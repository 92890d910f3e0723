#include "kafka_client.h"

#include <fmt/format.h>

#include "fetched_batches.h"
#include "model/batch_builder.h"
#include "server.h"
#include "wire/kafka/generated/fetch_request.h"
#include "wire/kafka/generated/fetch_response.h"
#include "wire/kafka/generated/init_producer_id_request.h"
#include "wire/kafka/generated/init_producer_id_response.h"
#include "wire/kafka/generated/produce_request.h"
#include "wire/kafka/generated/produce_response.h"

namespace millrace::simtest {

namespace kafka = millrace::wire::kafka;

namespace {

constexpr std::string_view kTopic = "topic";
constexpr std::int16_t kProduceVersion = 7;
constexpr std::int16_t kFetchVersion = 11;
constexpr std::int16_t kInitProducerIdVersion = 1;
constexpr std::size_t kMaxFrame = std::size_t{64} << 20;
constexpr base::Nanos kKafkaReconnect{2'000'000};

}  // namespace

KafkaClient::KafkaClient(sim::SimWorld& world, sim::SimWire& wire, Oracle& oracle, const Plan& plan,
                         std::uint64_t number)
    : world_(world), oracle_(oracle), plan_(plan), number_(number), random_(plan.seed * 1000 + number), wire_(wire) {}

KafkaClient::~KafkaClient() = default;

void KafkaClient::start() {
  timer_ = world_.after(world_.random_delay(base::Nanos(0), kKafkaReconnect), [this] { tick(); });
}

void KafkaClient::stop() {
  timer_.cancel();
  client_.reset();
  waiting_.clear();
}

void KafkaClient::connect() {
  waiting_.clear();
  in_.clear();
  client_ = wire_.connect(kKafkaPort);
  client_->on_data = [this](bytes::ByteView data) { on_data(data); };
  connected();
}

void KafkaClient::tick() {
  base::Nanos pause(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(plan_.think_nanos)) + 1));
  if (client_ == nullptr || !client_->is_open()) {
    connect();
    pause = kKafkaReconnect;
  } else {
    if (plan_.slow_readers && random_.chance(1, 40)) client_->pause();
    if (random_.chance(1, 4)) client_->resume();
    act();
  }
  timer_ = world_.after(pause, [this] { tick(); });
}

void KafkaClient::on_data(bytes::ByteView data) {
  in_.insert(in_.end(), data.begin(), data.end());
  std::size_t used = 0;
  while (true) {
    bytes::ByteView frame;
    const auto state = kafka::find_frame(bytes::ByteView(in_).subspan(used), kMaxFrame, frame);
    if (state == kafka::FrameState::incomplete) break;
    if (state == kafka::FrameState::malformed) return oracle_.fail("a Kafka response of an impossible size");
    used += kafka::kFrameSizeBytes + frame.size();
    if (waiting_.empty()) return oracle_.fail("a Kafka response that nobody asked for");
    Waiting waiting = std::move(waiting_.front());
    waiting_.pop_front();
    bytes::Reader in(frame);
    kafka::ResponseHeader header;
    if (!header.decode(in, waiting.key, waiting.version) || header.correlation_id != waiting.correlation) {
      return oracle_.fail("a Kafka response out of order");
    }
    waiting.on_answer(in);
    if (oracle_.failed()) return;
    if (hurries() && random_.chance(3, 4)) act();
  }
  in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(used));
}

KafkaProducer::KafkaProducer(sim::SimWorld& world, sim::SimWire& wire, Oracle& oracle, LogOracle& logs,
                             const Plan& plan, std::uint64_t number)
    : KafkaClient(world, wire, oracle, plan, number),
      logs_(logs),
      partition_(random_.below(plan.partitions)),
      idempotent_(random_.chance(1, 2)),
      stream_(oracle.new_stream()) {
  if (idempotent_) logs_.promise_whole(stream_);
}

void KafkaProducer::connected() {
  asking_ = false;
  if (!idempotent_) {
    unanswered_.clear();
    // The server may still be reading what the lost connection sent: nothing orders that with what comes now.
    stream_ = oracle_.new_stream();
    return;
  }
  for (const Batch& batch : unanswered_) repeat(batch);
}

void KafkaProducer::ask_producer_id() {
  asking_ = true;
  kafka::InitProducerIdRequest request;
  request.transaction_timeout_ms = 1000;
  send(request, kInitProducerIdVersion, [this](bytes::Reader& in) {
    asking_ = false;
    kafka::InitProducerIdResponse response;
    if (!response.decode(in, kInitProducerIdVersion)) return oracle_.fail("malformed InitProducerId response");
    if (response.error_code != kafka::ErrorCode::none) return;
    producer_id_ = response.producer_id;
    producer_epoch_ = response.producer_epoch;
    oracle_.trace(fmt::format("producer {} has id {}", number_, producer_id_));
  });
}

void KafkaProducer::act() {
  if (idempotent_ && producer_id_ < 0) {
    if (!asking_) ask_producer_id();
    return;
  }
  // Where an append can be refused, what is behind it would be refused for its sequence number.
  const std::size_t most = idempotent_ && plan_.full_disk ? 1 : 4;
  if (in_flight() == 0 && !unanswered_.empty()) return repeat(unanswered_.front());
  if (in_flight() < most) make_batch();
}

void KafkaProducer::repeat(const Batch& batch) {
  oracle_.events().count("producer.repeated");
  send_batch(batch);
}

void KafkaProducer::make_batch() {
  Batch batch;
  batch.records = random_.between(1, 5);
  batch.base_sequence = next_sequence_;
  for (std::size_t i = 0; i < batch.records; ++i) {
    const std::uint64_t record = logs_.sent(partition_, stream_);
    if (i == 0) batch.first = record;
  }
  next_sequence_ += static_cast<std::int32_t>(batch.records);
  unanswered_.push_back(batch);
  send_batch(batch);
}

void KafkaProducer::send_batch(const Batch& batch) {
  model::BatchBuilder builder;
  model::BatchBuilder::Options options;
  if (idempotent_) {
    options.producer_id = producer_id_;
    options.producer_epoch = producer_epoch_;
    options.base_sequence = batch.base_sequence;
  }
  builder.start(options);
  for (std::size_t i = 0; i < batch.records; ++i) {
    // The same size every time it is sent: drawn from the record's number.
    const bytes::ByteVector body = oracle_.make_body(batch.first + i, (batch.first + i) * 7919 % plan_.largest_body);
    const bytes::ByteView part(body);
    model::BatchBuilder::Record record;
    record.timestamp = base::Timestamp(1'000'000);
    record.value_parts = {&part, 1};
    builder.add(record);
  }
  const bytes::Slab sealed = builder.finish();
  kafka::ProduceRequest request;
  request.acks = -1;
  request.timeout_ms = 1000;
  request.topic_data.emplace_back();
  request.topic_data[0].name = kafka::Text(kTopic);
  request.topic_data[0].partition_data.emplace_back();
  request.topic_data[0].partition_data[0].index = static_cast<std::int32_t>(partition_);
  request.topic_data[0].partition_data[0].records = kafka::Records(sealed.view());
  send(request, kProduceVersion, [this, first = batch.first, records = batch.records](bytes::Reader& in) {
    kafka::ProduceResponse response;
    if (!response.decode(in, kProduceVersion) || response.responses.size() != 1) {
      return oracle_.fail("malformed Produce response");
    }
    const auto& partition = response.responses[0].partition_responses.at(0);
    answered(first, records, static_cast<std::int16_t>(partition.error_code), partition.base_offset);
  });
}

void KafkaProducer::answered(std::uint64_t first, std::size_t records, std::int16_t error, std::int64_t offset) {
  if (error == 0) {
    logs_.stored(first, records, offset);
    std::erase_if(unanswered_, [first](const Batch& batch) { return batch.first == first; });
    return;
  }
  oracle_.trace(fmt::format("producer {} got error {}", number_, error));
  const auto code = static_cast<kafka::ErrorCode>(error);
  const bool sequence_error = code == kafka::ErrorCode::out_of_order_sequence_number ||
                              code == kafka::ErrorCode::unknown_producer_id ||
                              code == kafka::ErrorCode::invalid_producer_epoch;
  if (sequence_error && !oracle_.damaged()) {
    return oracle_.fail(fmt::format("producer {}: the server lost count of its batches (error {})", number_, error));
  }
  if (!idempotent_) std::erase_if(unanswered_, [first](const Batch& batch) { return batch.first == first; });
}

KafkaFetcher::KafkaFetcher(sim::SimWorld& world, sim::SimWire& wire, Oracle& oracle, LogOracle& logs, const Plan& plan,
                           std::uint64_t number)
    : KafkaClient(world, wire, oracle, plan, number), logs_(logs), partition_(random_.below(plan.partitions)) {}

void KafkaFetcher::act() {
  if (in_flight() > 0) return;
  if (random_.chance(1, 30)) next_ = 0;
  kafka::FetchRequest request;
  request.max_wait_ms = static_cast<std::int32_t>(random_.below(10));
  request.min_bytes = 1;
  request.max_bytes = static_cast<std::int32_t>(random_.between(1, 100'000));
  request.topics.emplace_back();
  request.topics[0].topic = kafka::Text(kTopic);
  request.topics[0].partitions.emplace_back();
  auto& asked = request.topics[0].partitions[0];
  asked.partition = static_cast<std::int32_t>(partition_);
  asked.fetch_offset = next_;
  asked.partition_max_bytes = static_cast<std::int32_t>(random_.between(1, 50'000));
  send(request, kFetchVersion, [this](bytes::Reader& in) {
    kafka::FetchResponse response;
    if (!response.decode(in, kFetchVersion)) return oracle_.fail("malformed Fetch response");
    if (response.responses.empty()) return;
    const auto& partition = response.responses[0].partitions.at(0);
    if (partition.error_code == kafka::ErrorCode::offset_out_of_range && !oracle_.damaged()) {
      return oracle_.fail(
          fmt::format("partition {}: offset {} was read up to and is now out of range", partition_, next_));
    }
    if (partition.error_code != kafka::ErrorCode::none || !partition.records.has_value()) return;
    std::int64_t at = next_;
    take_batches(oracle_, partition.records->view(), {}, next_, [&](std::int64_t offset, bytes::ByteView value) {
      logs_.passed(partition_, at, offset);
      logs_.read(partition_, offset, value);
      at = offset + 1;
    });
  });
}

}  // namespace millrace::simtest
