// What the server sends on a channel. Nothing here waits or runs a handler: what came is kept for run_handlers(),
// next() or the call that waits for it.
#include "frames.h"
#include "millrace/client/channel.h"

namespace millrace::client {

namespace {

template <class Method>
Message message_of(const Method& method, Properties&& properties, std::string&& body) {
  return {std::string(method.exchange), std::string(method.routing_key), std::move(properties), std::move(body)};
}

}  // namespace

Result<void> Channel::handle_method(bytes::ByteView payload) {
  if (incoming_.has_value()) return fail(Errc::protocol_error, "a method between the frames of a message");
  bytes::Reader in(payload);
  switch (wire::read_method(in)) {
    case wire::Method::basic_deliver:
    case wire::Method::basic_return:
    case wire::Method::basic_get_ok:
      incoming_ = Incoming{};
      incoming_->method.assign(payload.begin(), payload.end());
      return {};
    case wire::Method::basic_ack: {
      const auto ack = wire::BasicAck::decode(in);
      if (!ack.has_value()) return std::unexpected(wire_failure(ack.error()));
      return take_confirm(ack->delivery_tag, ack->multiple, true);
    }
    case wire::Method::basic_nack: {
      const auto nack = wire::BasicNack::decode(in);
      if (!nack.has_value()) return std::unexpected(wire_failure(nack.error()));
      return take_confirm(nack->delivery_tag, nack->multiple, false);
    }
    case wire::Method::basic_cancel:
      return take_cancel(in);
    case wire::Method::channel_close:
      return take_close(in);
    case wire::Method::channel_flow: {
      const auto flow = wire::ChannelFlow::decode(in);
      if (!flow.has_value()) return std::unexpected(wire_failure(flow.error()));
      connection_->append(number_, wire::ChannelFlowOk{flow->active});
      return {};
    }
    default:
      if (!reply_.awaited) return fail(Errc::protocol_error, "an answer that nobody asked for");
      take_reply(payload);
      return {};
  }
}

void Channel::take_reply(bytes::ByteView payload) {
  reply_.payload.assign(payload.begin(), payload.end());
  reply_.arrived = true;
}

Result<void> Channel::take_confirm(std::uint64_t tag, bool multiple, bool ack) {
  const bool known = confirms_.settle(tag, multiple, ack, [&](std::uint64_t sequence) {
    if (on_confirm_) settled_.push_back({sequence, ack});
  });
  if (!known) return fail(Errc::protocol_error, "a confirm for a message that is not outstanding");
  return {};
}

Result<void> Channel::take_cancel(bytes::Reader& in) {
  const auto cancel = wire::BasicCancel::decode(in);
  if (!cancel.has_value()) return std::unexpected(wire_failure(cancel.error()));
  cancelled_ = Error{Errc::consumer_cancelled, 0, "the server cancelled consumer " + std::string(cancel->consumer_tag)};
  if (!cancel->no_wait) connection_->append(number_, wire::BasicCancelOk{cancel->consumer_tag});
  return {};
}

Result<void> Channel::take_close(bytes::Reader& in) {
  const auto close = wire::ChannelClose::decode(in);
  if (!close.has_value()) return std::unexpected(wire_failure(close.error()));
  end(close_error(Errc::channel_closed, *close));
  connection_->append(number_, wire::ChannelCloseOk{});
  return {};
}

Result<void> Channel::handle_header(bytes::ByteView payload) {
  if (!incoming_.has_value() || incoming_->has_header)
    return fail(Errc::protocol_error, "a content header out of place");
  const auto header = wire::ContentHeader::decode(payload);
  if (!header.has_value()) return std::unexpected(wire_failure(header.error()));
  if (header->body_size > connection_->options_.max_message_bytes) {
    return fail(Errc::protocol_error, "a message larger than max_message_bytes");
  }
  auto properties = decode_properties(header->property_block);
  if (!properties.has_value()) return std::unexpected(properties.error());
  incoming_->has_header = true;
  incoming_->body_size = header->body_size;
  incoming_->properties = std::move(*properties);
  if (incoming_->body_size == 0) return finish_content();
  return {};
}

Result<void> Channel::handle_body(bytes::ByteView payload) {
  if (!incoming_.has_value() || !incoming_->has_header) return fail(Errc::protocol_error, "a body out of place");
  if (payload.size() > incoming_->body_size - incoming_->body.size()) {
    return fail(Errc::protocol_error, "a body longer than its header says");
  }
  incoming_->body.append(bytes::as_text(payload));
  if (incoming_->body.size() == incoming_->body_size) return finish_content();
  return {};
}

Result<void> Channel::finish_content() {
  Incoming content = std::move(*incoming_);
  incoming_.reset();
  bytes::Reader in(content.method);
  const wire::Method method = wire::read_method(in);
  if (method == wire::Method::basic_deliver) {
    const auto deliver = wire::BasicDeliver::decode(in);
    if (!deliver.has_value()) return std::unexpected(wire_failure(deliver.error()));
    take_delivery(*deliver, message_of(*deliver, std::move(content.properties), std::move(content.body)));
  } else if (method == wire::Method::basic_return) {
    const auto returned = wire::BasicReturn::decode(in);
    if (!returned.has_value()) return std::unexpected(wire_failure(returned.error()));
    if (!on_return_) return {};
    returned_.push_back({returned->reply_code, std::string(returned->reply_text),
                         message_of(*returned, std::move(content.properties), std::move(content.body))});
  } else {
    const auto ok = wire::BasicGetOk::decode(in);
    if (!ok.has_value()) return std::unexpected(wire_failure(ok.error()));
    if (!reply_.awaited) return fail(Errc::protocol_error, "a message that nobody asked for");
    got_ = Delivery{
        {}, ok->delivery_tag, ok->redelivered, message_of(*ok, std::move(content.properties), std::move(content.body))};
    take_reply(content.method);
  }
  return {};
}

void Channel::take_delivery(const wire::BasicDeliver& method, Message message) {
  Delivery delivery{std::string(method.consumer_tag), method.delivery_tag, method.redelivered, std::move(message)};
  const auto handler = handlers_.find(method.consumer_tag);
  const bool has_handler = handler != handlers_.end() && handler->second;
  (has_handler ? for_handlers_ : inbox_).push_back(std::move(delivery));
}

void Channel::run_handlers() {
  while (!settled_.empty()) {
    const Settled settled = settled_.front();
    settled_.pop_front();
    if (on_confirm_) on_confirm_(settled.sequence, settled.acked);
  }
  while (!returned_.empty()) {
    Returned returned = std::move(returned_.front());
    returned_.pop_front();
    if (on_return_) on_return_(std::move(returned));
  }
  while (!for_handlers_.empty()) {
    Delivery delivery = std::move(for_handlers_.front());
    for_handlers_.pop_front();
    const auto found = handlers_.find(delivery.consumer_tag);
    // A copy: the handler may consume again, which replaces it.
    const OnDelivery handler = found == handlers_.end() ? OnDelivery() : found->second;
    if (handler) handler(std::move(delivery));
  }
}

}  // namespace millrace::client
