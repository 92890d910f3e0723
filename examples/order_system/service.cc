#include "order_system/service.h"

#include <cstdio>

namespace order_system {

namespace {

constexpr std::uint16_t kPrefetch = 100;
constexpr std::size_t kBatch = 50;

}  // namespace

Service::Service(const Settings& settings, std::string name)
    : settings_(settings), name_(std::move(name)), ledger_(settings.state + "/" + name_ + ".ledger") {}

void Service::run() {
  std::printf("%s: begins with %zu orders in its ledger\n", name_.c_str(), ledger_.orders().size());
  std::fflush(stdout);
  while (!stopping()) {
    Session session = open_session(settings_, name_);
    if (session.channel == nullptr) break;
    const auto worked = work(session);
    if (worked.has_value()) {
      (void)session.connection->close();
    } else {
      say(name_, worked.error());
    }
  }
}

client::Result<void> Service::work(Session& session) {
  client::Channel& channel = *session.channel;
  if (auto set = channel.qos(kPrefetch); !set.has_value()) return set;
  const auto consuming = channel.consume({.queue = name_});
  if (!consuming.has_value()) return std::unexpected(consuming.error());
  while (!stopping()) {
    if (auto handled = handle_batch(channel); !handled.has_value()) return handled;
  }
  return {};
}

client::Result<void> Service::handle_batch(client::Channel& channel) {
  batch_.clear();
  while (batch_.size() < kBatch) {
    auto next = channel.next(Millis(batch_.empty() ? 200 : 0));
    if (!next.has_value()) return std::unexpected(next.error());
    if (!next->has_value()) break;
    batch_.push_back(std::move(**next));
  }
  if (batch_.empty()) return {};
  for (const client::Delivery& delivery : batch_) {
    const auto order = decode(delivery.message.body);
    if (!order.has_value()) {
      std::fprintf(stderr, "%s: this is no order: %s\n", name_.c_str(), delivery.message.body.c_str());
      continue;
    }
    (void)ledger_.record(*order);
  }
  ledger_.sync();
  for (const client::Delivery& delivery : batch_) {
    if (auto answered = answer(channel, delivery); !answered.has_value()) return answered;
  }
  const auto confirmed = channel.wait_for_confirms(Millis(30'000));
  if (!confirmed.has_value()) return std::unexpected(confirmed.error());
  // Refused answers: all of the batch comes again.
  if (!*confirmed) return channel.nack(batch_.back().delivery_tag, true, true);
  return channel.ack(batch_.back().delivery_tag, true);
}

client::Result<void> Service::answer(client::Channel& channel, const client::Delivery& delivery) {
  const client::Properties& asked = delivery.message.properties;
  if (!asked.reply_to.has_value()) return {};
  client::Properties properties;
  properties.persistent = true;
  properties.correlation_id = asked.correlation_id;
  properties.type = name_;
  const auto published = channel.publish("", *asked.reply_to, properties, name_ == "payment" ? "paid" : "reserved");
  if (!published.has_value()) return std::unexpected(published.error());
  return {};
}

}  // namespace order_system
