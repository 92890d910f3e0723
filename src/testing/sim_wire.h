#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "bytes/view.h"
#include "testing/fault_counters.h"
#include "testing/sim_world.h"

namespace millrace::sim {

class SimConnection;
class SimListener;

struct WireSettings {
  base::Nanos delay_min{5'000};
  base::Nanos delay_max{500'000};  // of each chunk
  std::size_t chunk_max = std::size_t{64} << 10;
  std::size_t window_min = std::size_t{4}
                           << 10;  // what the system takes of the server's output, drawn for each connection
  std::size_t window_max = std::size_t{256} << 10;
  std::uint32_t reset_per_million = 0;  // chance of each delivered chunk to be the last: the connection breaks
};

/// The client's end of a simulated connection, for tests. Callbacks come as events of the world; a callback must not
/// destroy its client.
class SimClient {
 public:
  explicit SimClient(std::shared_ptr<SimConnection> connection);
  /// Closes in order.
  ~SimClient();
  SimClient(const SimClient&) = delete;
  SimClient& operator=(const SimClient&) = delete;

  /// Without one, input is added to `received`.
  std::function<void(bytes::ByteView)> on_data;
  /// The server closed (empty reason), refused, or the connection broke. Not after an own close() or reset().
  std::function<void(const std::string&)> on_closed;
  std::string received;

  void send(bytes::ByteView data);
  void send(std::string_view text) { send(bytes::as_bytes(text)); }
  /// A slow reader: nothing is delivered until resume(), and the server's output backs up.
  void pause();
  void resume();
  /// Everything sent still arrives.
  void close();
  /// A random part of what is on its way still arrives, then the server sees a reset.
  void reset();
  bool is_open() const { return open_; }
  const std::string& close_reason() const { return close_reason_; }
  /// Sent and not yet at the server.
  std::size_t in_flight() const;

 private:
  friend class SimConnection;
  void closed_by_peer(const std::string& reason);

  std::shared_ptr<SimConnection> connection_;
  bool open_ = true;
  std::string close_reason_;
};

/// The network between simulated servers and test clients. It survives the simulated process, as clients do.
/// Everything is split into random chunks and delayed at random; bytes of one direction of a connection stay in order.
class SimWire {
 public:
  explicit SimWire(SimWorld& world);
  ~SimWire();
  SimWire(const SimWire&) = delete;
  SimWire& operator=(const SimWire&) = delete;

  WireSettings& settings() { return settings_; }
  FaultCounters& counters() { return counters_; }
  SimWorld& world() { return world_; }

  /// Never fails at once: if nobody listens, the client is told so a little later.
  std::unique_ptr<SimClient> connect(std::uint16_t port, bool from_loopback = true);
  /// The server's machine stops: of what is on its way to the clients a random part arrives, then they see a reset.
  /// Call it after the server's objects are destroyed, or before.
  void drop_all();
  /// Breaks one random open connection in the middle, for both sides. False when there is none.
  bool drop_one();
  std::size_t open_connections() const;

 private:
  friend class SimConnection;
  friend class SimListener;
  friend class SimNetwork;

  SimWorld& world_;
  WireSettings settings_;
  FaultCounters counters_;
  std::map<std::uint16_t, SimListener*> listeners_;
  std::map<std::uint64_t, std::shared_ptr<SimConnection>> connections_;
  std::uint64_t next_connection_ = 0;
  std::uint16_t next_port_ = 40'000;
};

}  // namespace millrace::sim
