#pragma once

#include <memory>
#include <string>

#include "millrace/client/connection.h"

namespace order_system {

namespace client = millrace::client;
using millrace::base::Millis;

/// What the programs are told on the command line.
struct Settings {
  std::string host = "127.0.0.1";
  std::uint16_t port = 5672;
  std::string state = ".";  // folder of ledgers and statistics
  std::uint64_t orders = 3000;
  std::uint64_t rate = 500;  // orders a second
};

inline constexpr const char* kExchange = "orders";
inline constexpr const char* kReplies = "order-replies";

/// True once SIGTERM or SIGINT came.
bool stopping();
void stop_on_signals();

/// A connection and a channel in confirm mode, with exchange and queues declared.
struct Session {
  std::unique_ptr<client::Connection> connection;
  std::shared_ptr<client::Channel> channel;
};

/// Connects, again and again with growing pauses, until it works or the program is to stop (then it is empty).
Session open_session(const Settings& settings, const std::string& name);

/// Tells on standard error why a session ended.
void say(const std::string& who, const client::Error& error);

}  // namespace order_system
