#include <chrono>
#include <iostream>

#include "client.h"
#include "message.h"
#include "wire/amqp091/field_table.h"

namespace millrace::crash {

namespace amqp = wire::amqp091;

namespace {

constexpr std::size_t kSendBytes = 1 << 16;
constexpr auto kReportEvery = std::chrono::milliseconds(20);
constexpr std::string_view kLongTime = "3600000";
constexpr std::string_view kShortTime = "300";

class Publisher {
 public:
  explicit Publisher(const Options& options)
      : options_(options), client_(options.port), random_(options.seed), next_sequence_(options.queues, 0) {}

  void declare() {
    amqp::FieldTable arguments;
    const std::string dead = dead_letter_name(options_);
    arguments.add("x-dead-letter-exchange", "");
    arguments.add("x-dead-letter-routing-key", std::string_view(dead));
    if (options_.kind == Kind::priorities)
      arguments.add("x-max-priority", static_cast<std::int32_t>(options_.queues - 1));
    const bytes::ByteVector encoded = arguments.content();
    amqp::QueueDeclare queue;
    queue.durable = true;
    queue.queue = dead;
    client_.call<amqp::QueueDeclareOk>(queue);
    queue.arguments = amqp::FieldTableView::trusted(encoded);
    for (std::uint32_t n = 0; n < options_.real_queues(); ++n) {
      names_.push_back(queue_name(options_, n));
      queue.queue = names_.back();
      client_.call<amqp::QueueDeclareOk>(queue);
    }
    client_.call<amqp::ConfirmSelectOk>(amqp::ConfirmSelect{});
  }

  void run() {
    while (settled_ < sent_.size() || !finished()) {
      while (!finished() && sent_.size() - settled_ < options_.window && client_.unsent() < kSendBytes) send_one();
      client_.flush();
      const bool must_wait = finished() || sent_.size() - settled_ >= options_.window;
      Event event;
      for (bool more = client_.next(event, must_wait ? 100 : 0); more; more = client_.next(event, 0)) handle(event);
      report();
    }
  }

  void write_ledger() const {
    Ledger ledger(options_.ledger);
    for (std::size_t i = 0; i < sent_.size(); ++i) ledger.write(marks_[i], sent_[i]);
  }

 private:
  bool finished() const { return options_.limit != 0 && sent_.size() >= options_.limit; }

  void send_one() {
    Identity identity;
    identity.queue = static_cast<std::uint32_t>(random_.below(options_.queues));
    identity.sequence = next_sequence_[identity.queue]++;
    const bytes::ByteVector body = make_message(random_, identity);
    amqp::BasicProperties properties;
    if (options_.kind == Kind::priorities) properties.priority = static_cast<std::uint8_t>(identity.queue);
    if (options_.kind == Kind::expiring) properties.expiration = identity.queue == kExpiring ? kShortTime : kLongTime;
    client_.add_publish(names_[options_.kind == Kind::plain ? identity.queue : 0], body, properties);
    sent_.push_back(identity);
    marks_.push_back(Mark::sent);
  }

  void handle(const Event& event) {
    if (event.method == amqp::Method::basic_ack) {
      const auto ack = event.as<amqp::BasicAck>();
      settle(ack.delivery_tag, ack.multiple, Mark::confirmed);
    } else if (event.method == amqp::Method::basic_nack) {
      const auto nack = event.as<amqp::BasicNack>();
      settle(nack.delivery_tag, nack.multiple, Mark::refused);
    } else if (event.method == amqp::Method::basic_return) {
      throw Misbehaviour("a message came back");
    }
  }

  void settle(std::uint64_t tag, bool multiple, Mark mark) {
    if (tag > sent_.size() || (tag == 0 && !multiple)) throw Misbehaviour("confirm of a message that was not sent");
    const std::size_t last = tag == 0 ? sent_.size() : tag;
    for (std::size_t i = multiple ? first_open_ : last - 1; i < last; ++i) {
      if (marks_[i] != Mark::sent) continue;
      marks_[i] = mark;
      ++settled_;
      if (mark == Mark::confirmed) ++confirmed_;
    }
    while (first_open_ < marks_.size() && marks_[first_open_] != Mark::sent) ++first_open_;
  }

  void report() {
    const auto now = std::chrono::steady_clock::now();
    if (now - reported_ < kReportEvery) return;
    reported_ = now;
    std::cout << "confirmed " << confirmed_ << std::endl;
  }

  const Options& options_;
  Client client_;
  base::Prng random_;
  std::vector<std::string> names_;
  std::vector<std::uint64_t> next_sequence_;
  std::vector<Identity> sent_;  // by delivery tag - 1
  std::vector<Mark> marks_;
  std::size_t first_open_ = 0;
  std::size_t settled_ = 0;
  std::size_t confirmed_ = 0;
  std::chrono::steady_clock::time_point reported_;
};

}  // namespace

int publish(const Options& options) {
  Publisher publisher(options);
  publisher.declare();
  std::cout << "declared" << std::endl;
  try {
    publisher.run();
    std::cout << "finished" << std::endl;
  } catch (const ConnectionLost& lost) {
    std::cout << "lost: " << lost.what() << std::endl;
  }
  publisher.write_ledger();
  return 0;
}

}  // namespace millrace::crash
