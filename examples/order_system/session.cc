#include "order_system/session.h"

#include <csignal>
#include <cstdio>
#include <ctime>

namespace order_system {

namespace {

volatile std::sig_atomic_t g_stopping = 0;

void pause_for(Millis time) {
  const timespec wanted{time.value / 1000, (time.value % 1000) * 1'000'000};
  nanosleep(&wanted, nullptr);
}

template <class T>
bool failed(const client::Result<T>& result, client::Error& error) {
  if (!result.has_value()) error = result.error();
  return !result.has_value();
}

/// Declaring what exists already changes nothing, so each program declares all.
bool declare(client::Channel& channel, client::Error& error) {
  if (failed(channel.declare_exchange({.name = kExchange, .type = "fanout", .durable = true}), error)) return false;
  for (const char* queue : {"inventory", "payment"}) {
    if (failed(channel.declare_queue({.name = queue, .durable = true}), error)) return false;
    if (failed(channel.bind({.queue = queue, .exchange = kExchange}), error)) return false;
  }
  return !failed(channel.declare_queue({.name = kReplies, .durable = true}), error);
}

Session try_to_open(const Settings& settings, const std::string& name, client::Error& error) {
  client::ConnectOptions options;
  options.host = settings.host;
  options.port = settings.port;
  options.name = name;
  options.reply_timeout = Millis(10'000);
  auto connection = client::Connection::open(options);
  if (failed(connection, error)) return {};
  auto channel = (*connection)->open_channel();
  if (failed(channel, error) || !declare(**channel, error)) return {};
  if (failed((*channel)->confirm_select(), error)) return {};
  return {std::move(*connection), *channel};
}

}  // namespace

bool stopping() {
  return g_stopping != 0;
}

void stop_on_signals() {
  const auto handler = [](int) { g_stopping = 1; };
  std::signal(SIGTERM, handler);
  std::signal(SIGINT, handler);
}

Session open_session(const Settings& settings, const std::string& name) {
  for (Millis pause(50); !stopping(); pause = std::min(pause + pause, Millis(1000))) {
    client::Error error;
    Session session = try_to_open(settings, name, error);
    if (session.channel != nullptr) return session;
    if (pause.value >= 400) say(name, error);
    pause_for(pause);
  }
  return {};
}

void say(const std::string& who, const client::Error& error) {
  std::fprintf(stderr, "%s: %s\n", who.c_str(), error.to_string().c_str());
}

}  // namespace order_system
