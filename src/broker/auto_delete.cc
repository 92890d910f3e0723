#include "broker/auto_delete.h"

#include <algorithm>
#include <set>

namespace millrace::broker {

namespace {

using catalog::Binding;
using catalog::ObjectId;

/// What a transaction takes away.
struct Removal {
  std::vector<const Binding*> unbound;
  std::set<ObjectId> deleted;

  bool takes(const Binding& binding) const {
    if (deleted.contains(binding.destination.id)) return true;
    return std::ranges::any_of(unbound, [&binding](const Binding* each) { return *each == binding; });
  }
};

void add_sources(const catalog::State& state, ObjectId destination, std::vector<ObjectId>& sources) {
  for (const Binding* binding : state.bindings_of_destination(destination)) sources.push_back(binding->source);
}

/// The queue of an exchange goes with it.
void add_delay_queues(const catalog::State& state, catalog::Transaction& transaction) {
  const std::size_t count = transaction.commands.size();
  for (std::size_t i = 0; i < count; ++i) {
    const auto* deleted = std::get_if<catalog::DeleteExchange>(&transaction.commands[i]);
    const catalog::Exchange* exchange = deleted == nullptr ? nullptr : state.find_exchange(deleted->id);
    if (exchange == nullptr || !exchange->delays || state.find_queue(exchange->delay_queue) == nullptr) continue;
    transaction.commands.emplace_back(catalog::DeleteQueue{exchange->delay_queue});
  }
}

}  // namespace

void add_auto_deletes(const catalog::State& state, catalog::Transaction& transaction) {
  Removal removal;
  std::vector<ObjectId> candidates;
  for (const catalog::Command& command : transaction.commands) {
    if (const auto* unbind = std::get_if<catalog::Unbind>(&command)) {
      if (!state.has_binding(unbind->binding)) continue;
      removal.unbound.push_back(&unbind->binding);
      candidates.push_back(unbind->binding.source);
    } else if (const auto* queue = std::get_if<catalog::DeleteQueue>(&command)) {
      removal.deleted.insert(queue->id);
      add_sources(state, queue->id, candidates);
    } else if (const auto* topic = std::get_if<catalog::DeleteTopic>(&command)) {
      removal.deleted.insert(topic->id);
      add_sources(state, topic->id, candidates);
    } else if (const auto* exchange = std::get_if<catalog::DeleteExchange>(&command)) {
      removal.deleted.insert(exchange->id);
      add_sources(state, exchange->id, candidates);
    }
  }
  // `unbound` points into the commands: what is added waits until the end.
  std::vector<catalog::Command> added;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const catalog::Exchange* exchange = state.find_exchange(candidates[i]);
    if (exchange == nullptr || !exchange->auto_delete || removal.deleted.contains(exchange->id)) continue;
    const auto bindings = state.bindings_of_source(exchange->id);
    if (!std::ranges::all_of(bindings, [&removal](const Binding* each) { return removal.takes(*each); })) continue;
    if (transaction.commands.size() + added.size() >= catalog::Transaction::kMaxCommands) break;
    removal.deleted.insert(exchange->id);
    add_sources(state, exchange->id, candidates);
    added.emplace_back(catalog::DeleteExchange{exchange->id});
  }
  for (catalog::Command& command : added) transaction.commands.push_back(std::move(command));
  add_delay_queues(state, transaction);
}

}  // namespace millrace::broker
