#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

#include "io/http_message.h"
#include "io/http_parser.h"
#include "io/socket.h"

namespace millrace::io {

struct HttpOptions {
  HttpLimits limits;
  std::size_t connections_max = 256;     // further ones are closed at once
  base::Millis idle_timeout{60'000};     // between two requests of a connection
  base::Millis request_timeout{30'000};  // from the first byte of a request to its last
};

class HttpConnection;

/// The one answer to one request. May be kept and sent later, on the server's loop; without effect when the connection
/// or the server is gone. Destroyed unsent it answers 500.
class HttpResponder {
 public:
  explicit HttpResponder(std::weak_ptr<HttpConnection> connection) : connection_(std::move(connection)) {}
  ~HttpResponder();
  HttpResponder(HttpResponder&& other) noexcept : connection_(std::move(other.connection_)) {
    other.connection_.reset();
  }
  HttpResponder& operator=(HttpResponder&&) = delete;
  void send(const HttpResponse& response);

 private:
  std::weak_ptr<HttpConnection> connection_;
};

using HttpHandler = std::move_only_function<void(HttpRequest, HttpResponder)>;

/// A small HTTP/1.1 server for metrics and management: keep-alive, one request of a connection at a time (pipelined
/// ones wait), everything in memory. Belongs to one loop.
class HttpServer {
 public:
  HttpServer(Loop& loop, Network& network, HttpHandler handler, HttpOptions options = {});
  /// Closes the listeners and cuts all connections.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  Result<void> listen(const Endpoint& endpoint);
  /// Of the first listener; 0 when there is none.
  std::uint16_t port() const;
  std::size_t connections() const { return connections_.size(); }

 private:
  friend class HttpConnection;
  void accept(std::unique_ptr<PendingConnection> pending);
  void forget(std::uint64_t id) { connections_.erase(id); }

  Loop& loop_;
  Network& network_;
  HttpHandler handler_;
  HttpOptions options_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::unordered_map<std::uint64_t, std::shared_ptr<HttpConnection>> connections_;
  std::uint64_t next_id_ = 0;
};

}  // namespace millrace::io
