#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catalog/command.h"
#include "catalog/error.h"
#include "catalog/object_limits.h"
#include "catalog/state.h"
#include "catalog/transaction.h"
#include "storage/store.h"

namespace millrace::catalog {

/// The single writer of the catalog, with a journal of its own (directory "catalog"). Lives on one shard's loop.
///
/// A transaction is checked against the state with all earlier ones applied, logged (as far as it concerns what
/// survives a restart), and told to the listener and the caller once it is durable; in order of revisions.
class CatalogStore final : public storage::StateMachine {
 public:
  struct OpenOptions {
    /// There was a catalog: without its journal it is damaged, not new.
    bool must_exist = false;
    /// Goes on with what a damaged journal has left.
    bool accept_damage = false;
    std::string guest_password_hash;
    ObjectLimits limits = {};
  };
  /// Opens or creates; blocks; before the loop runs. A new catalog gets the virtual host "/" with its exchanges, and
  /// user guest with the given password hash and all permissions on "/". Fails with `damaged`, having changed nothing,
  /// unless damage is accepted: what the catalog does not know counts as deleted, messages included.
  static Result<std::unique_ptr<CatalogStore>> open(const storage::StoreEnvironment& environment,
                                                    const OpenOptions& open_options, storage::RecoveryReport& report);
  ~CatalogStore() override;

  const State& state() const { return state_; }
  Revision revision() const { return revision_; }

  using Done = std::move_only_function<void(Result<Revision>)>;
  void execute(Transaction transaction, Done done);
  /// Replicas are copied from the state as it is now: what is on its way to the disk will not be told to the listener.
  void replicas_copied();
  using Listener = std::function<void(Revision, const std::vector<Command>&)>;
  void on_change(Listener listener) { listener_ = std::move(listener); }

  /// A number never used before, for any kind of object.
  ObjectId allocate_id();
  /// Whether the number would not be handed out again after a crash right now.
  bool durably_reserved(ObjectId id) const { return id.value <= durable_ids_; }

  void shutdown(io::Task done) { store_->shutdown(std::move(done)); }
  storage::Store& store() { return *store_; }

  // storage::StateMachine
  [[nodiscard]] bool load_snapshot(bytes::ByteView snapshot) override;
  [[nodiscard]] bool apply(bytes::ByteView command) override;
  void save_snapshot(bytes::ByteVector& out) const override;

 private:
  struct Pending {
    storage::Round round;
    Revision revision;
    std::vector<Command> commands;
    std::uint64_t reserves = 0;
    Done done;
  };
  CatalogStore(io::Loop& loop, const OpenOptions& options)
      : loop_(loop), accept_damage_(options.accept_damage), limits_(options.limits) {}
  Result<std::vector<Command>> apply_all(const std::vector<Command>& commands);
  void create_first_content(const std::string& guest_password_hash);
  void commit(std::vector<Command> all, const std::vector<Command>& durable, Done done);
  void committed(storage::Round round);
  void reserve_ids();

  io::Loop& loop_;
  bool accept_damage_;
  ObjectLimits limits_;
  State state_;
  Revision revision_;
  std::unique_ptr<storage::Store> store_;
  Listener listener_;
  std::deque<Pending> pending_;  // by revision
  std::uint64_t next_id_ = 1;
  std::uint64_t durable_ids_ = 0;
};

/// A virtual host with the exchanges that every one has; `next_id` yields their ids.
std::vector<Command> new_virtual_host(const std::string& name, const std::function<ObjectId()>& next_id);

}  // namespace millrace::catalog
