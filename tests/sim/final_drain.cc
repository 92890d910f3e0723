#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "broker/queue_host.h"
#include "model/batch.h"
#include "simulation.h"

namespace millrace::simtest {

namespace {

constexpr base::Nanos kDrainLimit{30'000'000'000};
constexpr base::Nanos kQuiet{200'000'000};
/// What storage says instead of a log's number when it cannot tell whose data was damaged.
constexpr std::uint64_t kAnyLog = ~std::uint64_t{0};

/// Takes everything out of one queue, on the queue's own shard.
class Drain final : public broker::ConsumerSink {
 public:
  Drain(broker::Shard& shard, Oracle& oracle, broker::QueueRef ref, std::size_t queue)
      : shard_(shard), oracle_(oracle), ref_(ref), queue_(queue) {}

  void start() {
    shard_.loop().post([this] {
      broker::ConsumeOptions options;
      options.queue = ref_;
      options.connection = broker::ConnectionId(5'000'000 + queue_);
      options.prefetch = 50;
      const storage::Log* log = shard_.store().find_log(storage::LogId(ref_.queue.value));
      if (log != nullptr) present_end_ = log->readable_end(storage::Isolation::decided).value;
      shard_.consumers().consume(options, this, [this](broker::Result<broker::ConsumerId> made) {
        if (!made.has_value()) oracle_.fail("cannot consume at the end: " + made.error().detail);
      });
    });
  }
  void on_deliveries(const broker::DeliveryBundle& bundle) override {
    for (const broker::Delivery& delivery : bundle.deliveries) {
      const MessageId id = oracle_.delivered({.queue = queue_,
                                              .body = delivery.record.value,
                                              .redelivered = delivery.redelivered,
                                              .offset = delivery.offset.value});
      if (id == 0) return;
      if (queue_ != oracle_.dead_queue()) oracle_.check_in_time(id);
      // Nobody else is there: what is left comes in the queue's own order. Only transactions that were decided before
      // the start may still bring something.
      const bool by_age = queue_ == oracle_.dead_queue();
      const bool late = !by_age && delivery.offset.value >= present_end_;
      const int priority = by_age ? 0 : oracle_.message(id).priority;
      const std::pair place(-priority, delivery.offset.value);
      if (!late && place <= last_) {
        oracle_.fail(fmt::format("queue {}: offset {} came after {}", queue_, place.second, last_.second));
      }
      if (!late) last_ = place;
      found.push_back(id);
      shard_.consumers().settle(ref_, bundle.consumer, delivery.offset, delivery.offset, broker::Settle::accept);
    }
    shard_.consumers().consumed(bundle.consumer, bundle.window_bytes);
  }
  void on_cancelled(broker::ConsumerId, const std::string& reason) override {
    oracle_.fail("cancelled while draining: " + reason);
  }

  std::vector<MessageId> found;

 private:
  broker::Shard& shard_;
  Oracle& oracle_;
  broker::QueueRef ref_;
  std::size_t queue_;
  std::pair<int, std::int64_t> last_{-1000, -1};
  std::int64_t present_end_ = std::numeric_limits<std::int64_t>::max();
};

}  // namespace

std::uint64_t Simulation::quarantined_of(std::uint64_t log) const {
  std::uint64_t total = 0;
  for (const auto& [of, first, last] : quarantined_) {
    if (of == kAnyLog) return std::uint64_t{1} << 60;
    if (of == log) total += static_cast<std::uint64_t>(last - first + 1);
  }
  return total;
}

bool Simulation::drain_queues(std::vector<std::vector<MessageId>>& found) {
  const auto refs = queue_refs();
  std::vector<std::unique_ptr<Drain>> drains;
  // The dead letter queue last: its consumer must not wait for moves that are still under way, but see each once.
  for (std::size_t i = 0; i < refs.size(); ++i) {
    drains.push_back(std::make_unique<Drain>(server_.shard(refs[i].shard.value), oracle_, refs[i], i));
    drains.back()->start();
  }
  const auto empty = [&] {
    return std::all_of(refs.begin(), refs.end(), [&](const broker::QueueRef& ref) {
      const auto stats = server_.shard(ref.shard.value).queues().stats_of(ref.queue);
      return stats.ready == 0 && stats.unacknowledged == 0;
    });
  };
  for (int round = 0; round < 5; ++round) {
    if (!world_.run_until(empty, kDrainLimit)) {
      if (oracle_.failed()) return false;
      std::string text;
      for (std::size_t i = 0; i < refs.size(); ++i) {
        const auto stats = server_.shard(refs[i].shard.value).queues().stats_of(refs[i].queue);
        text += fmt::format(" queue {}: {} ready, {} unacknowledged, {} found;", i, stats.ready, stats.unacknowledged,
                            drains[i]->found.size());
      }
      oracle_.fail("the queues do not become empty:" + text);
      return false;
    }
    world_.run_for(kQuiet);
  }
  for (const auto& drain : drains) found.push_back(drain->found);
  if (!server_.stop([this] { note_quarantined(); })) {
    oracle_.fail("the server does not stop at the end");
    return false;
  }
  return !oracle_.failed();
}

bool Simulation::check_stays_empty() {
  die(true);
  if (!start_server(true)) return false;
  const auto refs = queue_refs();
  world_.run_for(kQuiet);
  for (std::size_t i = 0; i < refs.size(); ++i) {
    const auto stats = server_.shard(refs[i].shard.value).queues().stats_of(refs[i].queue);
    if (stats.ready + stats.unacknowledged == 0 || oracle_.damaged()) continue;
    oracle_.fail(fmt::format("queue {} was emptied, but has {} messages after a clean stop", i, stats.ready));
  }
  return !oracle_.failed();
}

std::vector<Simulation::LogContent> Simulation::read_logs() {
  std::vector<LogContent> contents;
  const std::vector<broker::LogRef> logs = log_refs();
  for (std::size_t i = 0; i < logs.size() && !oracle_.failed(); ++i) {
    const broker::LogRef log = logs[i];
    // Read from another shard than the log's own as well as from it.
    broker::Shard& shard = server_.shard(random_.below(server_.shards()));
    LogContent& content = contents.emplace_back();
    std::int64_t next = 0;
    for (bool at_end = false; !at_end && !oracle_.failed();) {
      std::optional<broker::Result<broker::ReadReply>> reply;
      shard.loop().post([&] {
        shard.logs().read(log, model::Offset(next), base::Bytes(1 << 16),
                          [&](broker::Result<broker::ReadReply> got) { reply = std::move(got); });
      });
      if (!wait([&] { return reply.has_value(); })) return contents;
      if (!reply->has_value()) {
        if (!oracle_.damaged()) oracle_.fail("cannot read the topic: " + reply->error().detail);
        // Damaged here: look for the next readable record.
        if (reply->error().code == broker::BrokerErrc::out_of_range) break;
        ++next;
        continue;
      }
      at_end = (*reply)->batches.empty();
      for (const storage::BatchRef& batch : (*reply)->batches) {
        const auto header = model::parse_batch_header(batch.bytes.view);
        model::RecordCursor cursor(batch.bytes.view.subspan(model::kBatchHeaderSize), header->record_count);
        model::RecordView record;
        while (cursor.next(record)) {
          const std::int64_t offset = batch.base_offset.value + record.offset_delta;
          if (offset < next) continue;
          logs_.read(i, offset, record.value);
          content.emplace_back(offset, oracle_.read_body(record.value));
          next = offset + 1;
        }
      }
      if (oracle_.failed()) return contents;
    }
    note_quarantined();
    logs_.judge_final(i, content, quarantined_of(log.log.value));
    outcome_.events.count("records_found", content.size());
  }
  return contents;
}

void Simulation::drain_and_judge() {
  if (!start_server(true) || !declare()) return;
  wire_.settings().reset_per_million = 0;
  oracle_.trace("everything is read and emptied");
  const std::vector<LogContent> contents = read_logs();
  if (!oracle_.failed()) judge_group(contents);
  if (!oracle_.failed()) judge_transactions();
  if (oracle_.failed()) return;
  std::vector<std::uint64_t> logs;
  for (const broker::QueueRef& ref : queue_refs()) logs.push_back(ref.queue.value);
  std::vector<std::vector<MessageId>> found;
  if (!drain_queues(found)) return;
  std::vector<std::uint64_t> quarantined;
  quarantined.reserve(logs.size());
  for (const std::uint64_t log : logs) quarantined.push_back(quarantined_of(log));
  for (const auto& queue : found) outcome_.events.count("messages_found", queue.size());
  oracle_.judge_final(found, quarantined);
  if (!oracle_.failed()) check_stays_empty();
}

}  // namespace millrace::simtest
