#include "order_system/producer.h"

#include <fmt/format.h>

#include <cstdio>
#include <ctime>

#include "order_system/order.h"

namespace order_system {

namespace {

/// Unconfirmed orders at one time.
constexpr std::uint64_t kWindow = 200;

double seconds_now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace

Producer::Producer(const Settings& settings) : settings_(settings), orders_(settings.orders), began_(seconds_now()) {}

bool Producer::run() {
  while (!done() && !stopping()) {
    Session session = open_session(settings_, "producer");
    if (session.channel == nullptr) break;
    ++sessions_;
    const auto worked = work(session);
    if (worked.has_value()) {
      (void)session.connection->close();
    } else {
      say("producer", worked.error());
    }
  }
  show_progress(true);
  write_statistics();
  return done();
}

client::Result<void> Producer::work(Session& session) {
  client::Channel& channel = *session.channel;
  placed_.clear();
  channel.on_confirm([this](std::uint64_t sequence, bool acked) {
    Progress& order = orders_[placed_[sequence - 1]];
    if (!acked || order.confirmed) return;
    order.confirmed = true;
    ++confirmed_;
  });
  if (auto set = channel.qos(500); !set.has_value()) return set;
  const auto consuming = channel.consume({.queue = kReplies}, [this, &channel](client::Delivery&& delivery) {
    take_reply(delivery);
    // An error here comes back from the next poll().
    (void)channel.ack(delivery.delivery_tag);
  });
  if (!consuming.has_value()) return std::unexpected(consuming.error());
  for (std::uint64_t number = 0; number < next_; ++number) {
    if (orders_[number].confirmed) continue;
    ++republished_;
    if (auto placed = place(channel, number); !placed.has_value()) return placed;
  }
  while (!done() && !stopping()) {
    if (auto placed = place_more(channel); !placed.has_value()) return placed;
    const auto polled = session.connection->poll(Millis(5));
    if (!polled.has_value()) return std::unexpected(polled.error());
    show_progress(false);
  }
  return {};
}

client::Result<void> Producer::place_more(client::Channel& channel) {
  const auto due = static_cast<std::uint64_t>((seconds_now() - began_) * static_cast<double>(settings_.rate));
  while (next_ < std::min<std::uint64_t>(due, orders_.size()) && channel.confirms().outstanding() < kWindow) {
    if (auto placed = place(channel, next_); !placed.has_value()) return placed;
    ++next_;
  }
  return {};
}

client::Result<void> Producer::place(client::Channel& channel, std::uint64_t number) {
  const Order order = make_order(number);
  client::Properties properties;
  properties.persistent = true;
  properties.message_id = order.id;
  properties.correlation_id = order.id;
  properties.reply_to = kReplies;
  properties.type = "order";
  // Before publishing: its confirm finds the number by its sequence.
  placed_.push_back(number);
  const auto published = channel.publish(kExchange, "", properties, encode(order), true);
  if (!published.has_value()) return std::unexpected(published.error());
  return {};
}

void Producer::take_reply(const client::Delivery& delivery) {
  const client::Properties& properties = delivery.message.properties;
  const auto number = number_of(properties.correlation_id.value_or(""));
  if (!number.has_value() || *number >= orders_.size()) return;
  Progress& order = orders_[*number];
  bool& answer = properties.type == "payment" ? order.paid : order.reserved;
  if (answer) {
    ++repeated_answers_;
  } else {
    answer = true;
    ++answers_;
  }
}

void Producer::show_progress(bool now) {
  const double time = seconds_now();
  if (!now && time - last_shown_ < 1) return;
  last_shown_ = time;
  std::printf("producer: %5.1f s  placed %llu  confirmed %llu  answered %llu of %llu\n", time - began_,
              static_cast<unsigned long long>(next_), static_cast<unsigned long long>(confirmed_),
              static_cast<unsigned long long>(answers_), 2 * static_cast<unsigned long long>(orders_.size()));
  std::fflush(stdout);
}

void Producer::write_statistics() const {
  const std::string path = settings_.state + "/producer.txt";
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return;
  fmt::print(file, "producer: {} sessions, {} orders published again after reconnecting, {} answers came twice\n",
             sessions_, republished_, repeated_answers_);
  std::fclose(file);
}

}  // namespace order_system
