#pragma once

#include <memory>
#include <vector>

#include "base/assert.h"
#include "base/log.h"
#include "broker/broker.h"
#include "testing/sim_disk.h"
#include "testing/sim_network.h"
#include "testing/sim_world.h"

namespace millrace::broker {

/// What the fuzz targets of whole connections share: a broker with one shard in a simulated world, a gateway on it, and
/// one client that is connected to the gateway.
template <class Gateway, class Options>
struct FuzzWorld {
  FuzzWorld(std::uint16_t port, Options options) : world(1), disk(1), sync_pool(world, 1), pool(world, 2), wire(world) {
    base::log::set_level(base::log::Level::error);
    BrokerOptions broker_options;
    broker_options.disk_free_limit = base::Bytes(0);
    broker_options.journal_file_bytes = base::mib(1);
    sim::SimLoop& loop = world.add_loop();
    broker = std::make_unique<Broker>(std::vector<ShardEnvironment>{{.loop = &loop,
                                                                     .disk = &disk,
                                                                     .sync_pool = &sync_pool,
                                                                     .pool = &pool,
                                                                     .codecs = &codecs,
                                                                     .mutations = nullptr}},
                                      broker_options);
    MILLRACE_ASSERT(broker->open("hash").has_value());
    options.connection_count = std::make_shared<std::atomic<std::uint32_t>>(0);
    gateway = std::make_unique<Gateway>(broker->shard(0), options);
    network = std::make_unique<sim::SimNetwork>(wire, loop);
    listener = std::move(*network->listen({"*", port}, [this](std::unique_ptr<io::PendingConnection> pending) {
      gateway->accept(network->adopt(std::move(pending)));
    }));
    client = wire.connect(port);
  }
  ~FuzzWorld() {
    client.reset();
    listener.reset();
    gateway.reset();
    network.reset();
    broker.reset();
    world.destroy_loops();
  }

  sim::SimWorld world;
  sim::SimDisk disk;
  sim::SimWorkPool sync_pool;
  sim::SimWorkPool pool;
  sim::SimWire wire;
  model::NativeCodecs codecs;
  std::unique_ptr<Broker> broker;
  std::unique_ptr<Gateway> gateway;
  std::unique_ptr<sim::SimNetwork> network;
  std::unique_ptr<io::Listener> listener;
  std::unique_ptr<sim::SimClient> client;
};

}  // namespace millrace::broker
