#include "amqp_load/runner.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <limits>

namespace millrace::bench {

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kForever = std::numeric_limits<std::uint64_t>::max();
constexpr int kMaxEvents = 64;

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double per_second(std::uint64_t count, double time) {
  return time > 0 ? static_cast<double>(count) / time : 0;
}

std::string quantiles(const Histogram& histogram) {
  const auto micros = [](std::uint64_t nanos) { return static_cast<double>(nanos) / 1000; };
  return fmt::format(R"({{"count":{},"p50":{:.1f},"p99":{:.1f},"p99.9":{:.1f},"max":{:.1f}}})", histogram.count(),
                     micros(histogram.quantile(0.5)), micros(histogram.quantile(0.99)),
                     micros(histogram.quantile(0.999)), micros(histogram.max()));
}

}  // namespace

Cpu own_cpu() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return {seconds(usage.ru_utime), seconds(usage.ru_stime)};
}

Cpu cpu_of(std::uint64_t pid) {
  if (pid == 0) return {};
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(fmt::format("/proc/{}/stat", pid).c_str(), "r"),
                                                             std::fclose);
  char line[1024] = {};
  if (file == nullptr || std::fgets(line, sizeof line, file.get()) == nullptr) die("no such process to watch");
  // The name in parentheses may hold spaces; utime and stime are the 12th and 13th fields after it.
  const char* after_name = std::strrchr(line, ')');
  unsigned long user = 0;
  unsigned long system = 0;
  if (after_name == nullptr ||
      std::sscanf(after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2) {
    die("cannot read the watched process's times");
  }
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  return {static_cast<double>(user) / ticks, static_cast<double>(system) / ticks};
}

Runner::Runner(const Options& options) : options_(options), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  std::uint64_t id = 0;
  const auto watch = [&](Link& link) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = id++;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, link.descriptor(), &event) != 0) die("epoll_ctl failed");
  };
  for (std::uint64_t i = 0; i < options.producers; ++i) {
    producers_.push_back(std::make_unique<Producer>(options, totals_, i));
    watch(producers_.back()->link());
  }
  for (std::uint64_t i = 0; i < options.consumers; ++i) {
    consumers_.push_back(std::make_unique<Consumer>(options, totals_, i));
    watch(consumers_.back()->link());
  }
  wants_write_.resize(id, false);
}

Runner::~Runner() {
  ::close(epoll_);
}

std::uint64_t Runner::allowed_now() const {
  const Counts& counts = totals_.counts;
  std::uint64_t allowed = kForever;
  if (options_.count > 0) allowed = options_.count - counts.published;
  if (options_.rate > 0) {
    const double elapsed = static_cast<double>(clock_nanos() - rate_began_) / 1e9;
    const auto due = static_cast<std::uint64_t>(elapsed * static_cast<double>(options_.rate));
    allowed = std::min(allowed, due - std::min(due, counts.published));
  }
  if (options_.max_ahead > 0) {
    const std::uint64_t expected = counts.published * options_.copies();
    const std::uint64_t ahead = expected - std::min(expected, counts.delivered);
    allowed = std::min(allowed, ahead >= options_.max_ahead ? 0 : (options_.max_ahead - ahead) / options_.copies());
  }
  return allowed;
}

bool Runner::publish_some() {
  bool any = false;
  // Each turn begins with another producer, so that a small allowance goes round.
  const std::size_t count = producers_.size();
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t allowed = allowed_now();
    if (allowed == 0) break;
    if (options_.rate > 0 || options_.count > 0) allowed = std::max<std::uint64_t>(allowed / count, 1);
    any = producers_[(first_producer_ + i) % count]->fill(allowed) > 0 || any;
  }
  if (count > 0) first_producer_ = (first_producer_ + 1) % count;
  return any;
}

void Runner::update_interest() {
  for (std::size_t i = 0; i < wants_write_.size(); ++i) {
    Link& link = i < producers_.size() ? producers_[i]->link() : consumers_[i - producers_.size()]->link();
    const bool wants = link.pending() > 0;
    if (wants == wants_write_[i]) continue;
    wants_write_[i] = wants;
    epoll_event event{};
    event.events = EPOLLIN | (wants ? EPOLLOUT : 0U);
    event.data.u64 = i;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, link.descriptor(), &event);
  }
}

void Runner::turn(int timeout_ms, bool publish) {
  const bool busy = publish && publish_some();
  update_interest();
  epoll_event events[kMaxEvents];
  const int ready = epoll_wait(epoll_, events, kMaxEvents, busy ? 0 : timeout_ms);
  for (int i = 0; i < ready; ++i) {
    const std::size_t id = events[i].data.u64;
    const bool is_producer = id < producers_.size();
    Link& link = is_producer ? producers_[id]->link() : consumers_[id - producers_.size()]->link();
    if ((events[i].events & EPOLLOUT) != 0) link.flush();
    if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) continue;
    const bool open = is_producer ? producers_[id]->read() : consumers_[id - producers_.size()]->read();
    if (!open) die("the broker ended a connection");
  }
}

template <class Done>
void Runner::serve(std::uint64_t until, bool publish, Done done) {
  // Short waits keep a rate even; otherwise only sockets give something to do.
  const int timeout_ms = publish && options_.rate > 0 ? 1 : 20;
  while (clock_nanos() < until && !done()) turn(timeout_ms, publish);
}

Mark Runner::mark() const {
  return {clock_nanos(), totals_.counts, own_cpu(), cpu_of(options_.watch_pid)};
}

std::string Runner::run() {
  const auto never = [] { return false; };
  const auto settled = [this] {
    const Counts& counts = totals_.counts;
    if (options_.producers == 0) return counts.delivered >= options_.count;
    const bool all_sent = options_.count == 0 || counts.published >= options_.count;
    const bool confirmed = options_.window == 0 || counts.confirmed + counts.nacked >= counts.published;
    const bool delivered = options_.consumers == 0 || counts.delivered >= counts.published * options_.copies();
    return all_sent && confirmed && delivered;
  };
  rate_began_ = clock_nanos();
  serve(rate_began_ + options_.warmup * kSecond, options_.count == 0, never);
  totals_.measuring = true;
  const Mark begin = mark();
  if (options_.count > 0) {
    const std::uint64_t limit = options_.seconds > 10 ? options_.seconds : 3600;
    serve(begin.at + limit * kSecond, options_.producers > 0, settled);
    return report(begin, mark(), settled());
  }
  serve(begin.at + options_.seconds * kSecond, true, never);
  const Mark end = mark();
  totals_.measuring = false;
  serve(clock_nanos() + options_.drain_seconds * kSecond, false, settled);
  // A broker may have taken bytes that are still on their way to it.
  return report(begin, end, settled());
}

std::string Runner::report(const Mark& begin, const Mark& end, bool complete) const {
  const double time = static_cast<double>(end.at - begin.at) / 1e9;
  const auto until = [&](std::uint64_t at) { return at > begin.at ? static_cast<double>(at - begin.at) / 1e9 : 0; };
  const bool counted = options_.count > 0;
  const std::uint64_t published = end.counts.published - begin.counts.published;
  const std::uint64_t confirmed = end.counts.confirmed - begin.counts.confirmed;
  const std::uint64_t delivered = end.counts.delivered - begin.counts.delivered;
  std::string json = fmt::format(R"({{"seconds":{:.3f},"complete":{},"published":{},"confirmed":{},"delivered":{})",
                                 time, complete, published, confirmed, delivered);
  json += fmt::format(R"(,"nacked":{},"redelivered":{},"acked":{})", totals_.counts.nacked, totals_.counts.redelivered,
                      totals_.counts.acked);
  json += fmt::format(R"(,"publish_rate":{:.0f},"confirm_rate":{:.0f},"deliver_rate":{:.0f})",
                      per_second(published, counted ? until(totals_.last_published_at) : time),
                      per_second(confirmed, counted ? until(totals_.last_confirmed_at) : time),
                      per_second(delivered, counted ? until(totals_.last_delivered_at) : time));
  json += fmt::format(R"(,"total_published":{},"total_confirmed":{},"total_delivered":{})", totals_.counts.published,
                      totals_.counts.confirmed, totals_.counts.delivered);
  json += fmt::format(R"(,"generator_cpu":{{"user":{:.3f},"system":{:.3f}}})", end.own.user - begin.own.user,
                      end.own.system - begin.own.system);
  if (options_.watch_pid != 0) {
    json += fmt::format(R"(,"broker_cpu":{{"user":{:.3f},"system":{:.3f}}})", end.watched.user - begin.watched.user,
                        end.watched.system - begin.watched.system);
  }
  if (options_.latency) json += R"(,"delivery_latency_us":)" + quantiles(totals_.delivery_latency);
  if (options_.window > 0) json += R"(,"confirm_latency_us":)" + quantiles(totals_.confirm_latency);
  return json + "}";
}

}  // namespace millrace::bench
