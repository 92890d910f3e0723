#include "catalog/catalog_store.h"

#include "base/assert.h"
#include "base/log.h"
#include "catalog/command_codec.h"

namespace millrace::catalog {

using base::fail;

namespace {

constexpr storage::StateId kCatalogState{1};
constexpr std::uint8_t kCommandVersion = 1;
constexpr std::uint64_t kIdBlock = 10'000;
constexpr std::uint64_t kIdsSkippedAfterDamage = 1'000'000'000;

bytes::ByteVector encode(Revision revision, const std::vector<Command>& commands) {
  bytes::ByteVector encoded;
  bytes::Writer out(encoded);
  out.u8(kCommandVersion);
  out.u64(revision.value);
  out.u32(static_cast<std::uint32_t>(commands.size()));
  for (const Command& command : commands) encode_command(out, command);
  return encoded;
}

class Recovery final : public storage::RecoveryTarget {
 public:
  explicit Recovery(CatalogStore& catalog) : catalog_(catalog) {}
  const storage::LogOptions* log_options(model::LogId) override { return nullptr; }
  storage::StateMachine* state_machine(storage::StateId state) override {
    return state == kCatalogState ? &catalog_ : nullptr;
  }

 private:
  CatalogStore& catalog_;
};

}  // namespace

std::vector<Command> new_virtual_host(const std::string& name, const std::function<ObjectId()>& next_id) {
  struct Predeclared {
    const char* name;
    ExchangeType type;
    bool internal;
  };
  static constexpr Predeclared kExchanges[] = {
      {"", ExchangeType::direct, false},
      {"amq.direct", ExchangeType::direct, false},
      {"amq.fanout", ExchangeType::fanout, false},
      {"amq.topic", ExchangeType::topic, false},
      {"amq.headers", ExchangeType::headers, false},
      {"amq.match", ExchangeType::headers, false},
      {"amq.rabbitmq.trace", ExchangeType::topic, true},
  };
  const ObjectId vhost = next_id();
  std::vector<Command> commands;
  commands.emplace_back(CreateVirtualHost{{.id = vhost, .name = name, .settings = {}}});
  for (const Predeclared& each : kExchanges) {
    Exchange exchange;
    exchange.id = next_id();
    exchange.vhost = vhost;
    exchange.name = each.name;
    exchange.type = each.type;
    exchange.internal = each.internal;
    commands.emplace_back(CreateExchange{std::move(exchange)});
  }
  return commands;
}

Result<std::unique_ptr<CatalogStore>> CatalogStore::open(const storage::StoreEnvironment& environment,
                                                         const OpenOptions& open_options,
                                                         storage::RecoveryReport& report) {
  std::unique_ptr<CatalogStore> catalog(new CatalogStore(*environment.loop, open_options));
  Recovery target(*catalog);
  storage::StoreOptions options;
  options.directory = "catalog";
  options.journal_file_bytes = base::mib(4);
  options.disk_reserve = base::Bytes(0);
  options.must_exist = open_options.must_exist && !open_options.accept_damage;
  options.refuse_damage = !open_options.accept_damage;
  auto store = storage::Store::open(environment, options, target, report);
  if (!store.has_value()) {
    const bool damaged = store.error().code == storage::StorageErrc::damaged;
    return fail(damaged ? CatalogErrc::damaged : CatalogErrc::storage, store.error().detail);
  }
  catalog->store_ = std::move(*store);
  catalog->store_->attach_state(kCatalogState, catalog.get());
  catalog->store_->on_commit([self = catalog.get()](storage::Round round) { self->committed(round); });
  catalog->next_id_ = catalog->state_.reserved_ids() + 1;
  catalog->durable_ids_ = catalog->state_.reserved_ids();
  // Ids that damage has taken may still be in use by logs.
  if (open_options.must_exist && open_options.accept_damage) catalog->next_id_ += kIdsSkippedAfterDamage;
  catalog->reserve_ids();
  if (catalog->state_.find_virtual_host("/") == nullptr)
    catalog->create_first_content(open_options.guest_password_hash);
  return catalog;
}

CatalogStore::~CatalogStore() = default;

void CatalogStore::replicas_copied() {
  for (Pending& pending : pending_) pending.commands.clear();
}

void CatalogStore::create_first_content(const std::string& guest_password_hash) {
  std::vector<Command> commands = new_virtual_host("/", [this] { return allocate_id(); });
  const ObjectId vhost = std::get<CreateVirtualHost>(commands.front()).vhost.id;
  commands.emplace_back(PutUser{{.name = "guest", .password_hash = guest_password_hash, .tags = {"administrator"}}});
  commands.emplace_back(
      PutPermission{{.user = "guest", .vhost = vhost, .configure = ".*", .write = ".*", .read = ".*"}});
  // The state is complete at once, so that the shards start with it; it is durable before anything that depends on it.
  execute({.commands = std::move(commands)},
          [](Result<Revision> result) { MILLRACE_ASSERT(result.has_value(), "the first content was refused"); });
}

Result<std::vector<Command>> CatalogStore::apply_all(const std::vector<Command>& commands) {
  std::vector<Command> durable;
  // Each is checked with those before it applied; when one fails, they are taken back.
  std::vector<std::vector<Command>> undo;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const Command& command = commands[i];
    auto valid = state_.validate(command);
    if (valid.has_value()) valid = check_limits(limits_, state_, command);
    const bool last = i + 1 == commands.size();
    if (valid.has_value() && !last) {
      auto inverse = state_.inverse(command);
      if (inverse.has_value()) {
        undo.push_back(std::move(*inverse));
      } else {
        valid = fail(CatalogErrc::invalid, "a reservation of numbers stands alone or last");
      }
    }
    if (!valid.has_value()) {
      for (auto step = undo.rbegin(); step != undo.rend(); ++step) {
        for (const Command& back : *step) state_.apply(back);
      }
      return std::unexpected(valid.error());
    }
    if (state_.is_durable(command)) durable.push_back(command);
    state_.apply(command);
  }
  return durable;
}

void CatalogStore::execute(Transaction transaction, Done done) {
  if (transaction.commands.size() > Transaction::kMaxCommands) {
    return done(fail(CatalogErrc::too_large, "more than 128 commands in one transaction"));
  }
  if (transaction.expected.has_value() && *transaction.expected != revision_) {
    return done(fail(CatalogErrc::conflict, "the catalog has changed meanwhile"));
  }
  if (encode(revision_, transaction.commands).size() > Transaction::kMaxBytes) {
    return done(fail(CatalogErrc::too_large, "a transaction of more than 1.5 MiB"));
  }
  const auto durable = apply_all(transaction.commands);
  if (!durable.has_value()) return done(std::unexpected(durable.error()));
  revision_ += Revision(1);
  commit(std::move(transaction.commands), *durable, std::move(done));
}

void CatalogStore::commit(std::vector<Command> all, const std::vector<Command>& durable, Done done) {
  Pending pending{store_->committed_round(), revision_, std::move(all), 0, std::move(done)};
  for (const Command& command : durable) {
    if (const auto* reserve = std::get_if<ReserveIds>(&command)) pending.reserves = reserve->up_to;
  }
  if (!durable.empty()) {
    store_->append_command(kCatalogState, encode(revision_, durable));
    pending.round = store_->current_round();
  } else if (!pending_.empty()) {
    pending.round = pending_.back().round;
  } else {
    // Nothing to wait for, but never answered from within the request.
    loop_.post([this] { committed(store_->committed_round()); });
  }
  pending_.push_back(std::move(pending));
}

void CatalogStore::committed(storage::Round round) {
  while (!pending_.empty() && pending_.front().round <= round) {
    Pending ready = std::move(pending_.front());
    pending_.pop_front();
    durable_ids_ = std::max(durable_ids_, ready.reserves);
    if (listener_) listener_(ready.revision, ready.commands);
    ready.done(ready.revision);
  }
}

void CatalogStore::reserve_ids() {
  execute({.commands = {ReserveIds{next_id_ + kIdBlock}}},
          [](Result<Revision> result) { MILLRACE_ASSERT(result.has_value(), "ids cannot be reserved"); });
}

ObjectId CatalogStore::allocate_id() {
  if (next_id_ + kIdBlock / 2 > state_.reserved_ids()) reserve_ids();
  MILLRACE_ASSERT(next_id_ <= state_.reserved_ids());
  return ObjectId(next_id_++);
}

bool CatalogStore::load_snapshot(bytes::ByteView snapshot) {
  bytes::Reader in(snapshot);
  revision_ = Revision(in.u64());
  return in.ok() && state_.load(in.rest());
}

bool CatalogStore::apply(bytes::ByteView encoded) {
  bytes::Reader in(encoded);
  if (in.u8() != kCommandVersion) return false;
  revision_ = Revision(in.u64());
  const std::uint32_t count = in.u32();
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto command = decode_command(in);
    if (!command.has_value()) return false;
    if (const auto valid = state_.validate(*command); !valid.has_value()) {
      if (!accept_damage_) return false;
      base::log::warning("the catalog cannot repeat a change: {}", valid.error().detail);
      continue;
    }
    state_.apply(*command);
  }
  return in.ok();
}

void CatalogStore::save_snapshot(bytes::ByteVector& out) const {
  bytes::Writer writer(out);
  writer.u64(revision_.value);
  state_.save(out);
}

}  // namespace millrace::catalog
