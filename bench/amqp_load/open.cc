#include "amqp_load/open.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

namespace millrace::bench {

namespace {

int connect_socket(const Options& options) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(options.host.c_str(), std::to_string(options.port).c_str(), &hints, &found) != 0) {
    die("unknown host " + options.host);
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, freeaddrinfo);
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const int descriptor = ::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
    if (descriptor >= 0 && ::connect(descriptor, at->ai_addr, at->ai_addrlen) == 0) return descriptor;
  }
  die("nobody listens on " + options.host + ":" + std::to_string(options.port));
}

/// Reads until a method frame came, and checks that it is an M.
template <class M>
void expect(Link& link) {
  bool done = false;
  while (!done) {
    link.flush();
    pollfd watched{link.descriptor(), POLLIN, 0};
    if (::poll(&watched, 1, 30'000) <= 0) die(std::string("no ") + std::string(M::kName) + " from the broker");
    const bool open = link.read_frames([&done](const wire::Frame& frame) {
      if (frame.type != wire::FrameType::method) return;
      bytes::Reader in(frame.payload);
      const wire::Method method = wire::read_method(in);
      check_not_closed(method, in);
      if (method != M::kMethod) die("expected " + std::string(M::kName));
      done = true;
    });
    if (!open) die("the broker ended the connection instead of " + std::string(M::kName));
  }
}

std::shared_ptr<client::Channel> fresh_channel(client::Connection& connection) {
  auto channel = connection.open_channel();
  if (!channel.has_value()) die(channel.error().to_string());
  return *channel;
}

template <class T>
void must(const client::Result<T>& result) {
  if (!result.has_value()) die(result.error().to_string());
}

void delete_queues(client::Connection& connection, const Options& options) {
  auto channel = fresh_channel(connection);
  for (std::uint64_t i = 0; i < options.queues; ++i) {
    (void)channel->delete_queue(options.queue_name(i));
    // Deleting what does not exist closes the channel with some brokers.
    if (!channel->is_open()) channel = fresh_channel(connection);
  }
}

}  // namespace

void check_not_closed(wire::Method method, bytes::Reader& in) {
  if (method == wire::Method::connection_close) {
    const auto close = wire::ConnectionClose::decode(in);
    die("connection closed: " + std::string(close.has_value() ? close->reply_text : "?"));
  }
  if (method == wire::Method::channel_close) {
    const auto close = wire::ChannelClose::decode(in);
    die("channel closed: " + std::string(close.has_value() ? close->reply_text : "?"));
  }
}

std::unique_ptr<client::Connection> open_client(const Options& options) {
  client::ConnectOptions wanted;
  wanted.host = options.host;
  wanted.port = options.port;
  wanted.user = options.user;
  wanted.password = options.password;
  wanted.virtual_host = options.virtual_host;
  wanted.reply_timeout = base::Millis(120'000);
  auto connection = client::Connection::open(wanted);
  must(connection);
  return std::move(*connection);
}

std::unique_ptr<Link> open_link(const Options& options, std::size_t buffer_size) {
  auto link = std::make_unique<Link>(connect_socket(options), buffer_size);
  bytes::ByteVector& out = link->out();
  out.assign(std::begin(wire::kProtocolHeader), std::end(wire::kProtocolHeader));
  expect<wire::ConnectionStart>(*link);
  const client::Table capabilities{{"publisher_confirms", true}, {"basic.nack", true}};
  const bytes::ByteVector properties =
      client::Table{{"product", "amqp-load"}, {"capabilities", capabilities}}.content();
  const std::string response = std::string(1, '\0') + options.user + std::string(1, '\0') + options.password;
  wire::append_method(
      out, 0,
      wire::ConnectionStartOk{.client_properties = wire::FieldTableView::trusted(properties), .response = response});
  expect<wire::ConnectionTune>(*link);
  // No heartbeats: the generator is never idle while it measures.
  wire::append_method(out, 0, wire::ConnectionTuneOk{2047, kFrameMax, 0});
  wire::append_method(out, 0, wire::ConnectionOpen{.virtual_host = options.virtual_host});
  expect<wire::ConnectionOpenOk>(*link);
  wire::append_method(out, 1, wire::ChannelOpen{});
  expect<wire::ChannelOpenOk>(*link);
  return link;
}

void declare_all(const Options& options) {
  const auto connection = open_client(options);
  if (options.delete_first) delete_queues(*connection, options);
  const auto channel = fresh_channel(*connection);
  client::QueueSpec queue;
  queue.durable = options.durable;
  if (!options.queue_type.empty()) queue.arguments.add("x-queue-type", options.queue_type);
  if (options.ttl_ms > 0) queue.arguments.add("x-message-ttl", static_cast<std::int64_t>(options.ttl_ms));
  if (!options.exchange_name().empty()) {
    client::ExchangeSpec exchange;
    exchange.name = options.exchange_name();
    exchange.type = options.fanout ? "fanout" : "topic";
    exchange.durable = options.durable;
    must(channel->declare_exchange(exchange));
  }
  for (std::uint64_t i = 0; i < options.queues; ++i) {
    queue.name = options.queue_name(i);
    must(channel->declare_queue(queue));
    if (options.fanout) must(channel->bind({.queue = queue.name, .exchange = options.exchange_name()}));
  }
  for (std::uint64_t i = 0; i < options.bindings; ++i) {
    must(channel->bind({.queue = options.queue_name(i % options.queues),
                        .exchange = options.exchange_name(),
                        .routing_key = options.binding_key(i)}));
  }
  must(connection->close());
}

void delete_all(const Options& options) {
  const auto connection = open_client(options);
  delete_queues(*connection, options);
  if (!options.exchange_name().empty()) (void)fresh_channel(*connection)->delete_exchange(options.exchange_name());
  (void)connection->close();
}

}  // namespace millrace::bench
