#include "amqp_client.h"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::simtest {

namespace amqp = wire::amqp091;

namespace {

constexpr std::size_t kMostUnconfirmed = 200;
constexpr std::uint16_t kPreconditionFailed = 406;

}  // namespace

AmqpClient::AmqpClient(sim::SimWorld& world, sim::SimWire& wire, Oracle& oracle, const Plan& plan, std::uint64_t number,
                       Kind kind)
    : AmqpConnection(world, wire, oracle, plan, number), kind_(kind) {}

void AmqpClient::connected() {
  // What was not asked to be committed is lost with its channel.
  if (ending_ != Ending::commit) oracle_.not_committed(unit_);
  unit_ = {};
  settled_.clear();
  ending_ = Ending::none;
  getting_ = false;
  stream_ = oracle_.new_stream();
  last_tag_ = 0;
  published_.clear();
  ledger_ = std::make_unique<SettleLedger>(oracle_, plan_.queues + 1);
  held_.clear();
  seen_.clear();
}

void AmqpClient::opened() {
  if (kind_ == Kind::transactor) {
    send(kChannel, amqp::TxSelect{});
  } else {
    send(kChannel, amqp::ConfirmSelect{});
  }
}

void AmqpClient::act() {
  if (ending_ != Ending::none) return;
  const std::uint64_t dice = random_.below(100);
  if (kind_ == Kind::publisher || dice < 25) {
    for (std::uint64_t left = random_.between(1, 8); left > 0; --left) publish_one();
  } else if (kind_ == Kind::transactor && dice < 45) {
    end_unit();
  } else if (dice < 95) {
    for (std::uint64_t left = random_.between(1, 5); left > 0; --left) settle();
  } else {
    get();
  }
}

void AmqpClient::publish_one() {
  if (published_.size() + unit_.messages.size() >= kMostUnconfirmed) return;
  const std::size_t queue = random_.below(plan_.queues);
  const Oracle::Wishes wishes = oracle_.draw_wishes(queue, random_);
  const MessageId id = oracle_.sent(queue, stream_, wishes);
  amqp::BasicProperties properties;
  properties.delivery_mode = amqp::kDeliveryModePersistent;
  if (wishes.priority != 0) properties.priority = wishes.priority;
  std::string expiration;
  if (wishes.time_to_live.has_value()) {
    expiration = fmt::to_string(wishes.time_to_live->value);
    properties.expiration = expiration;
  }
  if (kind_ == Kind::transactor) {
    unit_.messages.push_back(id);
  } else {
    published_.push_back({++last_tag_, id, queue, ledger_->mark(queue)});
  }
  publish(queue_name(queue, plan_), properties, oracle_.make_body(id, random_.below(plan_.largest_body)));
}

void AmqpClient::end_unit() {
  const bool commit = random_.chance(3, 4);
  ending_ = commit ? Ending::commit : Ending::rollback;
  oracle_.trace(fmt::format("client {} {}", number_, commit ? "commits" : "rolls back"));
  if (commit) {
    oracle_.committing(unit_);
    send(kChannel, amqp::TxCommit{});
  } else {
    send(kChannel, amqp::TxRollback{});
  }
}

void AmqpClient::unit_ended() {
  oracle_.trace(fmt::format("client {} has ended its unit", number_));
  if (ending_ == Ending::commit) {
    oracle_.committed(unit_);
    if (!unit_.messages.empty()) oracle_.events().count("unit.committed");
  } else {
    oracle_.not_committed(unit_);
    held_.insert(held_.end(), settled_.begin(), settled_.end());
    if (!unit_.messages.empty()) oracle_.events().count("unit.rolled_back");
  }
  unit_ = {};
  settled_.clear();
  ending_ = Ending::none;
}

bool AmqpClient::refusable(const Oracle::Unit& unit) const {
  return std::any_of(unit.messages.begin(), unit.messages.end(),
                     [&](MessageId id) { return oracle_.may_be_refused(oracle_.message(id).queue); });
}

void AmqpClient::channel_closed(bytes::Reader& in) {
  const auto close = amqp::ChannelClose::decode(in);
  if (close->reply_code != kPreconditionFailed || ending_ != Ending::commit || !refusable(unit_)) {
    return oracle_.fail(fmt::format("the server closed a channel: {} {}", close->reply_code, close->reply_text));
  }
  oracle_.events().count("unit.refused");
  oracle_.not_committed(unit_);
  unit_ = {};
  give_up();
}

void AmqpClient::confirmed(std::uint64_t tag, bool multiple, bool stored) {
  const auto settle_one = [&](const Published& published) {
    if (stored) {
      oracle_.confirmed(published.id);
      ledger_->proven(published.queue, published.settled);
    } else {
      oracle_.refused(published.id);
    }
  };
  if (tag > last_tag_) return oracle_.fail(fmt::format("publish {} was confirmed and never sent", tag));
  for (auto it = published_.begin(); it != published_.end() && it->tag <= tag;) {
    if (!multiple && it->tag != tag) {
      ++it;
      continue;
    }
    settle_one(*it);
    it = published_.erase(it);
  }
}

void AmqpClient::note(const Held& held, bool accept) {
  if (kind_ == Kind::transactor) {
    settled_.push_back(held);
    unit_.settlements.push_back({held.id, held.queue, !accept});
    return;
  }
  if (accept) {
    oracle_.accepted(held.id, held.queue, Settled::asked);
  } else {
    oracle_.rejected(held.id, held.queue, Settled::asked);
  }
  ledger_->add(held.queue, held.id, !accept);
}

void AmqpClient::settle() {
  if (held_.empty()) return;
  const std::size_t index = random_.below(held_.size());
  const Held chosen = held_[index];
  const std::uint64_t dice = random_.below(20);
  const bool multiple = dice % 5 == 0;
  const auto hit = [&](const Held& held) { return multiple ? held.tag <= chosen.tag : held.tag == chosen.tag; };
  if (dice < 12) {
    for (const Held& held : held_) {
      if (hit(held)) note(held, true);
    }
    oracle_.trace(fmt::format("client {} acks {}{}", number_, chosen.tag, multiple ? " and before" : ""));
    send(kChannel, amqp::BasicAck{chosen.tag, multiple});
  } else {
    const bool requeue = dice < 16;
    oracle_.trace(fmt::format("client {} nacks {}{}", number_, chosen.tag, multiple ? " and before" : ""));
    for (const Held& held : held_) {
      if (!hit(held)) continue;
      if (!requeue) note(held, false);
      if (requeue && kind_ == Kind::transactor) settled_.push_back(held);
    }
    send(kChannel, amqp::BasicNack{chosen.tag, multiple, requeue});
  }
  std::erase_if(held_, hit);
}

void AmqpClient::get() {
  if (getting_) return;
  getting_ = true;
  got_queue_ = random_.below(plan_.queues + 1);
  const std::string name = queue_name(got_queue_, plan_);
  amqp::BasicGet method;
  method.queue = name;
  send(kChannel, method);
}

void AmqpClient::take_content(const amqp::BasicProperties&, bytes::ByteView body) {
  const MessageId id = oracle_.delivered({.queue = content_queue_, .body = body, .redelivered = content_redelivered_});
  if (id == 0) return;
  // A dead letter is another message than the one it was.
  const bool fresh = seen_.insert({content_queue_, id}).second;
  if (!fresh && !content_redelivered_) {
    oracle_.fail(fmt::format("message {} came again on one connection without being marked so", id));
  }
  oracle_.trace(fmt::format("client {} holds {} as {}", number_, id, content_tag_));
  held_.push_back({content_tag_, content_queue_, id});
}

void AmqpClient::subscribe() {
  for (std::size_t queue = 0; kind_ != Kind::publisher && queue <= plan_.queues; ++queue) {
    if (random_.chance(1, 3)) continue;
    const std::string name = queue_name(queue, plan_);
    const std::string tag = fmt::format("c{}", queue);
    amqp::BasicConsume consume;
    consume.queue = name;
    consume.consumer_tag = tag;
    consume.no_wait = true;
    send(kChannel, consume);
  }
  ready();
}

void AmqpClient::take_method(amqp::Method method, bytes::Reader& in) {
  switch (method) {
    case amqp::Method::basic_ack: {
      const auto ack = amqp::BasicAck::decode(in);
      return confirmed(ack->delivery_tag, ack->multiple, true);
    }
    case amqp::Method::basic_nack: {
      const auto nack = amqp::BasicNack::decode(in);
      return confirmed(nack->delivery_tag, nack->multiple, false);
    }
    case amqp::Method::basic_deliver: {
      const auto deliver = amqp::BasicDeliver::decode(in);
      content_queue_ = std::stoul(std::string(deliver->consumer_tag.substr(1)));
      content_tag_ = deliver->delivery_tag;
      content_redelivered_ = deliver->redelivered;
      expect_content();
      return;
    }
    case amqp::Method::basic_get_ok: {
      const auto got = amqp::BasicGetOk::decode(in);
      getting_ = false;
      content_queue_ = got_queue_;
      content_tag_ = got->delivery_tag;
      content_redelivered_ = got->redelivered;
      expect_content();
      return;
    }
    case amqp::Method::basic_get_empty:
      getting_ = false;
      return;
    case amqp::Method::confirm_select_ok:
    case amqp::Method::tx_select_ok: {
      amqp::BasicQos qos;
      qos.prefetch_count = static_cast<std::uint16_t>(random_.between(1, 40));
      return send(kChannel, qos);
    }
    case amqp::Method::basic_qos_ok:
      return subscribe();
    case amqp::Method::tx_commit_ok:
    case amqp::Method::tx_rollback_ok:
      return unit_ended();
    case amqp::Method::channel_close:
      return channel_closed(in);
    default:
      return;
  }
}

}  // namespace millrace::simtest
