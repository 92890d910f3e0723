#include <fmt/core.h>

#include "gateway/amqp091/channel.h"
#include "gateway/amqp091/channel_transaction.h"
#include "gateway/amqp091/delay.h"
#include "gateway/amqp091/header_matching.h"
#include "gateway/amqp091/native_codec.h"
#include "wire/amqp091/properties.h"

namespace millrace::gateway::amqp091 {

namespace wire = ::millrace::wire::amqp091;

using wire::ReplyCode;

namespace {

// Class, method and the unused ticket stand before the exchange's name in a basic.publish frame, and one octet of flags
// behind the routing key: what lies between is the beginning of the native block.
constexpr std::size_t kBeforeNames = 6;
constexpr std::size_t kBehindNames = 1;
constexpr std::size_t kMethodIdSize = 4;
constexpr std::string_view kImpersonator = "impersonator";

}  // namespace

/// The method alone: its content follows in frames of its own.
void Channel::basic_publish(const wire::BasicPublish&) {
  content_.active = true;
}

/// Present and permitted; looked up again only for another name, or when the catalog has changed.
const catalog::Exchange* Channel::publish_target(std::string_view name) {
  const std::uint64_t generation = shard().catalog_generation();
  if (target_ != nullptr && target_generation_ == generation && target_name_ == name) return target_;
  target_ = nullptr;
  // Rights come before existence: who may not write is not told what there is.
  if (!allow_exchange(auth::Operation::write, name)) return nullptr;
  const catalog::Exchange* exchange = find_exchange(name);
  if (exchange == nullptr) return nullptr;
  if (exchange->internal) {
    fail(ReplyCode::access_refused, fmt::format("cannot publish to internal {}", exchange_text(name)));
    return nullptr;
  }
  target_topic_ = exchange->type == catalog::ExchangeType::topic
                      ? shard().catalog().find_topic_permission(connection_.user(), exchange->vhost, exchange->name)
                      : nullptr;
  target_ = exchange;
  target_name_ = name;
  target_generation_ = generation;
  return exchange;
}

bool Channel::check_properties(const wire::BasicProperties& properties, std::optional<base::Millis>& time_to_live) {
  if (properties.user_id.has_value() && *properties.user_id != connection_.user()) {
    const catalog::User* user = shard().catalog().find_user(connection_.user());
    const bool may = user != nullptr && std::ranges::find(user->tags, kImpersonator) != user->tags.end();
    if (!may) {
      fail(ReplyCode::precondition_failed, fmt::format("user_id property set to '{}' but authenticated user was '{}'",
                                                       *properties.user_id, connection_.user()));
      return false;
    }
  }
  if (properties.expiration.has_value()) {
    auto time = parse_expiration(*properties.expiration);
    if (!time.has_value()) {
      fail(ReplyCode::precondition_failed,
           fmt::format("invalid expiration '{}': {}", *properties.expiration, time.error()));
      return false;
    }
    time_to_live = *time;
  }
  return true;
}

void Channel::publish(bytes::ByteView method_payload, const wire::ContentHeader& header,
                      std::span<const bytes::ByteView> body) {
  method_ = wire::Method::basic_publish;
  connection_.set_publishes();
  bytes::Reader in(method_payload.subspan(kMethodIdSize));
  const auto method = wire::BasicPublish::decode(in);
  if (!method.has_value()) return fail(ReplyCode::syntax_error, std::string(method.error().detail));
  const auto properties = wire::BasicProperties::decode(header.property_block);
  if (!properties.has_value()) {
    return fail(wire::reply_code_for(properties.error().code), std::string(properties.error().detail));
  }
  if (method->immediate) return fail(ReplyCode::not_implemented, "immediate=true");
  const catalog::Exchange* exchange = publish_target(method->exchange);
  if (exchange == nullptr) return;
  if (target_topic_ != nullptr && !allow_topic(auth::Operation::write, *exchange, method->routing_key)) return;
  broker::Message message;
  if (!check_properties(*properties, message.envelope.time_to_live)) return;
  more_keys_.clear();
  if (properties->headers.has_value() && !read_more_keys(*properties)) return;
  bytes::ByteView block = header.property_block;
  if (properties->reply_to == kReplyTo || more_keys_.has_blind) {
    if (!change_properties(*properties, block)) return;
  }

  const bytes::ByteView names =
      method_payload.subspan(kBeforeNames, method_payload.size() - kBeforeNames - kBehindNames);
  if (const broker::Route* waiting = delay_route(*exchange, *properties, message.envelope)) {
    return hand_over(*waiting, message, *properties, {names, block}, body);
  }
  const PropertyFacts facts(*properties);
  const broker::Route& route = shard().router().route(*exchange, method->routing_key, more_keys_.keys, &facts);
  const bool is_reply = method->exchange.empty() && method->routing_key.starts_with(kReplyTo);
  const bool transactional = transaction_ != nullptr;
  if (is_reply && method->mandatory && !transactional && route.queues.empty() && can_reply(method->routing_key)) {
    return send_mandatory_reply(*method, {header.class_id, header.body_size, block}, body);
  }
  const bool replied = is_reply && (transactional ? keep_reply(method->routing_key, block, body)
                                                  : send_reply(method->routing_key, block, body));
  if (route.queues.empty() && !replied) {
    broker::add(shard().counters().published, 1);
    broker::add(shard().counters().unroutable, 1);
    if (method->mandatory) return_message(*method, {header.class_id, header.body_size, block}, body);
  }
  if (route.has_topics && !prepare_record(*method, facts, message)) return;
  hand_over(route, message, *properties, {names, block}, body);
}

/// `native`: the names in the method, and the properties.
void Channel::hand_over(const broker::Route& route, broker::Message& message, const wire::BasicProperties& properties,
                        const std::array<bytes::ByteView, 2>& native, std::span<const bytes::ByteView> body) {
  std::uint64_t size = 0;
  for (const bytes::ByteView part : body) size += part.size();
  message.timestamp = connection_.now();
  message.body = body;
  message.envelope.protocol = model::Protocol::amqp091;
  message.envelope.persistent = properties.persistent();
  message.envelope.priority = properties.priority;
  if (more_keys_.has_blind) message.envelope.hidden = hidden_keys_;
  message.native = native;
  if (transaction_ != nullptr) {
    broker::add(shard().counters().published, route.queues.empty() ? 0 : 1);
    broker::add(shard().counters().published_bytes, size);
    transaction_->work.publish(route, message);
    return check_transaction();
  }
  shard().publisher().publish(tracker_, route, message);
  count_unsettled(size + native[0].size() + native[1].size() + kBeforeNames + kBehindNames);
}

/// Where a message goes that asks an exchange to delay it, and for how long; null for all others.
const broker::Route* Channel::delay_route(const catalog::Exchange& exchange, const wire::BasicProperties& properties,
                                          model::Envelope& envelope) {
  if (!exchange.delays || !properties.headers.has_value()) return nullptr;
  const auto delay = delay_of(*properties.headers);
  const catalog::Queue* queue = shard().catalog().find_queue(exchange.delay_queue);
  const catalog::Exchange* by_name = shard().catalog().find_exchange(exchange.vhost, "");
  if (!delay.has_value() || queue == nullptr || by_name == nullptr) return nullptr;
  envelope.time_to_live = delay;
  return &shard().router().route(*by_name, queue->name);
}

/// A message that goes to topics has a record's key, if it names one. By the default exchange it goes to whatever topic
/// it names: one must be allowed to write to that.
bool Channel::prepare_record(const wire::BasicPublish& method, const PropertyFacts& facts, broker::Message& message) {
  const auto allowed = [this](std::string_view name) {
    const catalog::State& state = shard().catalog();
    const catalog::Queue* queue = state.find_queue(connection_.vhost().id, name);
    return queue == nullptr ? allow_topic_write(state.find_topic(connection_.vhost().id, name))
                            : allow_topic_write(source_topic(*queue));
  };
  if (method.exchange.empty() && !(allowed(method.routing_key) && std::ranges::all_of(more_keys_.keys, allowed))) {
    return false;
  }
  if (const auto key = facts.record_key()) {
    message.has_key = true;
    message.key = *key;
  }
  return true;
}

bool Channel::read_more_keys(const wire::BasicProperties& properties) {
  const auto failure = more_keys_.read(*properties.headers);
  if (failure.has_value()) fail(*failure);
  return !failure.has_value();
}

/// Puts the address of this channel's reply consumer where a request asks for it, and takes out what receivers must not
/// see.
bool Channel::change_properties(const wire::BasicProperties& properties, bytes::ByteView& block) {
  wire::BasicProperties changed = properties;
  std::string address;
  if (properties.reply_to == kReplyTo) {
    if (!reply_address_.has_value()) {
      fail(ReplyCode::precondition_failed, "fast reply consumer does not exist");
      return false;
    }
    address = reply_address_->name();
    changed.reply_to = address;
  }
  if (more_keys_.has_blind) {
    hidden_keys_.clear();
    write_hidden(hidden_keys_, *properties.headers);
    changed_headers_.clear();
    write_without_blind(changed_headers_, *properties.headers);
    changed.headers = wire::FieldTableView::trusted(changed_headers_);
  }
  changed_block_.clear();
  bytes::Writer writer(changed_block_);
  changed.encode(writer);
  block = changed_block_;
  return true;
}

void Channel::return_message(const wire::BasicPublish& method, const wire::ContentHeader& header,
                             std::span<const bytes::ByteView> body) {
  const wire::BasicReturn returned{static_cast<std::uint16_t>(ReplyCode::no_route), wire::name_of(ReplyCode::no_route),
                                   method.exchange, method.routing_key};
  bytes::ByteVector& out = transaction_ != nullptr ? transaction_->returns : connection_.out();
  wire::append_with_header(out, number_, returned, header.property_block, header.body_size);
  for (const bytes::ByteView part : body) wire::append_body(out, number_, part, connection_.frame_max());
}

}  // namespace millrace::gateway::amqp091
