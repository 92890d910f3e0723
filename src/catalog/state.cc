#include "catalog/state.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "base/assert.h"
#include "base/text_hash.h"
#include "catalog/command_codec.h"

namespace millrace::catalog {

using base::fail;

namespace {

constexpr std::uint8_t kSnapshotVersion = 1;

/// Objects with an id, and a name that is unique within a virtual host.
template <class T>
class NamedTable {
 public:
  const T* find(ObjectId id) const {
    const auto it = by_id_.find(id.value);
    return it == by_id_.end() ? nullptr : it->second.get();
  }
  T* find(ObjectId id) { return const_cast<T*>(std::as_const(*this).find(id)); }
  const T* find(ObjectId vhost, std::string_view name) const {
    const auto names = by_name_.find(vhost.value);
    if (names == by_name_.end()) return nullptr;
    const auto it = names->second.find(name);
    return it == names->second.end() ? nullptr : it->second;
  }
  void insert(const T& object) {
    auto stored = std::make_unique<T>(object);
    by_name_[object.vhost.value].emplace(object.name, stored.get());
    const bool fresh = by_id_.emplace(object.id.value, std::move(stored)).second;
    MILLRACE_ASSERT(fresh, "id {} exists", object.id.value);
  }
  void erase(ObjectId id) {
    const auto it = by_id_.find(id.value);
    MILLRACE_ASSERT(it != by_id_.end());
    auto names = by_name_.find(it->second->vhost.value);
    names->second.erase(it->second->name);
    if (names->second.empty()) by_name_.erase(names);
    by_id_.erase(it);
  }
  /// By ascending id, that is: in order of creation.
  std::vector<const T*> all() const {
    std::vector<const T*> list;
    list.reserve(by_id_.size());
    for (const auto& [id, object] : by_id_) list.push_back(object.get());
    return list;
  }
  std::size_t size() const { return by_id_.size(); }
  std::size_t size(ObjectId vhost) const {
    const auto names = by_name_.find(vhost.value);
    return names == by_name_.end() ? 0 : names->second.size();
  }

 private:
  using Names = std::unordered_map<std::string, T*, base::TextHash, std::equal_to<>>;
  std::map<std::uint64_t, std::unique_ptr<T>> by_id_;
  std::unordered_map<std::uint64_t, Names> by_name_;
};

/// Bindings, found whole, by source and by destination; each list in order of creation.
class BindingTable {
 public:
  bool contains(const Binding& binding) const { return find(binding) != nullptr; }
  std::size_t size() const { return all_.size(); }
  void insert(const Binding& binding) {
    const std::uint64_t number = next_++;
    auto stored = std::make_unique<Binding>(binding);
    by_source_[binding.source.value].emplace(number, stored.get());
    by_destination_[binding.destination.id.value].emplace(number, stored.get());
    all_.emplace(key(binding), Entry{number, std::move(stored)});
  }
  void erase(const Binding& binding) {
    const auto it = all_.find(key(binding));
    MILLRACE_ASSERT(it != all_.end());
    unlink(by_source_, binding.source.value, it->second.number);
    unlink(by_destination_, binding.destination.id.value, it->second.number);
    all_.erase(it);
  }
  void erase_object(ObjectId id) {
    for (const Binding* binding : of(by_source_, id)) erase(Binding(*binding));
    for (const Binding* binding : of(by_destination_, id)) erase(Binding(*binding));
  }
  std::vector<const Binding*> of_source(ObjectId id) const { return of(by_source_, id); }
  std::vector<const Binding*> of_destination(ObjectId id) const { return of(by_destination_, id); }
  std::vector<const Binding*> all() const {
    std::map<std::uint64_t, const Binding*> ordered;
    for (const auto& [key, entry] : all_) ordered.emplace(entry.number, entry.binding.get());
    std::vector<const Binding*> list;
    list.reserve(ordered.size());
    for (const auto& [number, binding] : ordered) list.push_back(binding);
    return list;
  }

 private:
  struct Entry {
    std::uint64_t number;
    std::unique_ptr<Binding> binding;
  };
  using Index = std::unordered_map<std::uint64_t, std::map<std::uint64_t, const Binding*>>;

  const Binding* find(const Binding& binding) const {
    const auto it = all_.find(key(binding));
    return it == all_.end() ? nullptr : it->second.binding.get();
  }
  static std::string key(const Binding& b) {
    std::string text = fmt::format("{}/{}/{}/{}/", b.source.value, static_cast<int>(b.destination.kind),
                                   b.destination.id.value, b.routing_key.size());
    text += b.routing_key;
    text.append(b.native_arguments.begin(), b.native_arguments.end());
    return text;
  }
  static std::vector<const Binding*> of(const Index& index, ObjectId id) {
    std::vector<const Binding*> list;
    const auto it = index.find(id.value);
    if (it == index.end()) return list;
    for (const auto& [number, binding] : it->second) list.push_back(binding);
    return list;
  }
  static void unlink(Index& index, std::uint64_t id, std::uint64_t number) {
    const auto it = index.find(id);
    it->second.erase(number);
    if (it->second.empty()) index.erase(it);
  }

  std::unordered_map<std::string, Entry> all_;
  Index by_source_;
  Index by_destination_;
  std::uint64_t next_ = 1;
};

Result<void> check_name(const std::string& name, bool may_be_empty = false) {
  if (name.empty() && !may_be_empty) return fail(CatalogErrc::invalid, "the name is empty");
  if (name.size() > kMaxNameLength) return fail(CatalogErrc::invalid, "the name is longer than 255 bytes");
  return {};
}

}  // namespace

struct State::Tables {
  std::map<std::uint64_t, std::unique_ptr<VirtualHost>> vhosts;
  std::map<std::string, std::unique_ptr<User>, std::less<>> users;
  std::map<std::pair<std::string, std::uint64_t>, std::unique_ptr<Permission>> permissions;
  std::map<std::tuple<std::string, std::uint64_t, std::string>, std::unique_ptr<TopicPermission>> topic_permissions;
  /// By virtual host, whether of an operator, and name.
  std::map<std::tuple<std::uint64_t, bool, std::string>, std::unique_ptr<Policy>> policies;
  std::set<AccessRule> access_rules;
  std::map<QuotaSubject, ClientQuota> client_quotas;
  NamedTable<Exchange> exchanges;
  NamedTable<Queue> queues;
  NamedTable<Topic> topics;
  BindingTable bindings;
  /// Queues by the numbers of their parts.
  std::unordered_map<std::uint64_t, ObjectId> holders;
  /// Queues by the topic that they are over.
  std::unordered_map<std::uint64_t, std::set<ObjectId>> over_topics;
  std::uint64_t reserved_ids = 0;
  std::uint64_t partitions = 0;  // of all topics

  void index_parts(const Queue& queue) {
    if (!queue.source.has_value()) return;
    for (const QueuePart& part : queue.source->parts) holders.emplace(part.id.value, queue.id);
  }
  void insert(const Queue& queue) {
    queues.insert(queue);
    index_parts(queue);
    if (queue.source.has_value()) over_topics[queue.source->topic.value].insert(queue.id);
  }
  void add_parts(const AddQueueParts& more) {
    Queue& queue = *queues.find(more.queue);
    queue.source->parts.insert(queue.source->parts.end(), more.parts.begin(), more.parts.end());
    index_parts(queue);
  }
  void erase_queue(ObjectId id) {
    const Queue& queue = *queues.find(id);
    if (queue.source.has_value()) {
      for (const QueuePart& part : queue.source->parts) holders.erase(part.id.value);
      const auto over = over_topics.find(queue.source->topic.value);
      over->second.erase(id);
      if (over->second.empty()) over_topics.erase(over);
    }
    bindings.erase_object(id);
    queues.erase(id);
  }
  bool stored(const BindingDestination& destination) const {
    if (destination.kind == DestinationKind::queue) {
      const Queue* queue = queues.find(destination.id);
      return queue != nullptr && queue->stored();
    }
    if (destination.kind == DestinationKind::topic) return topics.find(destination.id) != nullptr;
    const Exchange* exchange = exchanges.find(destination.id);
    return exchange != nullptr && exchange->durable;
  }
  bool stored(const Binding& binding) const {
    const Exchange* source = exchanges.find(binding.source);
    return source != nullptr && source->durable && stored(binding.destination);
  }
  void add_topic(const Topic& topic) {
    topics.insert(topic);
    partitions += topic.partitions.size();
  }
  void erase_topic(ObjectId id) {
    partitions -= topics.find(id)->partitions.size();
    bindings.erase_object(id);
    topics.erase(id);
  }
  void add_partitions(const AddPartitions& command) {
    auto& present = topics.find(command.topic)->partitions;
    present.insert(present.end(), command.partitions.begin(), command.partitions.end());
    partitions += command.partitions.size();
  }
  std::vector<Command> commands(bool durable_only) const;
};

std::vector<Command> State::Tables::commands(bool durable_only) const {
  std::vector<Command> list;
  list.emplace_back(ReserveIds{reserved_ids});
  for (const auto& [id, vhost] : vhosts) list.emplace_back(CreateVirtualHost{*vhost});
  for (const auto& [name, user] : users) list.emplace_back(PutUser{*user});
  for (const auto& [key, permission] : permissions) list.emplace_back(PutPermission{*permission});
  for (const auto& [key, permission] : topic_permissions) list.emplace_back(PutTopicPermission{*permission});
  for (const auto& [key, policy] : policies) list.emplace_back(PutPolicy{*policy});
  for (const AccessRule& rule : access_rules) list.emplace_back(PutAccessRule{rule});
  for (const auto& [subject, quota] : client_quotas) list.emplace_back(PutClientQuota{quota});
  for (const Exchange* exchange : exchanges.all()) {
    if (!durable_only || exchange->durable) list.emplace_back(CreateExchange{*exchange});
  }
  for (const Topic* topic : topics.all()) list.emplace_back(CreateTopic{*topic});
  for (const Queue* queue : queues.all()) {
    if (!durable_only || queue->stored()) list.emplace_back(CreateQueue{*queue});
  }
  for (const Binding* binding : bindings.all()) {
    if (!durable_only || stored(*binding)) list.emplace_back(Bind{*binding});
  }
  return list;
}

State::State() : tables_(std::make_unique<Tables>()) {}
State::~State() = default;
State::State(State&&) noexcept = default;
State& State::operator=(State&&) noexcept = default;

State State::clone() const {
  State copy;
  for (const Command& command : tables_->commands(false)) copy.apply(command);
  return copy;
}

namespace {

struct Validator {
  const State& state;

  template <class T>
  Result<void> new_named(const T& object, const T* existing, bool may_be_empty = false) const {
    if (auto named = check_name(object.name, may_be_empty); !named.has_value()) return named;
    if (state.find_virtual_host(object.vhost) == nullptr) return fail(CatalogErrc::not_found, "no such virtual host");
    if (existing != nullptr) return fail(CatalogErrc::already_exists, fmt::format("'{}' exists", object.name));
    return {};
  }
  /// Parts for the topic's partitions from the `first` on.
  Result<void> fit(const std::vector<QueuePart>& parts, const Topic& topic, std::size_t first) const {
    bool fits = first + parts.size() <= topic.partitions.size() && !parts.empty();
    for (std::size_t i = 0; fits && i < parts.size(); ++i) {
      const Partition& partition = topic.partitions[first + i];
      fits = parts[i].log == partition.log && parts[i].shard == partition.shard && parts[i].start >= model::Offset(0);
    }
    if (!fits) return fail(CatalogErrc::invalid, "the parts do not fit to the topic's partitions");
    return {};
  }
  Result<void> operator()(const AddQueueParts& c) const {
    const Queue* queue = state.find_queue(c.queue);
    if (auto found = exists(queue, "queue"); !found.has_value()) return found;
    if (!queue->source.has_value()) return fail(CatalogErrc::invalid, "the queue has a log of its own");
    const Topic* topic = state.find_topic(queue->source->topic);
    if (auto found = exists(topic, "topic"); !found.has_value()) return found;
    return fit(c.parts, *topic, queue->source->parts.size());
  }
  Result<void> exists(const void* object, const char* what) const {
    if (object == nullptr) return fail(CatalogErrc::not_found, fmt::format("no such {}", what));
    return {};
  }

  Result<void> operator()(const CreateVirtualHost& c) const {
    if (auto named = check_name(c.vhost.name); !named.has_value()) return named;
    if (state.find_virtual_host(c.vhost.name) != nullptr)
      return fail(CatalogErrc::already_exists, "virtual host exists");
    return {};
  }
  Result<void> operator()(const DeleteVirtualHost& c) const {
    return exists(state.find_virtual_host(c.id), "virtual host");
  }
  Result<void> operator()(const AlterVirtualHost& c) const {
    return exists(state.find_virtual_host(c.id), "virtual host");
  }
  Result<void> operator()(const PutUser& c) const { return check_name(c.user.name); }
  Result<void> operator()(const DeleteUser& c) const { return exists(state.find_user(c.name), "user"); }
  Result<void> operator()(const PutPermission& c) const {
    if (auto user = exists(state.find_user(c.permission.user), "user"); !user.has_value()) return user;
    return exists(state.find_virtual_host(c.permission.vhost), "virtual host");
  }
  Result<void> operator()(const DeletePermission& c) const {
    return exists(state.find_permission(c.user, c.vhost), "permission");
  }
  Result<void> operator()(const CreateExchange& c) const {
    return new_named(c.exchange, state.find_exchange(c.exchange.vhost, c.exchange.name), true);
  }
  Result<void> operator()(const DeleteExchange& c) const { return exists(state.find_exchange(c.id), "exchange"); }
  Result<void> operator()(const CreateQueue& c) const {
    if (const auto& source = c.queue.source; source.has_value()) {
      const Topic* topic = state.find_topic(source->topic);
      if (auto found = exists(topic, "topic"); !found.has_value()) return found;
      if (auto parts = fit(source->parts, *topic, 0); !parts.has_value()) return parts;
      if (state.queues_of_topic(topic->id).size() >= kMaxTopicQueues) {
        return fail(CatalogErrc::invalid, "too many queues over the topic");
      }
    }
    return new_named(c.queue, state.find_queue(c.queue.vhost, c.queue.name));
  }
  Result<void> operator()(const DeleteQueue& c) const { return exists(state.find_queue(c.id), "queue"); }
  Result<void> operator()(const CreateTopic& c) const {
    if (c.topic.partitions.empty()) return fail(CatalogErrc::invalid, "a topic has at least one partition");
    return new_named(c.topic, state.find_topic(c.topic.vhost, c.topic.name));
  }
  Result<void> operator()(const DeleteTopic& c) const {
    if (!state.queues_of_topic(c.id).empty()) return fail(CatalogErrc::conflict, "the topic is the source of queues");
    return exists(state.find_topic(c.id), "topic");
  }
  Result<void> operator()(const AddPartitions& c) const { return exists(state.find_topic(c.topic), "topic"); }
  Result<void> operator()(const AlterTopicSettings& c) const { return exists(state.find_topic(c.topic), "topic"); }
  Result<void> operator()(const Bind& c) const {
    if (auto source = exists(state.find_exchange(c.binding.source), "exchange"); !source.has_value()) return source;
    const auto& destination = c.binding.destination;
    const auto find = [&]() -> const void* {
      switch (destination.kind) {
        case DestinationKind::queue:
          return state.find_queue(destination.id);
        case DestinationKind::exchange:
          return state.find_exchange(destination.id);
        case DestinationKind::topic:
          return state.find_topic(destination.id);
      }
      return nullptr;
    };
    const void* target = find();
    if (auto found = exists(target, "destination"); !found.has_value()) return found;
    if (c.binding.routing_key.size() > kMaxNameLength) return fail(CatalogErrc::invalid, "routing key over 255 bytes");
    if (state.has_binding(c.binding)) return fail(CatalogErrc::already_exists, "binding exists");
    return {};
  }
  Result<void> operator()(const Unbind& c) const {
    if (!state.has_binding(c.binding)) return fail(CatalogErrc::not_found, "no such binding");
    return {};
  }
  Result<void> operator()(const ReserveIds&) const { return {}; }
  Result<void> operator()(const PutTopicPermission& c) const {
    if (auto user = exists(state.find_user(c.permission.user), "user"); !user.has_value()) return user;
    if (auto named = check_name(c.permission.exchange, true); !named.has_value()) return named;
    return exists(state.find_virtual_host(c.permission.vhost), "virtual host");
  }
  Result<void> operator()(const DeleteTopicPermission& c) const {
    return exists(state.find_topic_permission(c.user, c.vhost, c.exchange), "topic permission");
  }
  Result<void> operator()(const PutPolicy& c) const {
    if (auto named = check_name(c.policy.name); !named.has_value()) return named;
    if (c.policy.of_operator && c.policy.target == PolicyTarget::exchanges) {
      return fail(CatalogErrc::invalid, "an operator's policy is for queues");
    }
    return exists(state.find_virtual_host(c.policy.vhost), "virtual host");
  }
  Result<void> operator()(const DeletePolicy& c) const {
    return exists(state.find_policy(c.vhost, c.of_operator, c.name), "policy");
  }
  Result<void> operator()(const PutAccessRule& c) const {
    const AccessRule& rule = c.rule;
    for (const std::string* text : {&rule.name, &rule.user, &rule.host}) {
      if (text->empty() || text->size() > kMaxForeignName) {
        return fail(CatalogErrc::invalid, "a rule's names have 1 to 1024 bytes");
      }
    }
    if (rule.resource > RuleResource::transaction || rule.action > RuleAction::idempotent_write) {
      return fail(CatalogErrc::invalid, "unknown kind of rule");
    }
    if (state.access_rules().size() >= kMaxAccessRules) return fail(CatalogErrc::invalid, "too many rules");
    return exists(state.find_virtual_host(rule.vhost), "virtual host");
  }
  Result<void> operator()(const DeleteAccessRule& c) const {
    return exists(state.access_rules().contains(c.rule) ? &c : nullptr, "rule");
  }
  Result<void> operator()(const PutClientQuota& c) const {
    const QuotaSubject& subject = c.quota.subject;
    if (subject.empty() || subject.size() > 2 || c.quota.limits.empty()) {
      return fail(CatalogErrc::invalid, "a quota is for one or two things, and limits something");
    }
    for (std::size_t i = 0; i < subject.size(); ++i) {
      if (subject[i].first > QuotaEntity::address || (i > 0 && subject[i].first <= subject[i - 1].first) ||
          (subject[i].second.has_value() && subject[i].second->size() > kMaxForeignName)) {
        return fail(CatalogErrc::invalid, "impossible subject of a quota");
      }
    }
    if (state.client_quotas().size() >= kMaxClientQuotas) return fail(CatalogErrc::invalid, "too many quotas");
    return {};
  }
  Result<void> operator()(const DeleteClientQuota& c) const {
    return exists(state.find_client_quota(c.subject), "quota");
  }
};

}  // namespace

Result<void> State::validate(const Command& command) const {
  return std::visit(Validator{*this}, command);
}

namespace {

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

}  // namespace

void State::apply(const Command& command) {
  Tables& t = *tables_;
  const auto erase_of_vhost = [](auto& table, ObjectId vhost, auto&& erase) {
    for (const auto* object : table.all()) {
      if (object->vhost == vhost) erase(object->id);
    }
  };
  std::visit(
      Overloaded{
          [&](const CreateVirtualHost& c) { t.vhosts[c.vhost.id.value] = std::make_unique<VirtualHost>(c.vhost); },
          [&](const AlterVirtualHost& c) { t.vhosts.at(c.id.value)->settings = c.settings; },
          [&](const DeleteVirtualHost& c) {
            erase_of_vhost(t.queues, c.id, [&](ObjectId id) { apply(DeleteQueue{id}); });
            erase_of_vhost(t.exchanges, c.id, [&](ObjectId id) { apply(DeleteExchange{id}); });
            erase_of_vhost(t.topics, c.id, [&](ObjectId id) { apply(DeleteTopic{id}); });
            std::erase_if(t.permissions, [&](const auto& entry) { return entry.first.second == c.id.value; });
            std::erase_if(t.topic_permissions, [&](const auto& entry) { return entry.second->vhost == c.id; });
            std::erase_if(t.policies, [&](const auto& entry) { return entry.second->vhost == c.id; });
            std::erase_if(t.access_rules, [&](const AccessRule& rule) { return rule.vhost == c.id; });
            t.vhosts.erase(c.id.value);
          },
          [&](const PutUser& c) { t.users[c.user.name] = std::make_unique<User>(c.user); },
          [&](const DeleteUser& c) {
            std::erase_if(t.permissions, [&](const auto& entry) { return entry.first.first == c.name; });
            std::erase_if(t.topic_permissions, [&](const auto& entry) { return entry.second->user == c.name; });
            std::erase_if(t.access_rules, [&](const AccessRule& rule) { return rule.user == c.name; });
            t.users.erase(c.name);
          },
          [&](const PutPermission& c) {
            t.permissions[{c.permission.user, c.permission.vhost.value}] = std::make_unique<Permission>(c.permission);
          },
          [&](const DeletePermission& c) { t.permissions.erase({c.user, c.vhost.value}); },
          [&](const CreateExchange& c) { t.exchanges.insert(c.exchange); },
          [&](const DeleteExchange& c) {
            t.bindings.erase_object(c.id);
            t.exchanges.erase(c.id);
          },
          [&](const CreateQueue& c) { t.insert(c.queue); },
          [&](const AddQueueParts& c) { t.add_parts(c); },
          [&](const DeleteQueue& c) { t.erase_queue(c.id); },
          [&](const CreateTopic& c) { t.add_topic(c.topic); },
          [&](const DeleteTopic& c) { t.erase_topic(c.id); },
          [&](const AddPartitions& c) { t.add_partitions(c); },
          [&](const AlterTopicSettings& c) { t.topics.find(c.topic)->settings = c.settings; },
          [&](const Bind& c) { t.bindings.insert(c.binding); },
          [&](const Unbind& c) { t.bindings.erase(c.binding); },
          [&](const ReserveIds& c) { t.reserved_ids = std::max(t.reserved_ids, c.up_to); },
          [&](const PutTopicPermission& c) {
            t.topic_permissions[{c.permission.user, c.permission.vhost.value, c.permission.exchange}] =
                std::make_unique<TopicPermission>(c.permission);
          },
          [&](const DeleteTopicPermission& c) { t.topic_permissions.erase({c.user, c.vhost.value, c.exchange}); },
          [&](const PutPolicy& c) {
            t.policies[{c.policy.vhost.value, c.policy.of_operator, c.policy.name}] =
                std::make_unique<Policy>(c.policy);
          },
          [&](const DeletePolicy& c) { t.policies.erase({c.vhost.value, c.of_operator, c.name}); },
          [&](const PutAccessRule& c) { t.access_rules.insert(c.rule); },
          [&](const DeleteAccessRule& c) { t.access_rules.erase(c.rule); },
          [&](const PutClientQuota& c) { t.client_quotas[c.quota.subject] = c.quota; },
          [&](const DeleteClientQuota& c) { t.client_quotas.erase(c.subject); },
      },
      command);
}

ObjectCounts State::counts() const {
  const Tables& t = *tables_;
  return {.virtual_hosts = t.vhosts.size(),
          .users = t.users.size(),
          .exchanges = t.exchanges.size(),
          .queues = t.queues.size(),
          .bindings = t.bindings.size(),
          .topics = t.topics.size(),
          .partitions = t.partitions};
}

const VirtualHost* State::find_virtual_host(std::string_view name) const {
  for (const auto& [id, vhost] : tables_->vhosts) {
    if (vhost->name == name) return vhost.get();
  }
  return nullptr;
}

const VirtualHost* State::find_virtual_host(ObjectId id) const {
  const auto it = tables_->vhosts.find(id.value);
  return it == tables_->vhosts.end() ? nullptr : it->second.get();
}

const User* State::find_user(std::string_view name) const {
  const auto it = tables_->users.find(name);
  return it == tables_->users.end() ? nullptr : it->second.get();
}

const Permission* State::find_permission(std::string_view user, ObjectId vhost) const {
  const auto it = tables_->permissions.find({std::string(user), vhost.value});
  return it == tables_->permissions.end() ? nullptr : it->second.get();
}

const TopicPermission* State::find_topic_permission(std::string_view user, ObjectId vhost,
                                                    std::string_view exchange) const {
  if (tables_->topic_permissions.empty()) return nullptr;
  const auto it = tables_->topic_permissions.find({std::string(user), vhost.value, std::string(exchange)});
  return it == tables_->topic_permissions.end() ? nullptr : it->second.get();
}

const Policy* State::find_policy(ObjectId vhost, bool of_operator, std::string_view name) const {
  const auto it = tables_->policies.find({vhost.value, of_operator, std::string(name)});
  return it == tables_->policies.end() ? nullptr : it->second.get();
}

std::vector<const TopicPermission*> State::topic_permissions() const {
  std::vector<const TopicPermission*> list;
  for (const auto& [key, permission] : tables_->topic_permissions) list.push_back(permission.get());
  return list;
}

std::vector<const Policy*> State::policies(ObjectId vhost, bool of_operator) const {
  std::vector<const Policy*> list;
  for (auto it = tables_->policies.lower_bound({vhost.value, of_operator, {}}); it != tables_->policies.end(); ++it) {
    if (it->second->vhost != vhost || it->second->of_operator != of_operator) break;
    list.push_back(it->second.get());
  }
  return list;
}

const Exchange* State::find_exchange(ObjectId vhost, std::string_view name) const {
  return std::as_const(tables_->exchanges).find(vhost, name);
}
const Exchange* State::find_exchange(ObjectId id) const {
  return tables_->exchanges.find(id);
}
const Queue* State::find_queue(ObjectId vhost, std::string_view name) const {
  return tables_->queues.find(vhost, name);
}
const Queue* State::find_queue(ObjectId id) const {
  return tables_->queues.find(id);
}
const Queue* State::find_holder(ObjectId id) const {
  const auto it = tables_->holders.find(id.value);
  return find_queue(it == tables_->holders.end() ? id : it->second);
}
std::vector<const Queue*> State::queues_of_topic(ObjectId topic) const {
  std::vector<const Queue*> list;
  const auto over = tables_->over_topics.find(topic.value);
  if (over == tables_->over_topics.end()) return list;
  list.reserve(over->second.size());
  for (const ObjectId id : over->second) list.push_back(find_queue(id));
  return list;
}
const Topic* State::find_topic(ObjectId vhost, std::string_view name) const {
  return tables_->topics.find(vhost, name);
}
const Topic* State::find_topic(ObjectId id) const {
  return tables_->topics.find(id);
}
bool State::has_binding(const Binding& binding) const {
  return tables_->bindings.contains(binding);
}

std::vector<const VirtualHost*> State::virtual_hosts() const {
  std::vector<const VirtualHost*> list;
  for (const auto& [id, vhost] : tables_->vhosts) list.push_back(vhost.get());
  return list;
}

std::vector<const User*> State::users() const {
  std::vector<const User*> list;
  for (const auto& [name, user] : tables_->users) list.push_back(user.get());
  return list;
}

std::vector<const Permission*> State::permissions() const {
  std::vector<const Permission*> list;
  for (const auto& [key, permission] : tables_->permissions) list.push_back(permission.get());
  return list;
}

const std::set<AccessRule>& State::access_rules() const {
  return tables_->access_rules;
}

const ClientQuota* State::find_client_quota(const QuotaSubject& subject) const {
  const auto it = tables_->client_quotas.find(subject);
  return it == tables_->client_quotas.end() ? nullptr : &it->second;
}

const std::map<QuotaSubject, ClientQuota>& State::client_quotas() const {
  return tables_->client_quotas;
}

std::vector<const Exchange*> State::exchanges() const {
  return tables_->exchanges.all();
}
std::vector<const Queue*> State::queues() const {
  return tables_->queues.all();
}
std::vector<const Topic*> State::topics() const {
  return tables_->topics.all();
}
std::vector<const Binding*> State::bindings_of_source(ObjectId exchange) const {
  return tables_->bindings.of_source(exchange);
}
std::vector<const Binding*> State::bindings_of_destination(ObjectId destination) const {
  return tables_->bindings.of_destination(destination);
}
std::size_t State::queue_count() const {
  return tables_->queues.size();
}
std::size_t State::queue_count(ObjectId vhost) const {
  return tables_->queues.size(vhost);
}
std::uint64_t State::reserved_ids() const {
  return tables_->reserved_ids;
}

bool State::is_durable(const Command& command) const {
  const Tables& t = *tables_;
  if (const auto* c = std::get_if<CreateExchange>(&command)) return c->exchange.durable;
  if (const auto* c = std::get_if<CreateQueue>(&command)) return c->queue.stored();
  if (const auto* c = std::get_if<DeleteExchange>(&command)) {
    const Exchange* exchange = t.exchanges.find(c->id);
    return exchange != nullptr && exchange->durable;
  }
  if (const auto* c = std::get_if<DeleteQueue>(&command)) {
    const Queue* queue = t.queues.find(c->id);
    return queue != nullptr && queue->stored();
  }
  if (const auto* c = std::get_if<AddQueueParts>(&command)) {
    const Queue* queue = t.queues.find(c->queue);
    return queue != nullptr && queue->stored();
  }
  if (const auto* c = std::get_if<Bind>(&command)) return t.stored(c->binding);
  if (const auto* c = std::get_if<Unbind>(&command)) return t.stored(c->binding);
  return true;
}

void State::save(bytes::ByteVector& snapshot) const {
  bytes::Writer out(snapshot);
  const auto commands = tables_->commands(true);
  out.u8(kSnapshotVersion);
  out.u32(static_cast<std::uint32_t>(commands.size()));
  for (const Command& command : commands) encode_command(out, command);
}

bool State::load(bytes::ByteView snapshot) {
  *this = State();
  bytes::Reader in(snapshot);
  if (in.u8() != kSnapshotVersion) return false;
  const std::uint32_t count = in.u32();
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto command = decode_command(in);
    if (!command.has_value() || !validate(*command).has_value()) return false;
    apply(*command);
  }
  return in.ok() && in.at_end();
}

}  // namespace millrace::catalog
