#include "io/real_network.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "base/prng.h"
#include "io/output_queue.h"
#include "io/signals.h"
#include "io/test_client.h"

#ifdef __SANITIZE_ADDRESS__
#define MILLRACE_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MILLRACE_SANITIZED
#endif
#endif

namespace millrace::io {
namespace {

constexpr std::size_t kMoreThanBuffersHold = std::size_t{15} << 20;

/// A handler that remembers everything and can be told what to do with input.
class Peer final : public SocketHandler {
 public:
  explicit Peer(std::unique_ptr<Socket> s) : socket(std::move(s)) { socket->start(this); }
  std::size_t on_data(bytes::ByteView data) override {
    ++calls;
    if (on_input) return on_input(data);
    received += bytes::as_text(data);
    return data.size();
  }
  void on_drained() override {
    ++drained;
    if (when_drained) when_drained();
  }
  void on_closed(const std::string& why) override {
    ++closed;
    reason = why;
    if (when_closed) when_closed();
  }
  void write(std::string_view text) {
    bytes::ByteVector& output = socket->output();
    output.insert(output.end(), text.begin(), text.end());
  }

  std::unique_ptr<Socket> socket;
  std::string received;
  std::string reason;
  int calls = 0;
  int drained = 0;
  int closed = 0;
  std::function<std::size_t(bytes::ByteView)> on_input;
  std::function<void()> when_drained;
  std::function<void()> when_closed;
};

class RealNetworkTest : public testing::Test {
 protected:
  RealNetworkTest() : network_(loop_) {
    auto listener = network_.listen({"127.0.0.1", 0}, [this](std::unique_ptr<PendingConnection> pending) {
      peers_.push_back(std::make_unique<Peer>(network_.adopt(std::move(pending))));
      if (on_peer) on_peer(*peers_.back());
    });
    EXPECT_TRUE(listener) << listener.error().detail;
    listener_ = std::move(*listener);
    watchdog_ =
        loop_.call_after(base::milliseconds(20'000), [this] { ADD_FAILURE() << "took too long", loop_.stop(); });
  }
  std::uint16_t port() const { return listener_->port(); }
  /// Runs `client` on a thread of its own beside the loop; the loop goes on until both are done.
  void run_with(const std::function<void()>& client) {
    std::thread thread([&] {
      client();
      loop_.post([this] { loop_.stop(); });
    });
    loop_.run();
    thread.join();
  }
  void run_for(base::Nanos duration) {
    const Timer timer = loop_.call_after(duration, [this] { loop_.stop(); });
    loop_.run();
  }

  RealLoop loop_;
  RealNetwork network_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::function<void(Peer&)> on_peer;
  std::unique_ptr<Listener> listener_;
  Timer watchdog_;
};

TEST_F(RealNetworkTest, EchoesAndCloses) {
  on_peer = [](Peer& peer) {
    peer.on_input = [&peer](bytes::ByteView data) {
      peer.write(bytes::as_text(data));
      return data.size();
    };
  };
  std::string echoed;
  run_with([&] {
    TestClient client(port());
    client.send("hello");
    echoed = client.receive(5);
  });
  run_for(base::milliseconds(50));
  EXPECT_EQ(echoed, "hello");
  ASSERT_EQ(peers_.size(), 1U);
  EXPECT_EQ(peers_[0]->closed, 1);
  EXPECT_EQ(peers_[0]->reason, "");
  EXPECT_TRUE(peers_[0]->socket->peer_is_loopback());
  EXPECT_TRUE(peers_[0]->socket->peer().starts_with("127.0.0.1:")) << peers_[0]->socket->peer();
  EXPECT_EQ(peers_[0]->socket->local(), "127.0.0.1:" + std::to_string(port()));
  peers_[0]->write("ignored");
  run_for(base::milliseconds(5));
  EXPECT_EQ(peers_[0]->socket->pending_output(), 0U);
}

TEST_F(RealNetworkTest, UnconsumedInputIsShownAgainInFront) {
  // Messages: 4 digits of length, then so many bytes; from tiny to larger than what is kept by copying.
  base::Prng prng(42);
  std::string stream;
  std::vector<std::size_t> sizes;
  for (int i = 0; i < 400; ++i) {
    sizes.push_back(i % 50 == 0 ? 300'000 + prng.below(500'000) : prng.below(3000));
    std::string length = std::to_string(sizes.back());
    stream += std::string(8 - length.size(), '0') + length + std::string(sizes.back(), static_cast<char>('a' + i % 26));
  }
  std::vector<std::size_t> seen;
  bool intact = true;
  on_peer = [&](Peer& peer) {
    peer.on_input = [&](bytes::ByteView data) {
      std::size_t done = 0;
      while (data.size() - done >= 8) {
        const std::size_t length = std::stoul(bytes::to_string(data.subspan(done, 8)));
        if (data.size() - done - 8 < length) break;
        const auto expected = static_cast<std::uint8_t>('a' + seen.size() % 26);
        for (const std::uint8_t byte : data.subspan(done + 8, length)) intact = intact && byte == expected;
        seen.push_back(length);
        done += 8 + length;
      }
      return done;
    };
  };
  run_with([&] {
    TestClient client(port());
    base::Prng chunks(7);
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t size =
          std::min<std::size_t>(stream.size() - at, 1 + chunks.below(chunks.chance(1, 3) ? 10 : 200'000));
      ASSERT_TRUE(client.send(std::string_view(stream).substr(at, size)));
      at += size;
    }
    client.end_sending();
    client.receive_all();
  });
  EXPECT_EQ(seen, sizes);
  EXPECT_TRUE(intact);
}

TEST_F(RealNetworkTest, SlowReaderRaisesAndLowersTheWaterMark) {
  constexpr std::size_t kChunk = 100'000;
  constexpr std::size_t kTotal = 200 * kChunk;
  std::size_t written = 0;
  std::size_t highest = 0;
  on_peer = [&](Peer& peer) {
    const auto produce = [&] {
      while (written < kTotal && peer.socket->pending_output() <= Socket::kHighWater) {
        const bytes::Slab slab =
            bytes::Slab::copy_of(bytes::as_bytes(std::string(kChunk, static_cast<char>('a' + written / kChunk % 26))));
        // Half copied, half shared, in turns.
        peer.write(bytes::as_text(slab.view().first(kChunk / 2)));
        peer.socket->output_shared({slab, slab.view().subspan(kChunk / 2)});
        written += kChunk;
        highest = std::max(highest, peer.socket->pending_output());
      }
      if (written == kTotal) peer.socket->close_after_flush();
    };
    peer.when_drained = produce;
    produce();
  };
  std::atomic<std::uint64_t> most_pending = 0;
  Timer sampling;
  std::function<void()> sample = [&] {
    most_pending = std::max(most_pending.load(), network_.held_bytes());
    sampling = loop_.call_after(base::milliseconds(5), [&] { sample(); });
  };
  sample();
  std::string got;
  run_with([&] {
    TestClient client(port(), 32768);
    // Not a byte is read before the output has piled up.
    for (int i = 0; i < 2000 && most_pending <= Socket::kLowWater; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    got = client.receive_all();
  });
  EXPECT_GT(most_pending, Socket::kLowWater);
  EXPECT_LE(most_pending, Socket::kHighWater + kChunk);
  const int drained = peers_[0]->drained;
  peers_.clear();
  EXPECT_EQ(network_.held_bytes(), 0U);
  ASSERT_EQ(got.size(), kTotal);
  for (std::size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], static_cast<char>('a' + i / kChunk % 26)) << i;
  EXPECT_LE(highest, Socket::kHighWater + kChunk);
  EXPECT_GT(drained, 0);
}

TEST_F(RealNetworkTest, PausedReadingHoldsThePeerBack) {
  on_peer = [](Peer& peer) { peer.socket->pause_reading(); };
  std::atomic<std::size_t> sent = 0;
  constexpr std::size_t kTotal = std::size_t{64} << 20;
  const std::string chunk(1 << 16, 'x');
  std::thread client_thread([&] {
    TestClient client(port());
    while (sent < kTotal && client.send(chunk)) sent += chunk.size();
    client.end_sending();
    client.receive_all();
  });
  run_for(base::milliseconds(300));
  EXPECT_LT(sent.load(), kTotal) << "the system's buffers hold only so much";
  EXPECT_EQ(peers_[0]->calls, 0);
  std::size_t received = 0;
  peers_[0]->on_input = [&](bytes::ByteView data) {
    received += data.size();
    return data.size();
  };
  peers_[0]->when_closed = [&] { loop_.stop(); };
  peers_[0]->socket->resume_reading();
  loop_.run();
  peers_.clear();
  client_thread.join();
  EXPECT_EQ(received, kTotal);
}

TEST_F(RealNetworkTest, ResumeShowsWhatWasLeftWithoutNewInput) {
  std::vector<std::string> shown;
  on_peer = [&](Peer& peer) {
    peer.on_input = [&](bytes::ByteView data) -> std::size_t {
      shown.push_back(bytes::to_string(data));
      peer.socket->pause_reading();
      return 3;
    };
  };
  std::thread client_thread;
  const Timer resume = loop_.call_after(base::milliseconds(60), [&] { peers_.at(0)->socket->resume_reading(); });
  run_with([&] {
    TestClient client(port());
    client.send("abcdef");
    std::this_thread::sleep_for(std::chrono::milliseconds(120));
  });
  EXPECT_EQ(shown, (std::vector<std::string>{"abcdef", "def"}));
}

TEST_F(RealNetworkTest, CloseAfterFlushDeliversEverythingAlthoughInputIsUnread) {
  on_peer = [](Peer& peer) {
    peer.on_input = [&peer](bytes::ByteView data) {
      if (peer.calls == 1) {
        peer.write(std::string(kMoreThanBuffersHold / 3, 'z'));
        peer.socket->close_after_flush();
      }
      return data.size();
    };
  };
  std::string got;
  run_with([&] {
    TestClient client(port());
    client.send("go");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    client.send("more that nobody reads");
    got = client.receive_all();
  });
  EXPECT_EQ(got.size(), kMoreThanBuffersHold / 3);
  run_for(base::milliseconds(50));
  EXPECT_EQ(peers_[0]->closed, 1);
  EXPECT_EQ(peers_[0]->reason, "");
  EXPECT_EQ(peers_[0]->calls, 1) << "input after the close is dropped";
}

TEST_F(RealNetworkTest, PeerThatDoesNotReadIsCutOff) {
  on_peer = [&](Peer& peer) {
    peer.write(std::string(kMoreThanBuffersHold, 'z'));
    peer.socket->close_after_flush();
    peer.when_closed = [&] { loop_.stop(); };
  };
  const TestClient client(port(), 4096);
  const base::Nanos start = loop_.clock().monotonic();
  loop_.run();
  EXPECT_EQ(peers_[0]->closed, 1);
  EXPECT_NE(peers_[0]->reason, "");
  EXPECT_GE(loop_.clock().monotonic() - start, base::milliseconds(4900));
  EXPECT_LT(loop_.clock().monotonic() - start, base::milliseconds(9000));
}

TEST_F(RealNetworkTest, ResetIsReportedOnceAndDataBeforeItIsSeen) {
  std::thread client_thread([&] {
    TestClient client(port());
    client.send("last words");
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    client.reset();
  });
  run_for(base::milliseconds(100));
  client_thread.join();
  peers_[0]->write("into the void");
  run_for(base::milliseconds(20));
  EXPECT_EQ(peers_[0]->received, "last words");
  EXPECT_EQ(peers_[0]->closed, 1);
  EXPECT_EQ(peers_[0]->reason, "Connection reset by peer");
}

TEST_F(RealNetworkTest, HandlerMayDestroyItsSocketInAnyCall) {
  on_peer = [&](Peer& peer) {
    peer.on_input = [&](bytes::ByteView data) {
      const std::size_t size = data.size();
      peer.write("gone before it leaves");
      peer.socket.reset();
      return size;
    };
  };
  std::string got = "?";
  run_with([&] {
    TestClient client(port());
    client.send("x");
    got = client.receive_all();
  });
  EXPECT_EQ(got, "");
  EXPECT_EQ(peers_[0]->closed, 0);
}

TEST_F(RealNetworkTest, AnotherLoopAdoptsAConnection) {
  RealLoop other;
  RealNetwork other_network(other);
  std::unique_ptr<Peer> peer;
  auto listener = network_.listen({"localhost", 0}, [&](std::unique_ptr<PendingConnection> pending) {
    other.post([&, p = std::move(pending)]() mutable {
      peer = std::make_unique<Peer>(other_network.adopt(std::move(p)));
      peer->write("from the other loop");
    });
  });
  ASSERT_TRUE(listener);
  std::thread other_thread([&] { other.run(); });
  std::string got;
  run_with([&] {
    TestClient client((*listener)->port());
    got = client.receive(19);
  });
  other.stop();
  other_thread.join();
  peer.reset();
  EXPECT_EQ(got, "from the other loop");
}

TEST_F(RealNetworkTest, ListenErrors) {
  const auto taken = network_.listen({"127.0.0.1", port()}, [](auto) {});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, IoErrc::in_use);
  EXPECT_NE(taken.error().detail.find(std::to_string(port())), std::string::npos);
  EXPECT_EQ(network_.listen({"no-such-host.invalid", 1}, [](auto) {}).error().code, IoErrc::not_found);
  const auto any = network_.listen({"*", 0}, [](auto) {});
  ASSERT_TRUE(any);
  EXPECT_TRUE(TestClient((*any)->port()).connected());
}

TEST_F(RealNetworkTest, RunningOutOfDescriptorsDoesNotSpin) {
#ifdef MILLRACE_SANITIZED
  GTEST_SKIP() << "the undefined behaviour sanitizer needs descriptors itself and takes their lack for an error";
#endif
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  TestClient waiting(port());
  // The next descriptor that could be opened is over the limit.
  const int next = ::dup(0);
  ::close(next);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(next);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto turns = loop_.counters().turns;
  run_for(base::milliseconds(350));
  EXPECT_LT(loop_.counters().turns - turns, 20U);
  EXPECT_TRUE(peers_.empty());
  ::setrlimit(RLIMIT_NOFILE, &before);
  run_for(base::milliseconds(250));
  EXPECT_EQ(peers_.size(), 1U);
}

TEST_F(RealNetworkTest, ManyIdleConnectionsAreSmall) {
  const std::size_t heap_before = ::mallinfo2().uordblks;
  std::vector<std::unique_ptr<TestClient>> clients;
  on_peer = [](Peer& peer) {
    peer.on_input = [&peer](bytes::ByteView data) {
      peer.write(bytes::as_text(data));
      return data.size();
    };
  };
  run_with([&] {
    for (int i = 0; i < 100; ++i) {
      clients.push_back(std::make_unique<TestClient>(port()));
      clients.back()->send(std::string(100'000, 'q'));
      ASSERT_EQ(clients.back()->receive(100'000).size(), 100'000U);
    }
  });
  EXPECT_EQ(peers_.size(), 100U);
  // The clients' side has no memory of note here; the shared buffers of the loop count once. Sanitizers report 0.
  EXPECT_LT(::mallinfo2().uordblks - heap_before, 100U * 2048 + BufferPool::kBufferSizeMax * 2);
  for (const auto& peer : peers_) EXPECT_EQ(peer->socket->pending_output(), 0U);
}

TEST(Signals, ArriveAsEvents) {
  RealLoop loop;
  std::vector<int> got;
  {
    const Signals signals(loop, {SIGTERM, SIGUSR1}, [&](int number) {
      got.push_back(number);
      if (number == SIGTERM) loop.stop();
    });
    std::thread sender([] {
      ::kill(::getpid(), SIGUSR1);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      ::kill(::getpid(), SIGTERM);
    });
    loop.run();
    sender.join();
  }
  EXPECT_EQ(got, (std::vector<int>{SIGUSR1, SIGTERM}));
}

TEST(OutputQueue, RandomAppendsAndConsumesKeepTheBytes) {
  base::Prng prng(5);
  BufferPool pool;
  OutputQueue queue;
  std::string expected;
  std::string sent;
  for (int i = 0; i < 3000; ++i) {
    const std::string text(prng.below(prng.chance(1, 50) ? 200'000 : 1500), static_cast<char>('a' + i % 26));
    if (prng.chance(1, 2)) {
      auto& tail = queue.tail(pool);
      tail.insert(tail.end(), text.begin(), text.end());
    } else {
      const bytes::Slab slab = bytes::Slab::copy_of(bytes::as_bytes(text));
      queue.append_shared({slab, slab.view()}, pool);
    }
    expected += text;
    ASSERT_EQ(queue.pending(), expected.size() - sent.size());
    if (!prng.chance(1, 3)) continue;
    std::array<iovec, 8> parts;
    std::size_t left = prng.below(queue.pending() + 1);
    const std::size_t count = queue.gather(parts);
    std::size_t taken = 0;
    for (std::size_t p = 0; p < count && left > 0; ++p) {
      const std::size_t step = std::min(left, parts[p].iov_len);
      sent.append(static_cast<const char*>(parts[p].iov_base), step);
      left -= step;
      taken += step;
    }
    queue.consume(taken, pool);
  }
  while (queue.pending() > 0) {
    std::array<iovec, 2> parts;
    const std::size_t count = queue.gather(parts);
    ASSERT_GT(count, 0U);
    sent.append(static_cast<const char*>(parts[0].iov_base), parts[0].iov_len);
    queue.consume(parts[0].iov_len, pool);
  }
  EXPECT_EQ(sent, expected);
}

}  // namespace
}  // namespace millrace::io
