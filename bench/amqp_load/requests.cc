#include <fmt/format.h>
#include <poll.h>

#include "amqp_load/histogram.h"
#include "amqp_load/open.h"
#include "amqp_load/runner.h"
#include "amqp_load/tasks.h"
#include "wire/amqp091/properties.h"

namespace millrace::bench {

namespace {

constexpr std::uint64_t kNanosPerSecond = 1'000'000'000;

/// A connection that consumes one queue and sends one kind of message to another.
class Side {
 public:
  Side(const Options& options, std::uint64_t reads, std::uint64_t writes) : link_(open_link(options)) {
    const std::string queue = options.queue_name(reads);
    const std::string target = options.queue_name(writes);
    wire::append_method(link_->out(), 1,
                        wire::BasicConsume{.queue = queue, .consumer_tag = "c", .no_ack = true, .no_wait = true});
    link_->flush();
    wire::BasicProperties wanted;
    wanted.correlation_id = "1";
    wanted.reply_to = queue;
    bytes::ByteVector properties;
    bytes::Writer writer(properties);
    wanted.encode(writer);
    const bytes::ByteVector body(options.size, 0);
    wire::append_with_content(message_, 1, wire::BasicPublish{.routing_key = target}, {properties, body}, kFrameMax);
  }

  int descriptor() const { return link_->descriptor(); }
  void send() {
    link_->out().insert(link_->out().end(), message_.begin(), message_.end());
    link_->flush();
  }
  /// How many messages have come.
  std::uint64_t read() {
    std::uint64_t came = 0;
    const bool open = link_->read_frames([&came](const wire::Frame& frame) {
      if (frame.type == wire::FrameType::body) ++came;
      if (frame.type != wire::FrameType::method) return;
      bytes::Reader in(frame.payload);
      check_not_closed(wire::read_method(in), in);
    });
    if (!open) die("the broker ended a connection");
    return came;
  }

 private:
  std::unique_ptr<Link> link_;
  bytes::ByteVector message_;
};

}  // namespace

std::string run_requests(const Options& options) {
  Side client(options, 1, 0);
  Side server(options, 0, 1);
  Histogram taken;
  std::uint64_t sent_at = clock_nanos();
  std::uint64_t begin = sent_at + options.warmup * kNanosPerSecond;
  const std::uint64_t until = begin + options.seconds * kNanosPerSecond;
  Cpu own = own_cpu();
  Cpu watched = cpu_of(options.watch_pid);
  client.send();
  pollfd both[] = {{client.descriptor(), POLLIN, 0}, {server.descriptor(), POLLIN, 0}};
  for (std::uint64_t now = sent_at; now < until;) {
    if (::poll(both, 2, 10'000) <= 0) die("no answer within 10 s");
    if (both[1].revents != 0) {
      for (std::uint64_t came = server.read(); came > 0; --came) server.send();
    }
    const bool answered = both[0].revents != 0 && client.read() > 0;
    now = clock_nanos();
    if (!answered) continue;
    if (now >= begin && sent_at >= begin) taken.add(now - sent_at);
    if (now >= begin && sent_at < begin) {
      begin = now;
      own = own_cpu();
      watched = cpu_of(options.watch_pid);
    }
    sent_at = now;
    client.send();
  }
  const double seconds = static_cast<double>(clock_nanos() - begin) / 1e9;
  const Cpu own_end = own_cpu();
  const Cpu watched_end = cpu_of(options.watch_pid);
  return fmt::format(
      R"({{"complete":true,"count":{},"rate":{:.1f},"p50_us":{:.1f},"p99_us":{:.1f},)"
      R"("generator_cpu":{{"user":{:.3f},"system":{:.3f}}},"broker_cpu":{{"user":{:.3f},"system":{:.3f}}}}})",
      taken.count(), static_cast<double>(taken.count()) / seconds, static_cast<double>(taken.quantile(0.5)) / 1000,
      static_cast<double>(taken.quantile(0.99)) / 1000, own_end.user - own.user, own_end.system - own.system,
      watched_end.user - watched.user, watched_end.system - watched.system);
}

}  // namespace millrace::bench
