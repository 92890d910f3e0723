#include "testing/sim_network.h"

#include <gtest/gtest.h>

#include "io/http_server.h"
#include "testing/sim_wire.h"
#include "testing/sim_world.h"

namespace millrace::sim {
namespace {

class Peer final : public io::SocketHandler {
 public:
  explicit Peer(std::unique_ptr<io::Socket> s) : socket(std::move(s)) { socket->start(this); }
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
  }
  void write(std::string_view text) {
    bytes::ByteVector& output = socket->output();
    output.insert(output.end(), text.begin(), text.end());
  }

  std::unique_ptr<io::Socket> socket;
  std::string received;
  std::string reason;
  int calls = 0;
  int drained = 0;
  int closed = 0;
  std::function<std::size_t(bytes::ByteView)> on_input;
  std::function<void()> when_drained;
};

/// One loop that listens on port 5672.
struct Server {
  explicit Server(std::uint64_t seed) : world(seed), wire(world), loop(world.add_loop()), network(wire, loop) {
    listener = std::move(*network.listen({"*", 5672}, [this](std::unique_ptr<io::PendingConnection> pending) {
      peers.push_back(std::make_unique<Peer>(network.adopt(std::move(pending))));
      if (on_peer) on_peer(*peers.back());
    }));
  }
  SimWorld world;
  SimWire wire;
  SimLoop& loop;
  SimNetwork network;
  std::function<void(Peer&)> on_peer;
  std::vector<std::unique_ptr<Peer>> peers;
  std::unique_ptr<io::Listener> listener;
};

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7 / 5 % 26);
  return text;
}

TEST(SimNetwork, BytesArriveInOrderInPieces) {
  const std::string text = pattern(300'000);
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    Server server(seed);
    server.on_peer = [](Peer& peer) {
      peer.on_input = [&peer](bytes::ByteView data) {
        const std::size_t half = (data.size() + 1) / 2;  // what is left is shown again
        peer.write(bytes::as_text(data.first(half)));
        return half;
      };
    };
    const auto client = server.wire.connect(5672);
    client->send(text);
    // Unconsumed bytes are shown again only with new input: a last byte goes after the others.
    for (int i = 0; i < 40; ++i) {
      server.world.run_for(base::milliseconds(20));
      client->send("x");
    }
    ASSERT_TRUE(server.world.settle());
    ASSERT_GE(client->received.size(), text.size()) << "seed " << seed;
    EXPECT_EQ(client->received.substr(0, text.size()), text);
    EXPECT_GT(server.peers.at(0)->calls, 5);
    client->close();
    ASSERT_TRUE(server.world.settle());
    EXPECT_EQ(server.peers[0]->closed, 1);
    EXPECT_EQ(server.peers[0]->reason, "");
    EXPECT_EQ(server.wire.open_connections(), 0U);
  }
}

TEST(SimNetwork, SlowReaderBacksUpTheServer) {
  Server server(3);
  constexpr std::size_t kTotal = 5'000'000;
  const std::string text = pattern(kTotal);
  std::size_t written = 0;
  server.on_peer = [&](Peer& peer) {
    peer.when_drained = [&] {
      while (written < kTotal && peer.socket->pending_output() <= io::Socket::kHighWater) {
        peer.write(std::string_view(text).substr(written, 100'000));
        written += 100'000;
      }
    };
    peer.when_drained();
  };
  const auto client = server.wire.connect(5672);
  client->pause();
  ASSERT_TRUE(server.world.settle());
  EXPECT_LT(written, 2'000'000U);
  EXPECT_GT(server.peers.at(0)->socket->pending_output(), io::Socket::kLowWater);
  client->resume();
  ASSERT_TRUE(server.world.run_until([&] { return client->received.size() == kTotal; }));
  EXPECT_EQ(client->received, text);
  EXPECT_GT(server.peers[0]->drained, 0);
}

TEST(SimNetwork, PausedServerHoldsTheClientBack) {
  Server server(4);
  server.on_peer = [](Peer& peer) { peer.socket->pause_reading(); };
  const auto client = server.wire.connect(5672);
  client->send(std::string(2'000'000, 'x'));
  ASSERT_TRUE(server.world.settle());
  EXPECT_GT(client->in_flight(), 1'000'000U);
  EXPECT_EQ(server.peers.at(0)->calls, 0);
  server.peers[0]->socket->resume_reading();
  ASSERT_TRUE(server.world.run_until([&] { return server.peers[0]->received.size() == 2'000'000; }));
}

TEST(SimNetwork, ResetDeliversAPart) {
  std::size_t least = ~std::size_t{0};
  std::size_t most = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Server server(seed);
    const auto client = server.wire.connect(5672);
    ASSERT_TRUE(server.world.run_until([&] { return server.peers.size() == 1; }));
    client->send(std::string(10'000, 'x'));
    client->reset();
    ASSERT_TRUE(server.world.settle());
    EXPECT_EQ(server.peers[0]->closed, 1);
    EXPECT_EQ(server.peers[0]->reason, "Connection reset by peer");
    least = std::min(least, server.peers[0]->received.size());
    most = std::max(most, server.peers[0]->received.size());
    server.peers[0]->write("too late");
    ASSERT_TRUE(server.world.settle());
  }
  EXPECT_LT(least, 3000U);
  EXPECT_GT(most, 7000U);
}

TEST(SimNetwork, CloseAfterFlush) {
  Server server(6);
  server.on_peer = [](Peer& peer) {
    peer.write(std::string(1'000'000, 'z'));
    peer.socket->close_after_flush();
  };
  const auto client = server.wire.connect(5672);
  client->send("ignored");
  ASSERT_TRUE(server.world.run_until([&] { return !client->is_open(); }));
  EXPECT_EQ(client->received.size(), 1'000'000U);
  EXPECT_EQ(client->close_reason(), "");
  ASSERT_TRUE(server.world.settle());
  EXPECT_EQ(server.peers.at(0)->closed, 1);
  EXPECT_EQ(server.peers[0]->reason, "");
  EXPECT_EQ(server.peers[0]->calls, 0);

  const auto lazy = server.wire.connect(5672);
  lazy->pause();
  ASSERT_TRUE(server.world.run_until([&] { return server.peers.size() == 2 && server.peers[1]->closed == 1; }));
  EXPECT_NE(server.peers[1]->reason, "");
}

TEST(SimNetwork, RefusedAndTaken) {
  Server server(7);
  std::string why;
  const auto client = server.wire.connect(1);
  client->on_closed = [&](const std::string& reason) { why = reason; };
  ASSERT_TRUE(server.world.settle());
  EXPECT_EQ(why, "Connection refused");
  EXPECT_EQ(server.network.listen({"", 5672}, [](auto) {}).error().code, io::IoErrc::in_use);
  const auto dropper = server.network.listen({"", 0}, [](auto) { /* drops what is offered */ });
  ASSERT_TRUE(dropper);
  const auto dropped = server.wire.connect((*dropper)->port());
  ASSERT_TRUE(server.world.settle());
  EXPECT_FALSE(dropped->is_open());
  EXPECT_EQ(dropped->close_reason(), "");
}

TEST(SimNetwork, HandlerMayDestroyItsSocket) {
  Server server(8);
  server.on_peer = [](Peer& peer) {
    peer.on_input = [&peer](bytes::ByteView data) {
      const std::size_t size = data.size();
      peer.write("never leaves");
      peer.socket.reset();
      return size;
    };
  };
  const auto client = server.wire.connect(5672);
  client->send("x");
  ASSERT_TRUE(server.world.settle());
  EXPECT_FALSE(client->is_open());
  EXPECT_EQ(client->received, "");
}

TEST(SimNetwork, StoppedMachineCutsEveryConnection) {
  int partial = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SimWorld world(seed);
    SimWire wire(world);
    std::unique_ptr<SimClient> client;
    {
      SimLoop& loop = world.add_loop();
      SimNetwork network(wire, loop);
      std::unique_ptr<Peer> peer;
      const auto listener = network.listen({"", 1}, [&](std::unique_ptr<io::PendingConnection> pending) {
        peer = std::make_unique<Peer>(network.adopt(std::move(pending)));
        peer->write(std::string(200'000, 'd'));
      });
      client = wire.connect(1);
      ASSERT_TRUE(world.run_until([&] { return client->received.size() > 1000; }));
      wire.drop_all();
    }
    world.destroy_loops();
    ASSERT_TRUE(world.run_until([&] { return !client->is_open(); }));
    EXPECT_EQ(client->close_reason(), "Connection reset by peer");
    if (client->received.size() < 200'000) ++partial;
    // The next process serves the same port.
    SimNetwork network(wire, world.add_loop());
    int accepted = 0;
    const auto listener = network.listen({"", 1}, [&](auto) { ++accepted; });
    const auto again = wire.connect(1);
    ASSERT_TRUE(world.run_until([&] { return accepted == 1; }));
    EXPECT_GT(wire.counters().of("wire.dropped_by_server_stop"), 0U);
  }
  EXPECT_GT(partial, 15);
}

TEST(SimNetwork, ConnectionsBreakAtTheGivenRate) {
  Server server(9);
  server.wire.settings().reset_per_million = 200'000;
  std::vector<std::unique_ptr<SimClient>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(server.wire.connect(5672));
    clients.back()->send(std::string(1'000'000, 'x'));
  }
  ASSERT_TRUE(server.world.settle());
  EXPECT_GT(server.wire.counters().of("wire.broken"), 10U);
  int closed = 0;
  for (const auto& peer : server.peers) closed += peer->closed;
  int broken = 0;
  for (const auto& client : clients) broken += client->is_open() ? 0 : 1;
  EXPECT_EQ(closed, static_cast<int>(server.peers.size()))
      << "fewer than clients: some broke before they were accepted";
  EXPECT_EQ(broken, static_cast<int>(server.wire.counters().of("wire.broken")));
  EXPECT_EQ(server.wire.open_connections(), clients.size() - static_cast<std::size_t>(broken));
}

TEST(SimNetwork, SameSeedSameBytesAtTheSameTime) {
  const auto run = [](std::uint64_t seed) {
    Server server(seed);
    std::string log;
    server.on_peer = [&](Peer& peer) {
      peer.on_input = [&](bytes::ByteView data) {
        log += std::to_string(data.size()) + "@" + std::to_string(server.world.clock().monotonic().value) + " ";
        return data.size();
      };
    };
    const auto one = server.wire.connect(5672);
    const auto two = server.wire.connect(5672);
    one->send(std::string(100'000, 'x'));
    two->send(std::string(50'000, 'y'));
    server.world.settle();
    return log;
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

// Code written for the interfaces runs here as it does on real sockets.
TEST(SimNetwork, ServesHttp) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    SimWorld world(seed);
    SimWire wire(world);
    SimNetwork network(wire, world.add_loop());
    io::HttpServer http(world.loop(0), network, [](const io::HttpRequest& request, io::HttpResponder responder) {
      responder.send({200, "text/plain", "you asked " + request.target, {}});
    });
    ASSERT_TRUE(http.listen({"", 80}));
    const auto client = wire.connect(80);
    client->send("GET /one HTTP/1.1\r\n\r\nGET /two HTTP/1.1\r\nConnection: close\r\n\r\n");
    ASSERT_TRUE(world.run_until([&] { return !client->is_open(); }));
    EXPECT_NE(client->received.find("you asked /one"), std::string::npos);
    EXPECT_TRUE(client->received.ends_with("you asked /two")) << client->received;
  }
}

}  // namespace
}  // namespace millrace::sim
