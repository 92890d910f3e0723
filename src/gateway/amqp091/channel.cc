#include "gateway/amqp091/channel.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/log.h"
#include "gateway/amqp091/channel_transaction.h"

namespace millrace::gateway::amqp091 {

using wire::Method;
using wire::ReplyCode;

// ---------------------------------------------------------------------------------------------------- the handlers

struct Channel::Handler {
  Method method;
  /// Its answer, or what it does, depends on the publishes before it: they must be stored first.
  bool after_publishes;
  void (*run)(Channel&, bytes::Reader&);

  template <class M>
  static constexpr Handler of(bool after_publishes, auto handle) {
    (void)handle;
    return {M::kMethod, after_publishes, [](Channel& channel, bytes::Reader& in) {
              const auto decoded = M::decode(in);
              if (!decoded.has_value()) {
                return channel.fail(wire::reply_code_for(decoded.error().code), std::string(decoded.error().detail));
              }
              (channel.*decltype(handle)::value)(*decoded);
            }};
  }
};

namespace {

template <auto Function>
using Do = std::integral_constant<decltype(Function), Function>;

constexpr bool kNow = false;
constexpr bool kAfterPublishes = true;

}  // namespace

const Channel::Handler* Channel::find_handler(Method method) {
  // In ascending order of their numbers.
  static constexpr Handler kHandlers[] = {
      Handler::of<wire::ChannelOpen>(kNow, Do<&Channel::channel_open>{}),
      Handler::of<wire::ChannelFlow>(kNow, Do<&Channel::channel_flow>{}),
      Handler::of<wire::ChannelFlowOk>(kNow, Do<&Channel::channel_flow_ok>{}),
      Handler::of<wire::ChannelClose>(kAfterPublishes, Do<&Channel::channel_close>{}),
      Handler::of<wire::AccessRequest>(kNow, Do<&Channel::access_request>{}),
      Handler::of<wire::ExchangeDeclare>(kNow, Do<&Channel::exchange_declare>{}),
      Handler::of<wire::ExchangeDelete>(kAfterPublishes, Do<&Channel::exchange_delete>{}),
      Handler::of<wire::ExchangeBind>(kAfterPublishes, Do<&Channel::exchange_bind>{}),
      Handler::of<wire::ExchangeUnbind>(kAfterPublishes, Do<&Channel::exchange_unbind>{}),
      Handler::of<wire::QueueDeclare>(kAfterPublishes, Do<&Channel::queue_declare>{}),
      Handler::of<wire::QueueBind>(kAfterPublishes, Do<&Channel::queue_bind>{}),
      Handler::of<wire::QueuePurge>(kAfterPublishes, Do<&Channel::queue_purge>{}),
      Handler::of<wire::QueueDelete>(kAfterPublishes, Do<&Channel::queue_delete>{}),
      Handler::of<wire::QueueUnbind>(kAfterPublishes, Do<&Channel::queue_unbind>{}),
      Handler::of<wire::BasicQos>(kNow, Do<&Channel::basic_qos>{}),
      Handler::of<wire::BasicConsume>(kAfterPublishes, Do<&Channel::basic_consume>{}),
      Handler::of<wire::BasicCancel>(kNow, Do<&Channel::basic_cancel>{}),
      Handler::of<wire::BasicPublish>(kNow, Do<&Channel::basic_publish>{}),
      Handler::of<wire::BasicGet>(kAfterPublishes, Do<&Channel::basic_get>{}),
      Handler::of<wire::BasicAck>(kNow, Do<&Channel::basic_ack>{}),
      Handler::of<wire::BasicReject>(kNow, Do<&Channel::basic_reject>{}),
      Handler::of<wire::BasicRecoverAsync>(kNow, Do<&Channel::basic_recover_async>{}),
      Handler::of<wire::BasicRecover>(kNow, Do<&Channel::basic_recover>{}),
      Handler::of<wire::BasicNack>(kNow, Do<&Channel::basic_nack>{}),
      Handler::of<wire::ConfirmSelect>(kNow, Do<&Channel::confirm_select>{}),
      Handler::of<wire::TxSelect>(kNow, Do<&Channel::tx_select>{}),
      Handler::of<wire::TxCommit>(kAfterPublishes, Do<&Channel::tx_commit>{}),
      Handler::of<wire::TxRollback>(kNow, Do<&Channel::tx_rollback>{}),
  };
  static_assert(std::ranges::is_sorted(kHandlers, {}, &Handler::method));
  const auto* found = std::ranges::lower_bound(kHandlers, method, {}, &Handler::method);
  return found != std::end(kHandlers) && found->method == method ? found : nullptr;
}

// ---------------------------------------------------------------------------------------------------- the machinery

Channel::Channel(Connection& connection, std::uint16_t number)
    : connection_(connection), number_(number), tracker_(connection.shard(), this) {}

Channel::~Channel() = default;

void Channel::on_frame(const wire::Frame& frame) {
  if (busy_ || !deferred_.empty()) return defer(frame);
  if (wait_for_publishes(frame)) return defer(frame);
  handling_ = true;
  handle(frame);
  handling_ = false;
}

/// A request that must come after the channel's publishes makes the channel busy until they are stored, and stays
/// in front of what follows it.
bool Channel::wait_for_publishes(const wire::Frame& frame) {
  if (state_ != State::open || frame.type != wire::FrameType::method || tracker_.unsettled() == 0) return false;
  bytes::Reader in(frame.payload);
  const Handler* handler = find_handler(wire::read_method(in));
  if (handler == nullptr || !handler->after_publishes) return false;
  busy_ = true;
  tracker_.when_settled([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || !self->busy_) return;
    self->busy_ = false;
    self->drain();
  });
  return true;
}

void Channel::defer(const wire::Frame& frame) {
  const std::uint8_t* start = frame.payload.data() - wire::kFrameHeaderSize;
  deferred_.insert(deferred_.end(), start, start + frame.size);
  connection_.change_deferred(static_cast<std::int64_t>(frame.size));
}

void Channel::drain() {
  if (handling_) return;  // whoever called the handler goes on
  handling_ = true;
  std::size_t done = 0;
  while (!busy_ && deferred_at_ < deferred_.size()) {
    const auto parse = wire::parse_frame(bytes::ByteView(deferred_).subspan(deferred_at_), connection_.frame_max());
    MILLRACE_ASSERT(parse.status == wire::FrameStatus::complete);
    if (wait_for_publishes(parse.frame)) break;
    deferred_at_ += parse.frame.size;
    done += parse.frame.size;
    handle(parse.frame);
  }
  handling_ = false;
  if (deferred_at_ == deferred_.size()) {
    deferred_ = {};
    deferred_at_ = 0;
  }
  if (done > 0) connection_.change_deferred(-static_cast<std::int64_t>(done));
  if (!busy_) connection_.channel_idle();
}

void Channel::handle(const wire::Frame& frame) {
  if (state_ == State::gone) return;
  if (state_ == State::closing) {
    // Only the end of the closing handshake counts (AMQP 0-9-1, 1.4.2.6).
    bytes::Reader in(frame.payload);
    const Method method = frame.type == wire::FrameType::method ? wire::read_method(in) : Method{0};
    if (method == Method::channel_close) reply(wire::ChannelCloseOk{});
    if (method == Method::channel_close || method == Method::channel_close_ok) set_gone();
    return;
  }
  switch (frame.type) {
    case wire::FrameType::method:
      return handle_method(frame);
    case wire::FrameType::header:
      return on_header(frame);
    case wire::FrameType::body:
      return on_body(frame);
    case wire::FrameType::heartbeat:
      return;
  }
}

void Channel::handle_method(const wire::Frame& frame) {
  bytes::Reader in(frame.payload);
  const Method method = wire::read_method(in);
  if (content_.active) {
    const std::string_view expected = content_.has_header ? "expected content body, got non content body frame instead"
                                                          : "expected content header for class 60, got non content "
                                                            "header frame instead";
    return fail(ReplyCode::unexpected_frame, std::string(expected));
  }
  method_ = method;
  const Handler* handler = find_handler(method);
  if (handler != nullptr) {
    if (method == Method::basic_publish) content_.method_payload.assign(frame.payload.begin(), frame.payload.end());
    return handler->run(*this, in);
  }
  const std::string_view name = wire::name_of(method);
  fail(ReplyCode::command_invalid, name.empty() ? "unknown method" : "unimplemented method");
}

void Channel::fail(const Failure& failure) {
  if (state_ != State::open) return;
  if (wire::is_hard_error(failure.code)) return connection_.fail(failure, method_);
  const std::string text = failure.reply_text();
  base::log::debug("amqp: {} channel {}: {}", connection_.socket().peer(), number_, text);
  reply(wire::ChannelClose{static_cast<std::uint16_t>(failure.code), text, wire::class_id_of(method_),
                           wire::method_id_of(method_)});
  state_ = State::closing;
  release();
}

/// Gives back what the channel holds in the broker.
void Channel::release(broker::Callback<void> released) {
  struct Waiting {
    std::size_t left;
    broker::Callback<void> released;
  };
  const auto waiting = std::make_shared<Waiting>(consumers_.size() + 1, std::move(released));
  const auto one_less = [waiting](const broker::Result<void>&) {
    if (--waiting->left == 0) waiting->released({});
  };
  drop_content();
  stop_replies();
  for (auto& [tag, consumer] : consumers_) {
    consumer->detach();
    if (consumer->id() == broker::ConsumerId(0)) {  // not yet answered: dropped then
      one_less({});
      continue;
    }
    connection_.forget_window(consumer->id());
    shard().consumers().drop(consumer->id(), one_less);
  }
  consumers_.clear();
  drop_transaction();
  tags_.take_all(ranges_);
  settle_ranges(timed_out_ ? broker::Settle::requeue : broker::Settle::fail);
  one_less({});
}

/// What is still under way to storage counts no longer against the connection.
void Channel::set_gone() {
  state_ = State::gone;
  forget_settled(tracker_.last_sequence());
}

void Channel::end(broker::Callback<void> released) {
  if (state_ == State::open) {
    release(std::move(released));
  } else {
    released({});
  }
  set_gone();
  busy_ = false;
  if (const std::size_t left = deferred_.size() - deferred_at_; left > 0 && !handling_) {
    connection_.change_deferred(-static_cast<std::int64_t>(left));
    deferred_ = {};
    deferred_at_ = 0;
  }
}

// ------------------------------------------------------------------------------------------------ content in pieces

bool Channel::accepts(const wire::ContentHeader& header) const {
  return header.class_id == static_cast<std::uint16_t>(wire::ClassId::basic_class) &&
         header.body_size <= connection_.options().max_message_bytes;
}

/// A frame of content that no method announced.
void Channel::fail_content() {
  method_ = Method{0};
  fail(ReplyCode::unexpected_frame, "expected method frame, got non method frame instead");
}

void Channel::on_header(const wire::Frame& frame) {
  if (!content_.active) return fail_content();
  if (content_.has_header) {
    return fail(ReplyCode::unexpected_frame, "expected content body, got non content body frame instead");
  }
  const auto header = wire::ContentHeader::decode(frame.payload);
  if (!header.has_value()) {
    return fail(wire::reply_code_for(header.error().code), std::string(header.error().detail));
  }
  if (header->class_id != static_cast<std::uint16_t>(wire::ClassId::basic_class)) {
    return fail(ReplyCode::unexpected_frame, fmt::format("expected content header for class 60, got one for class {} "
                                                         "instead",
                                                         header->class_id));
  }
  if (!accepts(*header)) {
    return fail(ReplyCode::precondition_failed,
                fmt::format("message size {} is larger than configured max size {}", header->body_size,
                            connection_.options().max_message_bytes));
  }
  content_.has_header = true;
  content_.properties.assign(header->property_block.begin(), header->property_block.end());
  content_.body_size = header->body_size;
  if (content_.body_size == 0) content_complete();
}

void Channel::on_body(const wire::Frame& frame) {
  if (!content_.active) return fail_content();
  if (!content_.has_header) {
    return fail(ReplyCode::unexpected_frame,
                "expected content header for class 60, got non content header frame instead");
  }
  const std::uint64_t size = content_.body.size() + frame.payload.size();
  if (size > content_.body_size)
    return fail(ReplyCode::frame_error, "more body octets than the content header announced");
  if (!connection_.add_assembling(frame.payload.size())) {
    connection_.remove_assembling(frame.payload.size());
    return fail(ReplyCode::resource_error, "too many bytes of incomplete messages");
  }
  content_.body.insert(content_.body.end(), frame.payload.begin(), frame.payload.end());
  if (size == content_.body_size) content_complete();
}

void Channel::content_complete() {
  const bytes::ByteView body = content_.body;
  const wire::ContentHeader header{static_cast<std::uint16_t>(wire::ClassId::basic_class), content_.body_size,
                                   content_.properties};
  publish(content_.method_payload, header, {&body, body.empty() ? 0U : 1U});
  drop_content();
}

void Channel::drop_content() {
  constexpr std::size_t kKeptBody = std::size_t{64} << 10;
  connection_.remove_assembling(content_.body.size());
  content_.body.clear();
  if (content_.body.capacity() > kKeptBody) content_.body = {};
  content_.active = false;
  content_.has_header = false;
}

// --------------------------------------------------------------------------------------------- class channel, access

void Channel::channel_open(const wire::ChannelOpen&) {
  fail(ReplyCode::channel_error, "second 'channel.open' seen");
}

void Channel::channel_flow(const wire::ChannelFlow& method) {
  if (!method.active) return fail(ReplyCode::not_implemented, "active=false");
  reply(wire::ChannelFlowOk{true});
}

void Channel::channel_flow_ok(const wire::ChannelFlowOk&) {}

void Channel::channel_close(const wire::ChannelClose&) {
  release(later<void>([](Channel& channel, const broker::Result<void>&) {
    channel.set_gone();
    channel.reply(wire::ChannelCloseOk{});
  }));
}

void Channel::access_request(const wire::AccessRequest&) {
  reply(wire::AccessRequestOk{});
}

// ------------------------------------------------------------------------------------------- what requests are about

std::string Channel::queue_text(std::string_view name) const {
  return amqp091::queue_text(name, connection_.vhost().name);
}

std::string Channel::exchange_text(std::string_view name) const {
  return amqp091::exchange_text(name, connection_.vhost().name);
}

bool Channel::allow(auth::Operation operation, std::string_view name, std::string_view resource) {
  if (shard().authorizer().allowed({.user = connection_.user(),
                                    .host = connection_.host(),
                                    .vhost = connection_.vhost().id,
                                    .operation = operation,
                                    .name = name})) {
    return true;
  }
  const std::string_view what = operation == auth::Operation::configure ? "configure"
                                : operation == auth::Operation::write   ? "write"
                                                                        : "read";
  fail(ReplyCode::access_refused,
       fmt::format("{} access to {} refused for user '{}'", what, resource, connection_.user()));
  return false;
}

bool Channel::allow_queue(auth::Operation operation, std::string_view queue) {
  return allow(operation, queue, queue_text(queue));
}

bool Channel::allow_exchange(auth::Operation operation, std::string_view exchange) {
  // Permissions know the default exchange by a name.
  const std::string_view name = exchange.empty() ? "amq.default" : exchange;
  return allow(operation, name, exchange_text(name));
}

/// Of a queue over a topic.
const catalog::Topic* Channel::source_topic(const catalog::Queue& queue) {
  return queue.source.has_value() ? shard().catalog().find_topic(queue.source->topic) : nullptr;
}

/// Without a topic everything is allowed.
bool Channel::allow_topic_write(const catalog::Topic* topic) {
  return topic == nullptr ||
         allow(auth::Operation::write, topic->name, topic_text(topic->name, connection_.vhost().name));
}

/// Routing keys are limited for exchanges that route by patterns, and for users whom somebody limited.
bool Channel::allow_topic(auth::Operation operation, const catalog::Exchange& exchange, std::string_view routing_key) {
  if (exchange.type != catalog::ExchangeType::topic) return true;
  const catalog::TopicPermission* permission =
      shard().catalog().find_topic_permission(connection_.user(), exchange.vhost, exchange.name);
  if (permission == nullptr || shard().authorizer().allowed_topic(*permission, operation, routing_key)) return true;
  fail(ReplyCode::access_refused, fmt::format("access to topic '{}' in {} refused for user '{}'", routing_key,
                                              exchange_text(exchange.name), connection_.user()));
  return false;
}

/// The empty name stands for the queue that was declared last on this channel.
std::optional<std::string> Channel::queue_name(std::string_view given) {
  if (!given.empty()) return std::string(given);
  if (last_queue_.empty()) {
    fail(ReplyCode::not_found, "no previously declared queue");
    return std::nullopt;
  }
  return last_queue_;
}

/// What holds an exchange's delayed messages is nobody's.
bool Channel::locked(const catalog::Queue& queue) const {
  if (queue.settings.delays) return true;
  return queue.exclusive_owner.has_value() && *queue.exclusive_owner != connection_.id().value;
}

const catalog::Queue* Channel::find_queue(std::string_view name) {
  const catalog::Queue* queue = shard().catalog().find_queue(connection_.vhost().id, name);
  if (queue == nullptr) {
    fail(ReplyCode::not_found, fmt::format("no {}", queue_text(name)));
  } else if (locked(*queue)) {
    fail(locked_failure(queue_text(name)));
    return nullptr;
  }
  return queue;
}

std::optional<Channel::Source> Channel::find_source(std::string_view name) {
  if (shard().catalog().find_queue(connection_.vhost().id, name) == nullptr) {
    const catalog::Topic* topic = shard().catalog().find_topic(connection_.vhost().id, name);
    if (topic != nullptr && topic->partitions.size() == 1) {
      const catalog::Partition& only = topic->partitions.front();
      return Source{{model::ObjectId(only.log.value), only.shard}, QueueType::stream};
    }
  }
  const catalog::Queue* queue = find_queue(name);
  if (queue == nullptr) return std::nullopt;
  return source_of(*queue);
}

const catalog::Exchange* Channel::find_exchange(std::string_view name) {
  const catalog::Exchange* exchange = shard().catalog().find_exchange(connection_.vhost().id, name);
  if (exchange == nullptr) fail(ReplyCode::not_found, fmt::format("no {}", exchange_text(name)));
  return exchange;
}

}  // namespace millrace::gateway::amqp091
