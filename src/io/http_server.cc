#include "io/http_server.h"

#include <fmt/format.h>
#include <time.h>

#include <optional>
#include <utility>

namespace millrace::io {

namespace {

/// RFC 9110 section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(base::Timestamp now) {
  const auto seconds = static_cast<time_t>(now.value / 1000);
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[64];
  // The C locale is never changed, so the names are the English ones that the format demands.
  const std::size_t length = ::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return std::string(text, length);
}

bool has_line_break(std::string_view text) {
  return text.find_first_of("\r\n") != std::string_view::npos;
}

bool may_have_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

}  // namespace

/// One client. Lives in its server's map; destroyed when its socket is closed.
class HttpConnection final : public SocketHandler, public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(HttpServer& server, std::uint64_t id, std::unique_ptr<Socket> socket)
      : server_(server), id_(id), socket_(std::move(socket)) {}

  void start() {
    wait(server_.options_.idle_timeout);
    socket_->start(this);
  }

  void respond(const HttpResponse& response);

 private:
  std::size_t on_data(bytes::ByteView data) override;
  void on_drained() override {}
  void on_closed(const std::string&) override { server_.forget(id_); }

  void dispatch();
  void refuse(int status);
  void write(const HttpResponse& response, bool keep_alive);
  void wait(base::Millis limit) {
    timer_ = server_.loop_.call_after(base::to_nanos(limit), [this] { timed_out(); });
  }
  void timed_out() {
    if (parser_) {
      refuse(408);
    } else {
      socket_->close_after_flush();
    }
  }

  HttpServer& server_;
  std::uint64_t id_;
  std::unique_ptr<Socket> socket_;
  std::optional<HttpRequestParser> parser_;  // while a request is being received
  Timer timer_;
  bool busy_ = false;        // a request is with the handler
  bool keep_alive_ = false;  // of the request that the handler has
  bool head_ = false;        // it is a HEAD request
  bool closing_ = false;
};

std::size_t HttpConnection::on_data(bytes::ByteView data) {
  if (closing_) return data.size();
  if (busy_) return 0;
  if (!parser_) {
    parser_.emplace(server_.options_.limits);
    wait(server_.options_.request_timeout);
  }
  const HttpRequestParser::Fed fed = parser_->feed(data);
  switch (fed.status) {
    case HttpRequestParser::Status::need_more:
      if (parser_->take_expectation()) {
        const auto interim = bytes::as_bytes("HTTP/1.1 100 Continue\r\n\r\n");
        auto& output = socket_->output();
        output.insert(output.end(), interim.begin(), interim.end());
      }
      break;
    case HttpRequestParser::Status::done:
      dispatch();
      break;
    case HttpRequestParser::Status::bad_request:
      refuse(400);
      break;
    case HttpRequestParser::Status::header_too_large:
      refuse(431);
      break;
    case HttpRequestParser::Status::body_too_large:
      refuse(413);
      break;
  }
  return fed.consumed;
}

void HttpConnection::dispatch() {
  keep_alive_ = parser_->keep_alive();
  HttpRequest request = parser_->take();
  parser_.reset();
  timer_.cancel();
  head_ = request.method == "HEAD";
  request.peer = socket_->peer();
  request.peer_is_loopback = socket_->peer_is_loopback();
  busy_ = true;
  socket_->pause_reading();
  server_.handler_(std::move(request), HttpResponder(weak_from_this()));
}

void HttpConnection::respond(const HttpResponse& response) {
  if (!busy_ || closing_) return;
  busy_ = false;
  write(response, keep_alive_);
  if (!keep_alive_) return;
  wait(server_.options_.idle_timeout);
  socket_->resume_reading();
}

void HttpConnection::refuse(int status) {
  parser_.reset();
  HttpResponse response;
  response.status = status;
  response.body = fmt::format("{}\n", http_reason(status));
  head_ = false;
  write(response, false);
}

void HttpConnection::write(const HttpResponse& response, bool keep_alive) {
  const bool with_body = may_have_body(response.status);
  std::string head =
      fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\nConnection: {}\r\n", response.status, http_reason(response.status),
                  http_date(server_.loop_.clock().wall()), keep_alive ? "keep-alive" : "close");
  if (with_body) {
    head += fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n", response.content_type, response.body.size());
  }
  for (const auto& [name, value] : response.headers) {
    // A value from elsewhere must not be able to end the header.
    if (!has_line_break(name) && !has_line_break(value)) head += fmt::format("{}: {}\r\n", name, value);
  }
  head += "\r\n";
  bytes::ByteVector& output = socket_->output();
  output.insert(output.end(), head.begin(), head.end());
  if (with_body && !head_) output.insert(output.end(), response.body.begin(), response.body.end());
  if (keep_alive) return;
  closing_ = true;
  timer_.cancel();
  socket_->close_after_flush();
}

HttpResponder::~HttpResponder() {
  if (!connection_.expired()) send(HttpResponse{500, "text/plain; charset=utf-8", "no answer\n", {}});
}

void HttpResponder::send(const HttpResponse& response) {
  const auto connection = std::exchange(connection_, {}).lock();
  if (connection) connection->respond(response);
}

HttpServer::HttpServer(Loop& loop, Network& network, HttpHandler handler, HttpOptions options)
    : loop_(loop), network_(network), handler_(std::move(handler)), options_(options) {}

HttpServer::~HttpServer() {
  listeners_.clear();
  // A handler that holds responders finds their connections gone.
  connections_.clear();
}

Result<void> HttpServer::listen(const Endpoint& endpoint) {
  auto listener =
      network_.listen(endpoint, [this](std::unique_ptr<PendingConnection> pending) { accept(std::move(pending)); });
  if (!listener) return std::unexpected(listener.error());
  listeners_.push_back(std::move(*listener));
  return {};
}

std::uint16_t HttpServer::port() const {
  return listeners_.empty() ? static_cast<std::uint16_t>(0) : listeners_.front()->port();
}

void HttpServer::accept(std::unique_ptr<PendingConnection> pending) {
  if (connections_.size() >= options_.connections_max) return;
  const std::uint64_t id = next_id_++;
  auto connection = std::make_shared<HttpConnection>(*this, id, network_.adopt(std::move(pending)));
  connections_.emplace(id, connection);
  connection->start();
}

}  // namespace millrace::io
