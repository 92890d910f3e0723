#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "millrace/client/connection.h"
#include "wire/amqp091/frame_writer.h"
#include "wire/amqp091/properties.h"

namespace millrace::client {

namespace wire = millrace::wire::amqp091;

/// The other end of a client's socket: a script that runs on a thread of its own.
class FakeServer {
 public:
  using Script = std::function<void(FakeServer&)>;

  explicit FakeServer(Script script) {
    EXPECT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair_));
    thread_ = std::thread([this, script = std::move(script)] {
      script(*this);
      ::close(pair_[1]);
    });
  }
  ~FakeServer() { thread_.join(); }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  int client_end() const { return pair_[0]; }

  /// Waits for the next frame; an empty payload when the client went away.
  wire::FrameType read_frame(bytes::ByteVector& payload) {
    payload.clear();
    for (;;) {
      const auto parsed = wire::parse_frame(input_, 1U << 20);
      if (parsed.status == wire::FrameStatus::complete) {
        const auto type = parsed.frame.type;
        payload.assign(parsed.frame.payload.begin(), parsed.frame.payload.end());
        drop(parsed.frame.size);
        return type;
      }
      EXPECT_NE(wire::FrameStatus::malformed, parsed.status);
      if (parsed.status == wire::FrameStatus::malformed || !read_more()) return wire::FrameType::method;
    }
  }
  void drop(std::size_t count) { input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(count)); }
  bool read_more() {
    std::uint8_t buffer[4096];
    const ssize_t got = ::recv(pair_[1], buffer, sizeof buffer, 0);
    if (got > 0) input_.insert(input_.end(), buffer, buffer + got);
    return got > 0;
  }
  /// Reads a method frame, checks that it is an M, and gives its arguments (valid until the next read).
  template <class M>
  M expect() {
    read_frame(last_);
    bytes::Reader in(last_);
    EXPECT_EQ(M::kMethod, wire::read_method(in)) << M::kName;
    const auto method = M::decode(in);
    EXPECT_TRUE(method.has_value()) << M::kName;
    return method.value_or(M{});
  }
  template <class M>
  void send(std::uint16_t channel, const M& method) {
    bytes::ByteVector out;
    wire::append_method(out, channel, method);
    send_raw(out);
  }
  template <class M>
  void send_content(std::uint16_t channel, const M& method, std::string_view body) {
    bytes::ByteVector out;
    wire::append_with_content(out, channel, method, {wire::kEmptyPropertyBlock, bytes::as_bytes(body)}, 8192);
    send_raw(out);
  }
  void send_raw(bytes::ByteView out) {
    EXPECT_EQ(static_cast<ssize_t>(out.size()), ::send(pair_[1], out.data(), out.size(), MSG_NOSIGNAL));
  }

  /// The server's part of opening a connection and channel 1.
  void welcome() {
    while (input_.size() < wire::kProtocolHeaderSize && read_more()) {
    }
    EXPECT_EQ(wire::ProtocolHeader::amqp_0_9_1, wire::parse_protocol_header(input_));
    drop(wire::kProtocolHeaderSize);
    send(0, wire::ConnectionStart{});
    const auto start_ok = expect<wire::ConnectionStartOk>();
    EXPECT_EQ(std::string_view("\0guest\0guest", 12), start_ok.response);
    send(0, wire::ConnectionTune{.channel_max = 7, .frame_max = 8192, .heartbeat = 30});
    const auto tune_ok = expect<wire::ConnectionTuneOk>();
    EXPECT_EQ(8192U, tune_ok.frame_max);
    EXPECT_EQ(30, tune_ok.heartbeat);
    EXPECT_EQ("/", expect<wire::ConnectionOpen>().virtual_host);
    send(0, wire::ConnectionOpenOk{});
  }
  void welcome_channel() {
    welcome();
    expect<wire::ChannelOpen>();
    send(1, wire::ChannelOpenOk{});
  }

 private:
  int pair_[2] = {-1, -1};
  bytes::ByteVector input_;
  bytes::ByteVector last_;
  std::thread thread_;
};

}  // namespace millrace::client
