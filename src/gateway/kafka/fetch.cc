#include "gateway/kafka/connection.h"
#include "gateway/kafka/convert.h"
#include "gateway/kafka/errors.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/topics.h"
#include "wire/kafka/generated/fetch_request.h"
#include "wire/kafka/generated/fetch_response.h"

namespace millrace::gateway::kafka {

namespace {

// Whatever a client asks for, one answer carries about this much at the most.
constexpr std::int64_t kMaxResponseBytes = std::int64_t{64} << 20;
constexpr std::int32_t kMaxWaitMs = 5 * 60 * 1000;

/// One fetch under way: reads all its partitions; when there is too little and time is left, waits until one of them
/// grows.
class Fetch : public std::enable_shared_from_this<Fetch> {
 public:
  explicit Fetch(std::shared_ptr<KeptRequest<wire::FetchRequest>> kept) : kept_(std::move(kept)) {}
  void start(Connection& connection);

 private:
  struct Part {
    std::size_t topic = 0;
    const wire::FetchRequest::Partition* wanted = nullptr;
    std::optional<broker::LogRef> log;
    wire::ErrorCode error = wire::ErrorCode::none;
    broker::LogEnds ends;
    RecordParts records;
    std::size_t bytes = 0;
  };
  void read_all(Connection& connection);
  void read_done(std::size_t part, broker::Result<broker::ReadReply> result);
  void all_read();
  void wait(Connection& connection);
  void wake();
  void answer();

  std::shared_ptr<KeptRequest<wire::FetchRequest>> kept_;
  std::vector<Part> parts_;
  std::size_t reading_ = 0;
  bool last_round_ = false;
  bool waiting_ = false;
  base::Nanos deadline_;
  io::Timer timer_;
  std::vector<std::unique_ptr<broker::Logs::Watch>> watches_;
};

void Fetch::start(Connection& connection) {
  const wire::FetchRequest& request = kept_->message;
  const Topics topics(connection.shard(), connection.user());
  for (std::size_t t = 0; t < request.topics.size(); ++t) {
    const auto& topic = request.topics[t];
    const bool allowed = topics.may(auth::Operation::read, topic.topic);
    for (const auto& partition : topic.partitions) {
      Part part;
      part.topic = t;
      part.wanted = &partition;
      part.log = topics.partition(topic.topic, partition.partition);
      if (!allowed)
        part.error = wire::ErrorCode::topic_authorization_failed;
      else if (!part.log.has_value())
        part.error = wire::ErrorCode::unknown_topic_or_partition;
      parts_.push_back(std::move(part));
    }
  }
  const std::int64_t wait_ms = std::clamp(request.max_wait_ms, 0, kMaxWaitMs);
  deadline_ = connection.shard().loop().clock().monotonic() + base::to_nanos(base::Millis(wait_ms));
  last_round_ = wait_ms == 0 || parts_.empty();
  read_all(connection);
}

void Fetch::read_all(Connection& connection) {
  const std::int64_t limit = std::clamp<std::int64_t>(kept_->message.max_bytes, 1, kMaxResponseBytes);
  reading_ = 1;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[i];
    part.records.batches.clear();
    part.bytes = 0;
    if (part.error != wire::ErrorCode::none) continue;
    ++reading_;
    const std::int64_t bytes = std::clamp<std::int64_t>(part.wanted->partition_max_bytes, 1, limit);
    connection.shard().logs().read(*part.log, model::Offset(part.wanted->fetch_offset),
                                   base::Bytes(static_cast<std::uint64_t>(bytes)),
                                   [self = shared_from_this(), i](broker::Result<broker::ReadReply> result) {
                                     self->read_done(i, std::move(result));
                                   });
  }
  if (--reading_ == 0) all_read();
}

void Fetch::read_done(std::size_t index, broker::Result<broker::ReadReply> result) {
  Part& part = parts_[index];
  if (result.has_value()) {
    part.ends = result->ends;
    if (const auto connection = kept_->reply.connection()) {
      for (const auto& batch : result->batches) {
        part.records.batches.push_back(to_client_batch(batch, connection->shard().codecs()));
      }
    }
    part.bytes = part.records.size();
  } else {
    part.error = to_kafka(result.error().code);
  }
  if (--reading_ == 0) all_read();
}

void Fetch::all_read() {
  const auto connection = kept_->reply.connection();
  if (connection == nullptr) return;
  std::size_t total = 0;
  bool failed = false;
  for (const Part& part : parts_) {
    total += part.bytes;
    failed = failed || part.error != wire::ErrorCode::none;
  }
  const bool enough = total >= static_cast<std::size_t>(std::max(kept_->message.min_bytes, 0));
  if (enough || failed || last_round_) return answer();
  wait(*connection);
}

void Fetch::wait(Connection& connection) {
  waiting_ = true;
  kept_->reply.hold(shared_from_this());
  const base::Nanos now = connection.shard().loop().clock().monotonic();
  const base::Nanos left = deadline_ > now ? deadline_ - now : base::Nanos(0);
  timer_ = connection.shard().loop().call_after(left, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->last_round_ = true;
      self->wake();
    }
  });
  for (const Part& part : parts_) {
    if (part.error != wire::ErrorCode::none) continue;
    // What is there already was too little: only growth is news.
    watches_.push_back(connection.shard().logs().watch(*part.log, part.ends.committed, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->wake();
    }));
  }
}

void Fetch::wake() {
  if (!waiting_) return;
  waiting_ = false;
  timer_.cancel();
  watches_.clear();
  const auto connection = kept_->reply.connection();
  if (connection == nullptr) return;
  // A last look must not be taken for "nothing new" when the time is up.
  if (connection->shard().loop().clock().monotonic() >= deadline_) last_round_ = true;
  read_all(*connection);
}

void Fetch::answer() {
  const wire::FetchRequest& request = kept_->message;
  wire::FetchResponse response;
  std::vector<RecordParts> records(parts_.size());
  response.responses.resize(request.topics.size());
  for (std::size_t t = 0; t < request.topics.size(); ++t) response.responses[t].topic = request.topics[t].topic;
  std::size_t sent = 0;
  const std::size_t limit = static_cast<std::size_t>(std::clamp<std::int64_t>(request.max_bytes, 1, kMaxResponseBytes));
  std::uint64_t delivered = 0;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[i];
    auto& out = response.responses[part.topic].partitions.emplace_back();
    out.partition_index = part.wanted->partition;
    out.error_code = part.error;
    if (part.error != wire::ErrorCode::none) {
      out.high_watermark = -1;
      out.records = wire::Records(bytes::ByteView{});
      continue;
    }
    out.high_watermark = part.ends.committed.value;
    out.last_stable_offset = part.ends.last_stable.value;
    out.log_start_offset = part.ends.start.value;
    // Over the limit later partitions wait for the next fetch; the first with data is always sent.
    if (sent > 0 && sent + part.bytes > limit) {
      part.records.batches.clear();
      part.bytes = 0;
    }
    sent += part.bytes;
    for (const auto& batch : part.records.batches) {
      delivered += static_cast<std::uint64_t>(batch.last_offset.value - batch.base_offset.value + 1);
    }
    records[i] = std::move(part.records);
    out.records = wire::Records::detached(static_cast<std::uint32_t>(part.bytes), static_cast<std::uint32_t>(i));
  }
  if (const auto connection = kept_->reply.connection()) {
    connection->shard().counters().delivered.fetch_add(delivered, std::memory_order_relaxed);
  }
  kept_->reply.send(response, std::move(records));
}

}  // namespace

/// No fetch session is ever opened (session id 0 in the answer), so each request names all its partitions (KIP-227).
void handle_fetch(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::FetchRequest>::read(request);
  if (kept == nullptr) return;
  if (kept->message.session_id != 0) {
    wire::FetchResponse response;
    response.error_code = wire::ErrorCode::fetch_session_id_not_found;
    return kept->reply.send(response);
  }
  std::make_shared<Fetch>(std::move(kept))->start(connection);
}

}  // namespace millrace::gateway::kafka
