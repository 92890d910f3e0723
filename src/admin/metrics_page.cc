#include "admin/metrics_page.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <memory>

#include "broker/queue_host.h"
#include "io/process_info.h"

namespace millrace::admin {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

struct QueueSample {
  std::string vhost;
  std::string name;
  broker::QueueStats stats;
};

struct ShardSample {
  storage::Store::Stats store;
  std::vector<QueueSample> queues;
};

/// Collects families and adds one value after the other to them.
class Page {
 public:
  void add(const char* name, const char* help, MetricType type, double value,
           std::vector<ClientMetric::Label> labels = {}) {
    MetricFamily* family = nullptr;
    for (MetricFamily& each : families_) {
      if (each.name == name) family = &each;
    }
    if (family == nullptr) {
      families_.push_back({name, help, type, {}});
      family = &families_.back();
    }
    ClientMetric metric;
    metric.label = std::move(labels);
    if (type == MetricType::Counter)
      metric.counter.value = value;
    else
      metric.gauge.value = value;
    family->metric.push_back(std::move(metric));
  }
  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  std::vector<MetricFamily> families_;
};

ShardSample sample(broker::Shard& shard) {
  ShardSample sample;
  sample.store = shard.store().stats();
  for (const catalog::Queue* queue : shard.catalog().queues()) {
    if (queue->shard != shard.id()) continue;
    const catalog::VirtualHost* vhost = shard.catalog().find_virtual_host(queue->vhost);
    sample.queues.push_back({vhost->name, queue->name, shard.queues().stats_of(queue->id)});
  }
  return sample;
}

void add_counters(Page& page, const broker::ShardCounters& counters, const std::string& shard) {
  struct Counter {
    const char* name;
    const char* help;
    const std::atomic<std::uint64_t>& value;
  };
  const Counter all[] = {
      {"millrace_messages_published_total", "Messages taken from publishers.", counters.published},
      {"millrace_bytes_published_total", "Bytes of messages taken from publishers.", counters.published_bytes},
      {"millrace_messages_unroutable_total", "Messages that no queue was bound for.", counters.unroutable},
      {"millrace_messages_confirmed_total", "Messages confirmed to their publishers.", counters.confirmed},
      {"millrace_messages_rejected_total", "Messages refused: length limit or no space.", counters.rejected},
      {"millrace_messages_delivered_total", "Messages sent to consumers.", counters.delivered},
      {"millrace_messages_redelivered_total", "Messages sent to consumers again.", counters.redelivered},
      {"millrace_messages_acknowledged_total", "Messages acknowledged.", counters.acknowledged},
      {"millrace_messages_requeued_total", "Messages put back.", counters.requeued},
      {"millrace_messages_dead_lettered_total", "Messages moved to a dead-letter exchange.", counters.dead_lettered},
      {"millrace_messages_expired_total", "Messages whose time to live was over.", counters.expired},
      {"millrace_messages_lost_total", "Records that a topic's retention took before a queue settled them.",
       counters.lost},
  };
  for (const Counter& each : all) {
    page.add(each.name, each.help, MetricType::Counter, static_cast<double>(each.value.load(std::memory_order_relaxed)),
             {{"shard", shard}});
  }
  page.add("millrace_connections", "Client connections.", MetricType::Gauge,
           static_cast<double>(counters.connections.load(std::memory_order_relaxed)), {{"shard", shard}});
}

void add_store(Page& page, const storage::Store::Stats& stats, const std::string& shard) {
  const auto counter = [&](const char* name, const char* help, double value) {
    page.add(name, help, MetricType::Counter, value, {{"shard", shard}});
  };
  const auto gauge = [&](const char* name, const char* help, double value) {
    page.add(name, help, MetricType::Gauge, value, {{"shard", shard}});
  };
  counter("millrace_commit_rounds_total", "Commit rounds: each is one journal write and sync.",
          static_cast<double>(stats.rounds));
  counter("millrace_journal_bytes_total", "Bytes written to the journal.", static_cast<double>(stats.journal_bytes));
  counter("millrace_segment_bytes_total", "Bytes written to segments.", static_cast<double>(stats.segment_bytes));
  counter("millrace_batches_appended_total", "Record batches appended.", static_cast<double>(stats.appended_batches));
  counter("millrace_sync_seconds_total", "Time spent in journal writes and syncs.",
          static_cast<double>(stats.sync_nanos_total) / 1e9);
  gauge("millrace_sync_seconds_max", "Longest journal write and sync since the page was read last.",
        static_cast<double>(stats.sync_nanos_max) / 1e9);
  gauge("millrace_tail_bytes", "Message bytes held in memory.", static_cast<double>(stats.tail_bytes));
  gauge("millrace_open_files", "Open files of the journal and of segments.", static_cast<double>(stats.open_files));
  gauge("millrace_logs", "Logs.", static_cast<double>(stats.logs));
  gauge("millrace_quarantined_ranges", "Ranges of damaged records set aside.",
        static_cast<double>(stats.quarantined_ranges));
}

void add_queues(Page& page, const std::vector<ShardSample>& samples) {
  std::size_t count = 0;
  broker::QueueStats sum;
  for (const ShardSample& shard : samples) {
    count += shard.queues.size();
    for (const QueueSample& queue : shard.queues) {
      sum.ready += queue.stats.ready;
      sum.unacknowledged += queue.stats.unacknowledged;
      sum.consumers += queue.stats.consumers;
    }
  }
  page.add("millrace_queues", "Queues.", MetricType::Gauge, static_cast<double>(count));
  page.add("millrace_messages_ready", "Messages ready in all queues.", MetricType::Gauge,
           static_cast<double>(sum.ready));
  page.add("millrace_messages_unacknowledged", "Messages delivered and not yet acknowledged, all queues.",
           MetricType::Gauge, static_cast<double>(sum.unacknowledged));
  page.add("millrace_consumers", "Consumers of all queues.", MetricType::Gauge, static_cast<double>(sum.consumers));
  if (count > MetricsPage::kMaxListedQueues) return;
  for (const ShardSample& shard : samples) {
    for (const QueueSample& queue : shard.queues) {
      const std::vector<ClientMetric::Label> labels = {{"vhost", queue.vhost}, {"queue", queue.name}};
      page.add("millrace_queue_messages_ready", "Messages ready.", MetricType::Gauge,
               static_cast<double>(queue.stats.ready), labels);
      page.add("millrace_queue_messages_unacknowledged", "Messages delivered and not yet acknowledged.",
               MetricType::Gauge, static_cast<double>(queue.stats.unacknowledged), labels);
      page.add("millrace_queue_consumers", "Consumers.", MetricType::Gauge, static_cast<double>(queue.stats.consumers),
               labels);
    }
  }
}

}  // namespace

MetricsPage::MetricsPage(broker::Broker& broker, std::function<LoopLoad(std::size_t)> load)
    : broker_(broker), load_(std::move(load)) {}

void MetricsPage::handle(io::HttpRequest request, io::HttpResponder responder) {
  io::HttpResponse refusal;
  if (request.path() != "/metrics") {
    refusal.status = 404;
    refusal.body = "The metrics are at /metrics\n";
    return responder.send(refusal);
  }
  if (request.method != "GET") {
    refusal.status = 405;
    refusal.body = "GET only\n";
    return responder.send(refusal);
  }
  auto samples = std::make_shared<std::vector<ShardSample>>(broker_.shard_count());
  auto shared = std::make_shared<io::HttpResponder>(std::move(responder));
  broker_.shard(0).mailbox().send_all(
      [samples](broker::Shard& there) { (*samples)[there.id().value] = sample(there); },
      [this, samples, shared] {
        Page page;
        for (std::size_t i = 0; i < samples->size(); ++i) {
          const std::string shard = std::to_string(i);
          add_counters(page, broker_.shard(i).counters(), shard);
          add_store(page, (*samples)[i].store, shard);
          const LoopLoad load = load_(i);
          page.add("millrace_loop_busy_seconds_total", "Time a shard's loop was not waiting.", MetricType::Counter,
                   static_cast<double>(load.busy.value) / 1e9, {{"shard", shard}});
          page.add("millrace_loop_turns_total", "Turns of a shard's loop.", MetricType::Counter,
                   static_cast<double>(load.turns), {{"shard", shard}});
        }
        add_queues(page, *samples);
        const auto alarm = broker_.shard(0).limits().alarm();
        page.add("millrace_alarm_memory", "1 while publishers are slowed for memory.", MetricType::Gauge,
                 alarm.memory ? 1 : 0);
        page.add("millrace_alarm_disk", "1 while publishes are refused for disk space.", MetricType::Gauge,
                 alarm.disk ? 1 : 0);
        page.add("process_resident_memory_bytes", "Resident memory.", MetricType::Gauge,
                 static_cast<double>(io::resident_memory().value));
        io::HttpResponse response;
        response.content_type = "text/plain; version=0.0.4; charset=utf-8";
        response.body = page.text();
        shared->send(response);
      });
}

}  // namespace millrace::admin
