#include <openssl/rand.h>

#include "base/assert.h"
#include "gateway/kafka/connection.h"
#include "gateway/kafka/convert.h"
#include "gateway/kafka/errors.h"
#include "gateway/kafka/fetch_session.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/topics.h"
#include "wire/kafka/generated/fetch_request.h"
#include "wire/kafka/generated/fetch_response.h"

namespace millrace::gateway::kafka {

namespace {

// Whatever a client asks for, one answer carries about this much at the most.
constexpr std::int64_t kMaxResponseBytes = std::int64_t{64} << 20;
constexpr std::int32_t kMaxWaitMs = 5 * 60 * 1000;

// From this version on topics are named by id (KIP-516).
constexpr std::int16_t kFetchTopicIds = 13;

/// One fetch under way: reads all its partitions; when there is too little and time is left, waits until one of them
/// grows.
class Fetch : public std::enable_shared_from_this<Fetch> {
 public:
  /// `session` is 0 without one; `incremental` leaves out what is not news.
  Fetch(std::shared_ptr<KeptRequest<wire::FetchRequest>> kept, std::int32_t session, bool incremental)
      : kept_(std::move(kept)), session_(session), incremental_(incremental) {}
  void start(Connection& connection, std::vector<FetchWanted> wanted);

 private:
  struct Part {
    FetchWanted wanted;
    std::optional<broker::LogRef> log;
    wire::ErrorCode error = wire::ErrorCode::none;
    broker::LogEnds ends;
    std::vector<broker::AbortedRange> aborted;
    RecordParts records;
    std::size_t bytes = 0;
    std::int64_t granted = 0;  // of the budget
  };
  /// Bytes that the answer may have.
  std::int64_t limit() const {
    const std::int64_t wanted = std::clamp<std::int64_t>(kept_->message.max_bytes, 1, kMaxResponseBytes);
    return std::min(wanted, allowance_);
  }
  broker::Isolation isolation() const {
    return kept_->message.isolation_level == 1 ? broker::Isolation::decided : broker::Isolation::everything;
  }
  void find(const Topics& topics, Part& part) const;
  void read_all();
  void read_next();
  void read(Connection& connection, std::size_t part, std::int64_t bytes);
  void read_done(std::size_t part, broker::Result<broker::ReadReply> result);
  std::int64_t filled(const Part& part) const;
  void all_read();
  void wait(Connection& connection);
  void wake();
  std::size_t apply_limit();
  bool is_news(FetchSession* session, const Part& part) const;
  void fill(wire::FetchResponse::Partition& out, Part& part, std::uint32_t token) const;
  void answer();
  void answer_empty(Connection& connection);

  std::shared_ptr<KeptRequest<wire::FetchRequest>> kept_;
  std::int32_t session_;
  bool incremental_;
  std::int64_t allowance_ = INT64_MAX;  // by the client's quota
  std::vector<Part> parts_;
  std::size_t next_ = 0;     // the first part that is not read yet
  std::size_t reading_ = 0;  // reads under way
  bool starting_ = false;
  std::int64_t budget_ = 0;  // bytes that may still be asked for; reads under way have theirs
  bool last_round_ = false;
  bool waiting_ = false;
  base::Nanos deadline_;
  io::Timer timer_;
  std::vector<std::unique_ptr<broker::Logs::Watch>> watches_;
};

void Fetch::find(const Topics& topics, Part& part) const {
  const bool by_id = kept_->reply.version() >= kFetchTopicIds;
  const auto topic = by_id ? topics.find(part.wanted.topic_id) : topics.find(part.wanted.topic);
  const std::int32_t index = part.wanted.partition;
  if (!topic.has_value() && by_id)
    part.error = wire::ErrorCode::unknown_topic_id;
  else if (!topics.may(auth::Operation::read, topic.has_value() ? topic->name : part.wanted.topic))
    part.error = wire::ErrorCode::topic_authorization_failed;
  else if (!topic.has_value() || index < 0 || static_cast<std::size_t>(index) >= topic->partitions.size())
    part.error = wire::ErrorCode::unknown_topic_or_partition;
  else
    part.log = topic->partitions[static_cast<std::size_t>(index)];
}

void Fetch::start(Connection& connection, std::vector<FetchWanted> wanted) {
  allowance_ = kept_->reply.records_allowance();
  const Topics topics(connection);
  parts_.reserve(wanted.size());
  for (FetchWanted& each : wanted) {
    Part& part = parts_.emplace_back();
    part.wanted = std::move(each);
    find(topics, part);
  }
  const std::int64_t wait_ms = std::clamp(kept_->message.max_wait_ms, 0, kMaxWaitMs);
  deadline_ = connection.shard().loop().clock().monotonic() + base::to_nanos(base::Millis(wait_ms));
  last_round_ = wait_ms == 0 || parts_.empty();
  read_all();
}

/// Parts are read in their order, as many at a time as the answer has room for what they ask for; those that find none
/// left tell only where their log ends. So a request costs memory for one answer, however often it names a partition.
void Fetch::read_all() {
  budget_ = limit();
  next_ = 0;
  for (Part& part : parts_) {
    part.records.batches.clear();
    part.aborted.clear();
    part.bytes = 0;
  }
  read_next();
}

void Fetch::read_next() {
  const auto connection = kept_->reply.connection();
  // A read may be done within its call.
  if (connection == nullptr || std::exchange(starting_, true)) return;
  while (next_ < parts_.size()) {
    Part& part = parts_[next_];
    if (part.error != wire::ErrorCode::none) {
      ++next_;
      continue;
    }
    const std::int64_t wanted = std::clamp<std::int64_t>(part.wanted.max_bytes, 1, limit());
    // What the reads under way leave over may be enough.
    if (wanted > budget_ && reading_ > 0) break;
    part.granted = std::min(wanted, budget_);
    budget_ -= part.granted;
    read(*connection, next_++, part.granted);
  }
  starting_ = false;
  if (reading_ == 0) all_read();
}

void Fetch::read(Connection& connection, std::size_t index, std::int64_t bytes) {
  ++reading_;
  Part& part = parts_[index];
  broker::Logs& logs = connection.shard().logs();
  if (bytes > 0) {
    logs.read(*part.log, model::Offset(part.wanted.offset), base::Bytes(static_cast<std::uint64_t>(bytes)), isolation(),
              [self = shared_from_this(), index](broker::Result<broker::ReadReply> result) {
                self->read_done(index, std::move(result));
              });
    return;
  }
  logs.ends(*part.log, [self = shared_from_this(), index](broker::Result<broker::LogEnds> ends) {
    if (!ends.has_value()) return self->read_done(index, std::unexpected(std::move(ends.error())));
    self->read_done(index, broker::ReadReply{{}, *ends, {}});
  });
}

void Fetch::read_done(std::size_t index, broker::Result<broker::ReadReply> result) {
  Part& part = parts_[index];
  if (result.has_value()) {
    part.ends = result->ends;
    part.aborted = std::move(result->aborted);
    if (const auto connection = kept_->reply.connection()) {
      for (const auto& batch : result->batches) {
        part.records.batches.push_back(to_client_batch(batch, connection->shard().codecs()));
      }
    }
    part.bytes = part.records.size();
  } else {
    part.error = to_kafka(result.error().code);
  }
  // A batch is read whole, so it may be more than was granted.
  budget_ = std::max<std::int64_t>(budget_ + part.granted - static_cast<std::int64_t>(part.bytes), 0);
  --reading_;
  read_next();
}

/// How much of its grant a part has used up. What is behind it in the log does not fit: it is full then, though batches
/// seldom end just there.
std::int64_t Fetch::filled(const Part& part) const {
  const auto bytes = static_cast<std::int64_t>(part.bytes);
  if (part.records.batches.empty()) return bytes;
  const model::Offset end = isolation() == broker::Isolation::decided ? part.ends.last_stable : part.ends.committed;
  const bool full = part.records.batches.back().last_offset.value + 1 < end.value;
  return full ? std::max(bytes, part.granted) : bytes;
}

void Fetch::all_read() {
  const auto connection = kept_->reply.connection();
  if (connection == nullptr) return;
  std::int64_t total = 0;
  bool failed = false;
  for (const Part& part : parts_) {
    total += filled(part);
    failed = failed || part.error != wire::ErrorCode::none;
  }
  // Waiting makes the answer no larger than it may be.
  const bool enough = total >= std::min<std::int64_t>(kept_->message.min_bytes, limit());
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
    const model::Offset seen = isolation() == broker::Isolation::decided ? part.ends.last_stable : part.ends.committed;
    watches_.push_back(connection.shard().logs().watch(*part.log, seen, isolation(), [weak = weak_from_this()] {
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
  read_all();
}

/// Over the limit later partitions wait for the next fetch; the first with data is always sent. The bytes that are
/// left.
std::size_t Fetch::apply_limit() {
  const auto most = static_cast<std::size_t>(limit());
  std::size_t sent = 0;
  for (Part& part : parts_) {
    if (sent > 0 && sent + part.bytes > most) {
      part.records.batches.clear();
      part.aborted.clear();
      part.bytes = 0;
    }
    sent += part.bytes;
  }
  return sent;
}

/// The client has to wait before it gets what it asks for: it is told how long, and nothing else (KIP-219). A session
/// that would begin with this does not.
void Fetch::answer_empty(Connection& connection) {
  wire::FetchResponse response;
  auto& session = connection.fetch_session();
  if (incremental_)
    response.session_id = session_;
  else if (session != nullptr && session->id() == session_)
    session.reset();
  kept_->reply.send(response);
}

bool Fetch::is_news(FetchSession* session, const Part& part) const {
  if (session == nullptr) return true;
  const bool failed = part.error != wire::ErrorCode::none;
  const FetchSession::Told now =
      failed ? FetchSession::Told{} : FetchSession::Told{part.ends.committed.value, part.ends.start.value};
  const bool changed = session->tell(part.wanted, now);
  if (part.bytes > 0) session->move_back(part.wanted);
  return !incremental_ || failed || changed || part.bytes > 0;
}

void Fetch::fill(wire::FetchResponse::Partition& out, Part& part, std::uint32_t token) const {
  out.partition_index = part.wanted.partition;
  out.error_code = part.error;
  if (part.error != wire::ErrorCode::none) {
    out.high_watermark = -1;
    out.records = wire::Records(bytes::ByteView{});
    return;
  }
  out.high_watermark = part.ends.committed.value;
  out.last_stable_offset = part.ends.last_stable.value;
  out.log_start_offset = part.ends.start.value;
  // Who reads committed records only wants a list, also an empty one.
  if (isolation() == broker::Isolation::decided) {
    auto& list = out.aborted_transactions.emplace();
    for (const broker::AbortedRange& range : part.aborted) list.push_back({range.producer, range.first.value});
  }
  out.records = wire::Records::detached(static_cast<std::uint32_t>(part.bytes), token);
}

void Fetch::answer() {
  const auto connection = kept_->reply.connection();
  if (connection == nullptr) return;
  FetchSession* session = connection->fetch_session().get();
  if (session != nullptr && session->id() != session_) session = nullptr;
  const std::size_t bytes = apply_limit();
  if (bytes > 0 && !kept_->reply.may_send_records(bytes)) return answer_empty(*connection);
  wire::FetchResponse response;
  response.session_id = session_;
  std::vector<RecordParts> records;
  records.reserve(parts_.size());
  std::uint64_t delivered = 0;
  for (Part& part : parts_) {
    if (!is_news(session, part)) continue;
    const FetchWanted& wanted = part.wanted;
    auto& topics = response.responses;
    if (topics.empty() || topics.back().topic != wanted.topic || topics.back().topic_id != wanted.topic_id) {
      auto& topic = topics.emplace_back();
      topic.topic = wanted.topic;
      topic.topic_id = wanted.topic_id;
    }
    fill(topics.back().partitions.emplace_back(), part, static_cast<std::uint32_t>(records.size()));
    for (const auto& batch : part.records.batches) {
      delivered += static_cast<std::uint64_t>(batch.last_offset.value - batch.base_offset.value + 1);
    }
    records.push_back(std::move(part.records));
  }
  connection->shard().counters().delivered.fetch_add(delivered, std::memory_order_relaxed);
  kept_->reply.send(response, std::move(records));
}

void refuse(const Reply& reply, wire::ErrorCode code) {
  wire::FetchResponse response;
  response.error_code = code;
  reply.send(response);
}

/// A number that no other connection's session is likely to have.
std::int32_t new_session_id() {
  std::uint32_t random = 0;
  const int filled = RAND_bytes(reinterpret_cast<unsigned char*>(&random), sizeof(random));
  MILLRACE_ASSERT(filled == 1, "the system gives no random numbers");
  return static_cast<std::int32_t>(random % INT32_MAX) + 1;
}

/// A request of a session under way. Not `none`: the client begins again.
wire::ErrorCode continue_session(std::unique_ptr<FetchSession>& session, const wire::FetchRequest& request,
                                 bool by_id) {
  if (session == nullptr || session->id() != request.session_id) return wire::ErrorCode::fetch_session_id_not_found;
  if (session->epoch() != request.session_epoch) return wire::ErrorCode::invalid_fetch_session_epoch;
  if (session->by_id() != by_id) return wire::ErrorCode::fetch_session_topic_id_error;
  if (session->update(request)) return wire::ErrorCode::none;
  session.reset();
  return wire::ErrorCode::fetch_session_id_not_found;
}

}  // namespace

void handle_fetch(Connection& connection, const Request& request) {
  // Numbers of requests that are not part of a session under way (KIP-227).
  constexpr std::int32_t kNoSession = -1;
  constexpr std::int32_t kNewSession = 0;
  auto kept = KeptRequest<wire::FetchRequest>::read(request);
  if (kept == nullptr) return;
  const wire::FetchRequest& message = kept->message;
  const bool by_id = request.version >= kFetchTopicIds;
  auto& session = connection.fetch_session();
  if (message.session_epoch > kNewSession) {
    const wire::ErrorCode code = continue_session(session, message, by_id);
    if (code != wire::ErrorCode::none) return refuse(kept->reply, code);
    return std::make_shared<Fetch>(std::move(kept), session->id(), true)->start(connection, session->wanted());
  }
  if (message.session_epoch < kNoSession) return refuse(kept->reply, wire::ErrorCode::invalid_fetch_session_epoch);
  if (session != nullptr && session->id() == message.session_id) session.reset();
  if (message.session_epoch == kNewSession) session = FetchSession::open(new_session_id(), message, by_id);
  const bool opened = message.session_epoch == kNewSession && session != nullptr;
  auto wanted = wanted_of(message);
  std::make_shared<Fetch>(std::move(kept), opened ? session->id() : 0, false)->start(connection, std::move(wanted));
}

}  // namespace millrace::gateway::kafka
