#include "millrace/client/connection.h"

#include "frames.h"

namespace millrace::client {

Connection::Connection(ConnectOptions options)
    : options_(std::move(options)), transport_(std::make_unique<Transport>()), frame_max_(wire::kFrameMinSize) {
  options_.frame_max = std::max(options_.frame_max, wire::kFrameMinSize);
}

Connection::~Connection() {
  end({Errc::connection_closed, 0, "the connection is gone"});
  for (auto& [number, channel] : channels_) channel->connection_ = nullptr;
}

Result<std::unique_ptr<Connection>> Connection::open(ConnectOptions options) {
  std::unique_ptr<Connection> connection(new Connection(std::move(options)));
  const ConnectOptions& o = connection->options_;
  if (auto connected = connection->transport_->connect(o.host, o.port, o.connect_timeout); !connected.has_value()) {
    return std::unexpected(connected.error());
  }
  if (auto done = connection->handshake(); !done.has_value()) return std::unexpected(done.error());
  return connection;
}

Result<std::unique_ptr<Connection>> Connection::open_over(int descriptor, ConnectOptions options) {
  std::unique_ptr<Connection> connection(new Connection(std::move(options)));
  if (auto adopted = connection->transport_->adopt(descriptor); !adopted.has_value()) {
    return std::unexpected(adopted.error());
  }
  if (auto done = connection->handshake(); !done.has_value()) return std::unexpected(done.error());
  return connection;
}

Result<void> Connection::handshake() {
  output().assign(std::begin(wire::kProtocolHeader), std::end(wire::kProtocolHeader));
  if (auto arrived = await(reply_, nullptr); !arrived.has_value()) return arrived;
  if (auto answered = answer_start(); !answered.has_value()) return answered;
  if (auto arrived = await(reply_, nullptr); !arrived.has_value()) return arrived;
  if (auto answered = answer_tune(); !answered.has_value()) return answered;
  if (auto arrived = await(reply_, nullptr); !arrived.has_value()) return arrived;
  bytes::Reader in(reply_.payload);
  if (wire::read_method(in) != wire::Method::connection_open_ok) {
    return end({Errc::protocol_error, 0, "the server did not open the virtual host"});
  }
  return {};
}

Result<void> Connection::answer_start() {
  bytes::Reader in(reply_.payload);
  if (wire::read_method(in) != wire::Method::connection_start) {
    return end({Errc::protocol_error, 0, "the server did not begin with connection.start"});
  }
  const auto start = wire::ConnectionStart::decode(in);
  if (!start.has_value()) return end(wire_failure(start.error()));
  server_properties_ = Table::decode(start->server_properties);
  const Table capabilities{{"publisher_confirms", true},
                           {"basic.nack", true},
                           {"consumer_cancel_notify", true},
                           {"connection.blocked", true},
                           {"authentication_failure_close", true}};
  Table properties{{"product", "millrace client"}, {"capabilities", capabilities}};
  if (!options_.name.empty()) properties.add("connection_name", options_.name);
  const bytes::ByteVector content = properties.content();
  // SASL PLAIN, RFC 4616: authorization identity, user and password, each after a zero octet but the first.
  const std::string response = std::string(1, '\0') + options_.user + std::string(1, '\0') + options_.password;
  append(0, wire::ConnectionStartOk{.client_properties = wire::FieldTableView::trusted(content),
                                    .mechanism = "PLAIN",
                                    .response = response,
                                    .locale = "en_US"});
  return {};
}

Result<void> Connection::answer_tune() {
  bytes::Reader in(reply_.payload);
  if (wire::read_method(in) != wire::Method::connection_tune) {
    return end({Errc::protocol_error, 0, "the server did not send connection.tune"});
  }
  const auto tune = wire::ConnectionTune::decode(in);
  if (!tune.has_value()) return end(wire_failure(tune.error()));
  frame_max_ = tune->frame_max == 0 ? options_.frame_max : std::min(options_.frame_max, tune->frame_max);
  frame_max_ = std::max(frame_max_, wire::kFrameMinSize);
  channel_max_ = tune->channel_max == 0 ? std::uint16_t{65535} : tune->channel_max;
  const bool both = tune->heartbeat != 0 && options_.heartbeat_seconds != 0;
  heartbeat_seconds_ = both ? std::min(tune->heartbeat, options_.heartbeat_seconds) : options_.heartbeat_seconds;
  if (options_.virtual_host.size() > wire::kMaxShortstr) {
    return end({Errc::bad_argument, 0, "the virtual host's name is longer than 255 bytes"});
  }
  append(0, wire::ConnectionTuneOk{channel_max_, frame_max_, heartbeat_seconds_});
  append(0, wire::ConnectionOpen{.virtual_host = options_.virtual_host});
  return {};
}

bytes::ByteVector& Connection::output() {
  return transport_->output();
}

Result<std::shared_ptr<Channel>> Connection::open_channel() {
  if (closed_.has_value()) return std::unexpected(*closed_);
  std::uint16_t number = 1;
  for (const auto& [taken, channel] : channels_) {
    if (taken == number) ++number;
  }
  if (number == 0 || number > channel_max_) return fail(Errc::bad_argument, "no more channels on this connection");
  std::shared_ptr<Channel> channel(new Channel(*this, number));
  channels_[number] = channel;
  if (auto opened = channel->open(); !opened.has_value()) return std::unexpected(opened.error());
  return channel;
}

Result<void> Connection::flush() {
  if (closed_.has_value()) return std::unexpected(*closed_);
  if (output().empty()) return {};
  auto flushed = transport_->flush(now() + base::to_nanos(options_.reply_timeout));
  if (!flushed.has_value()) {
    // The server may have said why before it ended the connection.
    (void)handle_input();
    return end(flushed.error());
  }
  return {};
}

Result<void> Connection::await(Reply& reply, const Channel* channel) {
  reply.awaited = true;
  reply.arrived = false;
  const base::Nanos deadline = now() + base::to_nanos(options_.reply_timeout);
  Result<void> result;
  while (!reply.arrived) {
    const auto pumped = pump(deadline);
    if (reply.arrived) break;
    if (channel != nullptr && channel->closed_.has_value()) {
      result = std::unexpected(*channel->closed_);
    } else if (!pumped.has_value()) {
      result = std::unexpected(pumped.error());
    } else if (!*pumped && now() >= deadline) {
      // An answer that came later would be taken for that of another call.
      result = end({Errc::timed_out, 0, "the server did not answer in time"});
    }
    if (!result.has_value()) break;
  }
  reply.awaited = false;
  return result;
}

Result<bool> Connection::pump(base::Nanos deadline) {
  if (auto flushed = flush(); !flushed.has_value()) return std::unexpected(flushed.error());
  for (;;) {
    if (auto beaten = beat(); !beaten.has_value()) return std::unexpected(beaten.error());
    auto handled = handle_input();
    if (!handled.has_value() || *handled) {
      if (handled.has_value() && !closed_.has_value()) {
        if (auto flushed = flush(); !flushed.has_value()) return std::unexpected(flushed.error());
      }
      return handled;
    }
    if (closed_.has_value()) return std::unexpected(*closed_);
    base::Nanos until = deadline;
    if (heartbeat_seconds_ != 0) until = std::min(until, now() + base::Nanos(heartbeat_seconds_ * 250'000'000LL));
    const auto received = transport_->receive(until);
    if (!received.has_value()) return end(received.error());
    if (!*received && now() >= deadline) return false;
  }
}

Result<void> Connection::beat() {
  if (heartbeat_seconds_ == 0) return {};
  const base::Nanos half(heartbeat_seconds_ * 500'000'000LL);
  if (now() - transport_->last_received() > half + half + half + half) {
    return end({Errc::connection_lost, 0, "no heartbeat from the server"});
  }
  if (now() - transport_->last_sent() < half) return {};
  wire::append_heartbeat(output());
  return flush();
}

Result<bool> Connection::handle_input() {
  bool any = false;
  while (!closed_.has_value()) {
    const auto parsed = wire::parse_frame(transport_->input(), frame_max_);
    if (parsed.status == wire::FrameStatus::need_more) return any;
    if (parsed.status == wire::FrameStatus::malformed) {
      // Before anything else the server may answer with a protocol header of its own.
      return end(wire_failure(parsed.wire_error()));
    }
    const auto handled = handle_frame(parsed.frame);
    if (!handled.has_value()) return end(handled.error());
    transport_->consume(parsed.frame.size);
    any = true;
  }
  return std::unexpected(*closed_);
}

Result<void> Connection::handle_frame(const wire::Frame& frame) {
  if (frame.type == wire::FrameType::heartbeat) return {};
  if (frame.channel == 0) {
    if (frame.type != wire::FrameType::method) return fail(Errc::protocol_error, "content on channel 0");
    return handle_method(frame.payload);
  }
  const auto found = channels_.find(frame.channel);
  if (found == channels_.end()) return fail(Errc::protocol_error, "a frame for a channel that is not open");
  const std::shared_ptr<Channel> channel = found->second;
  if (frame.type == wire::FrameType::header) return channel->handle_header(frame.payload);
  if (frame.type == wire::FrameType::body) return channel->handle_body(frame.payload);
  auto handled = channel->handle_method(frame.payload);
  if (channel->closed_.has_value()) channels_.erase(frame.channel);
  return handled;
}

Result<void> Connection::handle_method(bytes::ByteView payload) {
  bytes::Reader in(payload);
  switch (wire::read_method(in)) {
    case wire::Method::connection_close: {
      const auto close = wire::ConnectionClose::decode(in);
      if (!close.has_value()) return std::unexpected(wire_failure(close.error()));
      // Made first: flushing may move the input.
      Error why = close_error(Errc::connection_closed, *close);
      append(0, wire::ConnectionCloseOk{});
      (void)transport_->flush(now() + base::Nanos(1'000'000'000));
      return std::unexpected(std::move(why));
    }
    case wire::Method::connection_blocked:
      blocked_ = true;
      return {};
    case wire::Method::connection_unblocked:
      blocked_ = false;
      return {};
    default:
      if (!reply_.awaited) return fail(Errc::protocol_error, "an answer that nobody asked for");
      reply_.payload.assign(payload.begin(), payload.end());
      reply_.arrived = true;
      return {};
  }
}

Result<bool> Connection::poll(base::Millis timeout) {
  const auto pumped = pump(now() + base::to_nanos(timeout));
  run_handlers();
  return pumped;
}

void Connection::run_handlers() {
  if (in_handlers_) return;
  in_handlers_ = true;
  // Handlers may open and close channels.
  std::vector<std::shared_ptr<Channel>> channels;
  channels.reserve(channels_.size());
  for (const auto& [number, channel] : channels_) channels.push_back(channel);
  for (const auto& channel : channels) channel->run_handlers();
  in_handlers_ = false;
}

Result<void> Connection::close() {
  if (closed_.has_value()) return std::unexpected(*closed_);
  append(0, wire::ConnectionClose{.reply_code = 200, .reply_text = "goodbye"});
  auto arrived = await(reply_, nullptr);
  if (!arrived.has_value()) return arrived;
  end({Errc::connection_closed, 0, "closed by the client"});
  return {};
}

std::unexpected<Error> Connection::end(Error why) {
  if (!closed_.has_value()) {
    closed_ = std::move(why);
    transport_->shut();
    for (auto& [number, channel] : channels_) channel->end(*closed_);
  }
  return std::unexpected(*closed_);
}

}  // namespace millrace::client
