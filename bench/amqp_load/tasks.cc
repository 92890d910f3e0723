#include "amqp_load/tasks.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <thread>

#include "amqp_load/open.h"
#include "amqp_load/runner.h"

namespace millrace::bench {

namespace {

constexpr std::size_t kIdleBuffer = std::size_t{16} << 10;

/// Every connection is a descriptor.
void allow_many_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/// Opens as many connections as there are producers, says so, and holds them until standard input ends.
std::string run_idle(const Options& options) {
  allow_many_descriptors();
  std::vector<std::unique_ptr<Link>> links;
  links.reserve(options.producers);
  for (std::uint64_t i = 0; i < options.producers; ++i) links.push_back(open_link(options, kIdleBuffer));
  std::puts("open");
  std::fflush(stdout);
  for (int c = std::getchar(); c != '\n' && c != EOF;) c = std::getchar();
  return fmt::format(R"({{"complete":true,"connections":{}}})", links.size());
}

std::string run_purge(const Options& options) {
  const auto connection = open_client(options);
  const auto channel = connection->open_channel();
  if (!channel.has_value()) die(channel.error().to_string());
  const std::uint64_t begin = clock_nanos();
  std::uint64_t purged = 0;
  for (std::uint64_t i = 0; i < options.queues; ++i) {
    const auto count = (*channel)->purge_queue(options.queue_name(i));
    if (!count.has_value()) die(count.error().to_string());
    purged += *count;
  }
  const double seconds = static_cast<double>(clock_nanos() - begin) / 1e9;
  (void)connection->close();
  return fmt::format(R"({{"complete":true,"purged":{},"seconds":{:.4f}}})", purged, seconds);
}

/// Declares and deletes one queue after the other; returns how many.
std::uint64_t churn_queues(const Options& options, std::uint64_t thread, std::uint64_t until) {
  const auto connection = open_client(options);
  const auto channel = connection->open_channel();
  if (!channel.has_value()) die(channel.error().to_string());
  client::QueueSpec queue;
  queue.durable = options.durable;
  if (!options.queue_type.empty()) queue.arguments.add("x-queue-type", options.queue_type);
  std::uint64_t count = 0;
  for (; clock_nanos() < until; ++count) {
    queue.name = fmt::format("{}-{}-{}", options.prefix, thread, count);
    if (const auto made = (*channel)->declare_queue(queue); !made.has_value()) die(made.error().to_string());
    if (const auto gone = (*channel)->delete_queue(queue.name); !gone.has_value()) die(gone.error().to_string());
  }
  (void)connection->close();
  return count;
}

/// Opens a connection with a channel, and ends it, one after the other; returns how many.
std::uint64_t churn_connections(const Options& options, std::uint64_t until) {
  std::uint64_t count = 0;
  for (; clock_nanos() < until; ++count) (void)open_link(options, kIdleBuffer);
  return count;
}

std::string run_churn(const Options& options) {
  std::atomic<std::uint64_t> total = 0;
  const Cpu own = own_cpu();
  const Cpu watched = cpu_of(options.watch_pid);
  const std::uint64_t begin = clock_nanos();
  const std::uint64_t until = begin + options.seconds * 1'000'000'000;
  std::vector<std::jthread> threads;
  threads.reserve(options.producers);
  for (std::uint64_t i = 0; i < options.producers; ++i) {
    threads.emplace_back([&options, &total, i, until] {
      total += options.task == "churn-queues" ? churn_queues(options, i, until) : churn_connections(options, until);
    });
  }
  threads.clear();
  const double seconds = static_cast<double>(clock_nanos() - begin) / 1e9;
  const Cpu own_end = own_cpu();
  const Cpu watched_end = cpu_of(options.watch_pid);
  return fmt::format(R"({{"complete":true,"count":{},"rate":{:.1f},"generator_cpu":{{"user":{:.3f},"system":{:.3f}}},)"
                     R"("broker_cpu":{{"user":{:.3f},"system":{:.3f}}}}})",
                     total.load(), static_cast<double>(total) / seconds, own_end.user - own.user,
                     own_end.system - own.system, watched_end.user - watched.user, watched_end.system - watched.system);
}

}  // namespace

std::string run_task(Options options) {
  if (options.task == "idle") return run_idle(options);
  if (options.task == "purge") return run_purge(options);
  if (options.task != "requests") return run_churn(options);
  options.queues = 2;
  declare_all(options);
  return run_requests(options);
}

}  // namespace millrace::bench
