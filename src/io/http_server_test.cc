#include "io/http_server.h"

#include <gtest/gtest.h>

#include <thread>

#include "io/real_network.h"
#include "io/test_client.h"

namespace millrace::io {
namespace {

class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() : network_(loop_) {}
  void serve(HttpHandler handler, HttpOptions options = {}) {
    server_ = std::make_unique<HttpServer>(loop_, network_, std::move(handler), options);
    const auto listening = server_->listen({"127.0.0.1", 0});
    ASSERT_TRUE(listening) << listening.error().detail;
  }
  static void echo(const HttpRequest& request, HttpResponder responder) {
    HttpResponse response;
    response.body = request.method + " " + request.target + " [" + request.body + "]";
    responder.send(response);
  }
  void run_with(const std::function<void()>& client) {
    const Timer watchdog = loop_.call_after(base::milliseconds(20'000), [this] { ADD_FAILURE(), loop_.stop(); });
    std::thread thread([&] {
      client();
      loop_.post([this] { loop_.stop(); });
    });
    loop_.run();
    thread.join();
  }
  /// All that comes back until the server closes.
  std::string exchange(std::string_view text) {
    std::string answer;
    run_with([&] {
      TestClient client(server_->port());
      client.send(text);
      answer = client.receive_all();
    });
    return answer;
  }
  static int count(const std::string& text, std::string_view part) {
    int found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
  }

  RealLoop loop_;
  RealNetwork network_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersAndCloses) {
  serve(&echo);
  const std::string answer = exchange("GET /metrics?a=b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\nDate: ")) << answer;
  EXPECT_NE(answer.find("Content-Length: 19\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nGET /metrics?a=b []")) << answer;
}

TEST_F(HttpServerTest, PipelinedRequestsOfOneConnectionInOrder) {
  serve(&echo);
  const std::string answer = exchange(
      "GET /1 HTTP/1.1\r\n\r\n"
      "POST /2 HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
      "PUT /3 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
      "HEAD /4 HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(count(answer, "HTTP/1.1 200 OK"), 4);
  EXPECT_LT(answer.find("GET /1 []"), answer.find("POST /2 [hello]"));
  EXPECT_LT(answer.find("POST /2 [hello]"), answer.find("PUT /3 [abcde]"));
  EXPECT_NE(answer.find("PUT /3 [abcde]"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("Content-Length: 10\r\n\r\n")) << "HEAD has the length but no body: " << answer;
}

TEST_F(HttpServerTest, ByteByByteAndExpectContinue) {
  serve(&echo);
  const std::string_view text =
      "POST /p HTTP/1.1\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody";
  std::string answer;
  run_with([&] {
    TestClient client(server_->port());
    for (const char c : text.substr(0, text.size() - 4)) client.send(std::string_view(&c, 1));
    answer = client.receive(25);
    EXPECT_EQ(answer, "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("body");
    answer = client.receive_all();
  });
  EXPECT_TRUE(answer.ends_with("POST /p [body]")) << answer;
}

TEST_F(HttpServerTest, AnswersMayComeLater) {
  std::vector<HttpResponder> waiting;
  std::vector<Timer> timers;
  serve([&](const HttpRequest& request, HttpResponder responder) {
    EXPECT_TRUE(request.peer_is_loopback);
    EXPECT_EQ(request.header("x-KEY"), "value");
    EXPECT_EQ(request.header("none"), "");
    EXPECT_EQ(request.path(), "/later");
    EXPECT_EQ(request.query(), "q=1");
    waiting.push_back(std::move(responder));
    timers.push_back(loop_.call_after(base::milliseconds(30), [&] {
      HttpResponse response;
      response.status = 404;
      response.headers = {{"X-Good", "1"}, {"X-Bad", "1\r\nX-Injected: 1"}};
      waiting.back().send(response);
    }));
  });
  const std::string answer = exchange("GET /later?q=1 HTTP/1.1\r\nX-Key: value\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 404 Not Found\r\n")) << answer;
  EXPECT_NE(answer.find("X-Good: 1\r\n"), std::string::npos);
  EXPECT_EQ(answer.find("X-Injected"), std::string::npos);
}

TEST_F(HttpServerTest, ForgottenAnswerIsAnError) {
  serve([](const HttpRequest&, const HttpResponder&) {});
  EXPECT_TRUE(exchange("GET / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 500 Internal Server Error\r\n"));
}

TEST_F(HttpServerTest, RefusesWhatIsTooLargeOrNotHttp) {
  HttpOptions options;
  options.limits.header_bytes_max = 1000;
  options.limits.body_bytes_max = 100;
  serve(&echo, options);
  EXPECT_TRUE(exchange("AMQP\x01\x09 garbage\r\n\r\n").starts_with("HTTP/1.1 400 Bad Request"));
  EXPECT_TRUE(exchange("GET / HTTP/1.1\r\nX: " + std::string(5000, 'x')).starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(exchange("PUT / HTTP/1.1\r\nContent-Length: 101\r\n\r\n").starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(exchange("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" + std::string(255, 'x') + "\r\n")
                  .starts_with("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, TrailerOfAnEmptyChunkedBodyMayArriveInPieces) {
  serve(&echo);
  std::string answer;
  run_with([&] {
    TestClient client(server_->port());
    client.send("PUT /t HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
    for (const char c : std::string_view("0\r\nX: y\r\n\r\n")) {
      client.send(std::string_view(&c, 1));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    answer = client.receive_all();
  });
  EXPECT_TRUE(answer.ends_with("PUT /t []")) << answer;
}

TEST_F(HttpServerTest, Timeouts) {
  HttpOptions options;
  options.idle_timeout = base::Millis(40);
  options.request_timeout = base::Millis(80);
  serve(&echo, options);
  EXPECT_EQ(exchange(""), "") << "an idle connection is just closed";
  EXPECT_TRUE(exchange("GET / HT").starts_with("HTTP/1.1 408 "));
}

TEST_F(HttpServerTest, ConnectionsAreLimitedAndForgotten) {
  HttpOptions options;
  options.connections_max = 2;
  serve(&echo, options);
  run_with([&] {
    TestClient first(server_->port());
    TestClient second(server_->port());
    second.send("GET / HTTP/1.1\r\n\r\n");
    EXPECT_FALSE(second.receive_some().empty());
    TestClient third(server_->port());
    EXPECT_EQ(third.receive_all(), "");
  });
  run_with([] { std::this_thread::sleep_for(std::chrono::milliseconds(20)); });
  EXPECT_EQ(server_->connections(), 0U);
}

}  // namespace
}  // namespace millrace::io
