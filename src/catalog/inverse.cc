#include <utility>

#include "catalog/state.h"

// What undoes a command, so that a transaction that fails half-way leaves nothing behind.
namespace millrace::catalog {

namespace {

using Commands = std::vector<Command>;

struct Inverter {
  const State& state;

  template <class Put, class T, class Delete>
  static Commands put_back(const T* previous, Delete otherwise) {
    if (previous != nullptr) return {Put{*previous}};
    return {std::move(otherwise)};
  }
  void add_bindings(ObjectId object, bool also_as_source, Commands& out) const {
    for (const Binding* binding : state.bindings_of_destination(object)) {
      // Of one that leads back to its own object the other list tells, too.
      if (!also_as_source || binding->source != object) out.emplace_back(Bind{*binding});
    }
    if (!also_as_source) return;
    for (const Binding* binding : state.bindings_of_source(object)) out.emplace_back(Bind{*binding});
  }

  Commands operator()(const CreateVirtualHost& c) const { return {DeleteVirtualHost{c.vhost.id}}; }
  Commands operator()(const DeleteVirtualHost& c) const;
  Commands operator()(const AlterVirtualHost& c) const {
    return {AlterVirtualHost{c.id, state.find_virtual_host(c.id)->settings}};
  }
  Commands operator()(const PutUser& c) const {
    return put_back<PutUser>(state.find_user(c.user.name), DeleteUser{c.user.name});
  }
  Commands operator()(const DeleteUser& c) const {
    Commands undo{PutUser{*state.find_user(c.name)}};
    for (const Permission* one : state.permissions()) {
      if (one->user == c.name) undo.emplace_back(PutPermission{*one});
    }
    for (const TopicPermission* one : state.topic_permissions()) {
      if (one->user == c.name) undo.emplace_back(PutTopicPermission{*one});
    }
    for (const AccessRule& one : state.access_rules()) {
      if (one.user == c.name) undo.emplace_back(PutAccessRule{one});
    }
    return undo;
  }
  Commands operator()(const PutPermission& c) const {
    const Permission& one = c.permission;
    return put_back<PutPermission>(state.find_permission(one.user, one.vhost), DeletePermission{one.user, one.vhost});
  }
  Commands operator()(const DeletePermission& c) const {
    return {PutPermission{*state.find_permission(c.user, c.vhost)}};
  }
  Commands operator()(const CreateExchange& c) const { return {DeleteExchange{c.exchange.id}}; }
  Commands operator()(const DeleteExchange& c) const {
    Commands undo{CreateExchange{*state.find_exchange(c.id)}};
    add_bindings(c.id, true, undo);
    return undo;
  }
  Commands operator()(const CreateQueue& c) const { return {DeleteQueue{c.queue.id}}; }
  Commands operator()(const DeleteQueue& c) const {
    Commands undo{CreateQueue{*state.find_queue(c.id)}};
    add_bindings(c.id, false, undo);
    return undo;
  }
  Commands operator()(const CreateTopic& c) const { return {DeleteTopic{c.topic.id}}; }
  Commands operator()(const DeleteTopic& c) const {
    Commands undo{CreateTopic{*state.find_topic(c.id)}};
    add_bindings(c.id, false, undo);
    return undo;
  }
  Commands operator()(const AddPartitions& c) const {
    Commands undo;
    const auto over = state.queues_of_topic(c.topic);
    for (const Queue* queue : over) undo.emplace_back(DeleteQueue{queue->id});
    undo.emplace_back(DeleteTopic{c.topic});
    undo.emplace_back(CreateTopic{*state.find_topic(c.topic)});
    for (const Queue* queue : over) {
      undo.emplace_back(CreateQueue{*queue});
      add_bindings(queue->id, false, undo);
    }
    add_bindings(c.topic, false, undo);
    return undo;
  }
  Commands operator()(const AddQueueParts& c) const {
    Commands undo{DeleteQueue{c.queue}, CreateQueue{*state.find_queue(c.queue)}};
    add_bindings(c.queue, false, undo);
    return undo;
  }
  Commands operator()(const AlterTopicSettings& c) const {
    return {AlterTopicSettings{c.topic, state.find_topic(c.topic)->settings}};
  }
  Commands operator()(const Bind& c) const { return {Unbind{c.binding}}; }
  Commands operator()(const Unbind& c) const;
  Commands operator()(const ReserveIds&) const { return {}; }
  Commands operator()(const PutTopicPermission& c) const {
    const TopicPermission& one = c.permission;
    return put_back<PutTopicPermission>(state.find_topic_permission(one.user, one.vhost, one.exchange),
                                        DeleteTopicPermission{one.user, one.vhost, one.exchange});
  }
  Commands operator()(const DeleteTopicPermission& c) const {
    return {PutTopicPermission{*state.find_topic_permission(c.user, c.vhost, c.exchange)}};
  }
  Commands operator()(const PutPolicy& c) const {
    const Policy& one = c.policy;
    return put_back<PutPolicy>(state.find_policy(one.vhost, one.of_operator, one.name),
                               DeletePolicy{one.vhost, one.of_operator, one.name});
  }
  Commands operator()(const DeletePolicy& c) const {
    return {PutPolicy{*state.find_policy(c.vhost, c.of_operator, c.name)}};
  }
  Commands operator()(const PutAccessRule& c) const {
    if (state.access_rules().contains(c.rule)) return {};
    return {DeleteAccessRule{c.rule}};
  }
  Commands operator()(const DeleteAccessRule& c) const { return {PutAccessRule{c.rule}}; }
  Commands operator()(const PutClientQuota& c) const {
    return put_back<PutClientQuota>(state.find_client_quota(c.quota.subject), DeleteClientQuota{c.quota.subject});
  }
  Commands operator()(const DeleteClientQuota& c) const {
    return {PutClientQuota{*state.find_client_quota(c.subject)}};
  }
};

/// The command may leave out what follows from the rest of the binding.
Commands Inverter::operator()(const Unbind& c) const {
  for (const Binding* binding : state.bindings_of_destination(c.binding.destination.id)) {
    const bool same = binding->source == c.binding.source && binding->destination == c.binding.destination &&
                      binding->routing_key == c.binding.routing_key &&
                      binding->native_arguments == c.binding.native_arguments;
    if (same) return {Bind{*binding}};
  }
  return {};
}

Commands Inverter::operator()(const DeleteVirtualHost& c) const {
  Commands undo{CreateVirtualHost{*state.find_virtual_host(c.id)}};
  const auto add = [&]<class Put>(const auto& objects, std::type_identity<Put>) {
    for (const auto* object : objects) {
      if (object->vhost == c.id) undo.emplace_back(Put{*object});
    }
  };
  add(state.permissions(), std::type_identity<PutPermission>{});
  add(state.topic_permissions(), std::type_identity<PutTopicPermission>{});
  for (const AccessRule& one : state.access_rules()) {
    if (one.vhost == c.id) undo.emplace_back(PutAccessRule{one});
  }
  for (const bool of_operator : {false, true}) {
    add(state.policies(c.id, of_operator), std::type_identity<PutPolicy>{});
  }
  add(state.exchanges(), std::type_identity<CreateExchange>{});
  add(state.topics(), std::type_identity<CreateTopic>{});
  add(state.queues(), std::type_identity<CreateQueue>{});
  for (const Exchange* exchange : state.exchanges()) {
    if (exchange->vhost == c.id) add(state.bindings_of_source(exchange->id), std::type_identity<Bind>{});
  }
  return undo;
}

}  // namespace

std::optional<std::vector<Command>> State::inverse(const Command& command) const {
  if (std::holds_alternative<ReserveIds>(command)) return std::nullopt;
  return std::visit(Inverter{*this}, command);
}

}  // namespace millrace::catalog
