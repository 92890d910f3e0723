// Input: a definitions file. Whatever it says, the catalog stays one that can be saved and loaded.
#include "base/assert.h"
#include "base/log.h"
#include "server/definitions.h"
#include "testing/sim_disk.h"
#include "testing/sim_world.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace;
  base::log::set_level(base::log::Level::error);
  sim::SimWorld world(1);
  sim::SimDisk disk(1);
  sim::SimWorkPool sync_pool(world, 1);
  sim::SimWorkPool pool(world, 2);
  {
    storage::RecoveryReport report;
    auto catalog =
        catalog::CatalogStore::open({.loop = &world.add_loop(),
                                     .disk = &disk,
                                     .sync_pool = &sync_pool,
                                     .pool = &pool,
                                     .mutations = nullptr,
                                     .fatal = {}},
                                    {.must_exist = false, .accept_damage = false, .guest_password_hash = "h"}, report);
    MILLRACE_ASSERT(catalog.has_value());
    (void)server::DefinitionsImport(**catalog, 2).run({reinterpret_cast<const char*>(data), size});
    bytes::ByteVector snapshot;
    (*catalog)->state().save(snapshot);
    catalog::State loaded;
    MILLRACE_ASSERT(loaded.load(snapshot), "a saved state cannot be loaded");
  }
  world.destroy_loops();
  return 0;
}
