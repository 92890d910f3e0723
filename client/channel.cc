#include "millrace/client/channel.h"

#include "frames.h"

namespace millrace::client {

template <class Request>
Result<void> Channel::send(const Request& request) {
  if (auto ready = check_open(); !ready.has_value()) return ready;
  if (!short_strings_fit(request)) return fail(Errc::bad_argument, "a name is longer than 255 bytes");
  connection_->append(number_, request);
  return {};
}

template <class Answer, class Request>
Result<Answer> Channel::call(const Request& request) {
  if (auto sent = send(request); !sent.has_value()) return std::unexpected(sent.error());
  if (auto arrived = connection_->await(reply_, this); !arrived.has_value()) return std::unexpected(arrived.error());
  bytes::Reader in(reply_.payload);
  if (wire::read_method(in) != Answer::kMethod) {
    return connection_->end({Errc::protocol_error, 0, "not the answer to " + std::string(Request::kName)});
  }
  const auto answer = Answer::decode(in);
  if (!answer.has_value()) return connection_->end(wire_failure(answer.error()));
  return *answer;
}

namespace {

template <class T>
Result<void> without_value(const Result<T>& result) {
  if (!result.has_value()) return std::unexpected(result.error());
  return {};
}

template <class Method>
Result<Method> decode(bytes::Reader& in) {
  const auto method = Method::decode(in);
  if (!method.has_value()) return std::unexpected(wire_failure(method.error()));
  return *method;
}

/// The wire form of a table and the bytes behind it.
struct Arguments {
  explicit Arguments(const Table& table) : content(table.content()) {}
  wire::FieldTableView view() const { return wire::FieldTableView::trusted(content); }
  bytes::ByteVector content;
};

}  // namespace

Result<void> Channel::check_open() const {
  if (closed_.has_value()) return std::unexpected(*closed_);
  return {};
}

Result<void> Channel::open() {
  return without_value(call<wire::ChannelOpenOk>(wire::ChannelOpen{}));
}

Result<void> Channel::declare_exchange(const ExchangeSpec& spec) {
  const Arguments arguments(spec.arguments);
  return without_value(call<wire::ExchangeDeclareOk>(wire::ExchangeDeclare{.exchange = spec.name,
                                                                           .type = spec.type,
                                                                           .passive = spec.passive,
                                                                           .durable = spec.durable,
                                                                           .auto_delete = spec.auto_delete,
                                                                           .arguments = arguments.view()}));
}

Result<void> Channel::delete_exchange(const std::string& name) {
  return without_value(call<wire::ExchangeDeleteOk>(wire::ExchangeDelete{.exchange = name}));
}

Result<QueueInfo> Channel::declare_queue(const QueueSpec& spec) {
  const Arguments arguments(spec.arguments);
  const auto ok = call<wire::QueueDeclareOk>(wire::QueueDeclare{.queue = spec.name,
                                                                .passive = spec.passive,
                                                                .durable = spec.durable,
                                                                .exclusive = spec.exclusive,
                                                                .auto_delete = spec.auto_delete,
                                                                .arguments = arguments.view()});
  if (!ok.has_value()) return std::unexpected(ok.error());
  return QueueInfo{std::string(ok->queue), ok->message_count, ok->consumer_count};
}

Result<std::uint32_t> Channel::delete_queue(const std::string& name) {
  const auto ok = call<wire::QueueDeleteOk>(wire::QueueDelete{.queue = name});
  if (!ok.has_value()) return std::unexpected(ok.error());
  return ok->message_count;
}

Result<std::uint32_t> Channel::purge_queue(const std::string& name) {
  const auto ok = call<wire::QueuePurgeOk>(wire::QueuePurge{.queue = name});
  if (!ok.has_value()) return std::unexpected(ok.error());
  return ok->message_count;
}

Result<void> Channel::bind(const Binding& binding) {
  const Arguments arguments(binding.arguments);
  return without_value(call<wire::QueueBindOk>(wire::QueueBind{.queue = binding.queue,
                                                               .exchange = binding.exchange,
                                                               .routing_key = binding.routing_key,
                                                               .arguments = arguments.view()}));
}

Result<void> Channel::unbind(const Binding& binding) {
  const Arguments arguments(binding.arguments);
  return without_value(call<wire::QueueUnbindOk>(wire::QueueUnbind{.queue = binding.queue,
                                                                   .exchange = binding.exchange,
                                                                   .routing_key = binding.routing_key,
                                                                   .arguments = arguments.view()}));
}

Result<std::uint64_t> Channel::publish(std::string_view exchange, std::string_view routing_key,
                                       const Properties& properties, std::string_view body, bool mandatory) {
  if (auto ready = check_open(); !ready.has_value()) return std::unexpected(ready.error());
  const wire::BasicPublish method{.exchange = exchange, .routing_key = routing_key, .mandatory = mandatory};
  if (!short_strings_fit(method)) return fail(Errc::bad_argument, "a name is longer than 255 bytes");
  bytes::ByteVector block;
  if (auto encoded = encode_properties(properties, block); !encoded.has_value()) {
    return std::unexpected(encoded.error());
  }
  wire::append_with_content(connection_->output(), number_, method, {block, bytes::as_bytes(body)},
                            connection_->frame_max_);
  const std::uint64_t sequence = confirming_ ? confirms_.publish() : 0;
  if (connection_->output().size() > connection_->options_.publish_buffer) {
    if (auto flushed = connection_->flush(); !flushed.has_value()) return std::unexpected(flushed.error());
  }
  return sequence;
}

Result<void> Channel::confirm_select() {
  auto selected = without_value(call<wire::ConfirmSelectOk>(wire::ConfirmSelect{}));
  if (selected.has_value()) confirming_ = true;
  return selected;
}

Result<bool> Channel::wait_for_confirms(base::Millis timeout) {
  if (auto ready = check_open(); !ready.has_value()) return std::unexpected(ready.error());
  const base::Nanos deadline = now() + base::to_nanos(timeout);
  while (confirms_.outstanding() > 0) {
    const auto pumped = connection_->pump(deadline);
    if (closed_.has_value()) return std::unexpected(*closed_);
    if (!pumped.has_value()) return std::unexpected(pumped.error());
    connection_->run_handlers();
    if (!*pumped && now() >= deadline) return fail(Errc::timed_out, "messages without a confirm");
  }
  const bool none_refused = confirms_.nacked() == nacks_reported_;
  nacks_reported_ = confirms_.nacked();
  return none_refused;
}

Result<void> Channel::qos(std::uint16_t prefetch_count, bool global) {
  return without_value(call<wire::BasicQosOk>(wire::BasicQos{.prefetch_count = prefetch_count, .global = global}));
}

Result<std::string> Channel::consume(const ConsumeSpec& spec, OnDelivery handler) {
  const Arguments arguments(spec.arguments);
  const auto ok = call<wire::BasicConsumeOk>(wire::BasicConsume{.queue = spec.queue,
                                                                .consumer_tag = spec.tag,
                                                                .no_ack = spec.auto_ack,
                                                                .exclusive = spec.exclusive,
                                                                .arguments = arguments.view()});
  if (!ok.has_value()) return std::unexpected(ok.error());
  std::string tag(ok->consumer_tag);
  if (handler) {
    // The first deliveries can have come together with the answer.
    for (auto it = inbox_.begin(); it != inbox_.end();) {
      if (it->consumer_tag == tag) {
        for_handlers_.push_back(std::move(*it));
        it = inbox_.erase(it);
      } else {
        ++it;
      }
    }
  }
  handlers_[tag] = std::move(handler);
  return tag;
}

Result<void> Channel::cancel(const std::string& tag) {
  auto cancelled = without_value(call<wire::BasicCancelOk>(wire::BasicCancel{.consumer_tag = tag}));
  return cancelled;
}

Result<std::optional<Delivery>> Channel::next(base::Millis timeout) {
  const base::Nanos deadline = now() + base::to_nanos(timeout);
  for (;;) {
    if (!inbox_.empty()) {
      std::optional<Delivery> delivery(std::move(inbox_.front()));
      inbox_.pop_front();
      return delivery;
    }
    if (auto ready = check_open(); !ready.has_value()) return std::unexpected(ready.error());
    if (cancelled_.has_value()) {
      Error why = std::move(*cancelled_);
      cancelled_.reset();
      return std::unexpected(std::move(why));
    }
    const auto pumped = connection_->pump(deadline);
    if (!pumped.has_value()) return std::unexpected(pumped.error());
    connection_->run_handlers();
    if (!*pumped && now() >= deadline) return std::optional<Delivery>();
  }
}

Result<std::optional<Delivery>> Channel::get(const std::string& queue, bool auto_ack) {
  if (auto sent = send(wire::BasicGet{.queue = queue, .no_ack = auto_ack}); !sent.has_value()) {
    return std::unexpected(sent.error());
  }
  if (auto arrived = connection_->await(reply_, this); !arrived.has_value()) return std::unexpected(arrived.error());
  bytes::Reader in(reply_.payload);
  const wire::Method method = wire::read_method(in);
  if (method == wire::Method::basic_get_empty) return std::optional<Delivery>();
  if (method != wire::Method::basic_get_ok || !got_.has_value()) {
    return connection_->end({Errc::protocol_error, 0, "not the answer to basic.get"});
  }
  return std::exchange(got_, std::nullopt);
}

Result<void> Channel::ack(std::uint64_t delivery_tag, bool multiple) {
  if (auto sent = send(wire::BasicAck{delivery_tag, multiple}); !sent.has_value()) return sent;
  return connection_->flush();
}

Result<void> Channel::nack(std::uint64_t delivery_tag, bool multiple, bool requeue) {
  if (auto sent = send(wire::BasicNack{delivery_tag, multiple, requeue}); !sent.has_value()) return sent;
  return connection_->flush();
}

Result<void> Channel::reject(std::uint64_t delivery_tag, bool requeue) {
  if (auto sent = send(wire::BasicReject{delivery_tag, requeue}); !sent.has_value()) return sent;
  return connection_->flush();
}

Result<void> Channel::close() {
  const auto answer = call<wire::ChannelCloseOk>(wire::ChannelClose{.reply_code = 200, .reply_text = "goodbye"});
  if (!answer.has_value()) return std::unexpected(answer.error());
  if (connection_ != nullptr) connection_->channels_.erase(number_);
  end({Errc::channel_closed, 0, "closed by the client"});
  return {};
}

void Channel::end(const Error& why) {
  if (!closed_.has_value()) closed_ = why;
}

}  // namespace millrace::client
