#include "catalog/object_limits.h"

#include <fmt/core.h>

namespace millrace::catalog {

namespace {

Result<void> room_for(std::uint64_t more, std::uint64_t present, std::uint64_t limit, const char* what) {
  if (present <= limit && more <= limit - present) return {};
  return base::fail(CatalogErrc::too_many, fmt::format("{} limit of {} is reached", what, limit));
}

struct LimitCheck {
  const ObjectLimits& limits;
  const State& state;

  Result<void> operator()(const CreateVirtualHost&) const {
    return room_for(1, state.counts().virtual_hosts, limits.virtual_hosts, "virtual host");
  }
  Result<void> operator()(const PutUser& c) const {
    if (state.find_user(c.user.name) != nullptr) return {};
    return room_for(1, state.counts().users, limits.users, "user");
  }
  Result<void> operator()(const CreateExchange&) const {
    return room_for(1, state.counts().exchanges, limits.exchanges, "exchange");
  }
  Result<void> operator()(const CreateQueue& c) const {
    const VirtualHost* vhost = state.find_virtual_host(c.queue.vhost);
    if (vhost != nullptr && vhost->settings.max_queues.has_value()) {
      auto room = room_for(1, state.queue_count(vhost->id), *vhost->settings.max_queues, "the virtual host's queue");
      if (!room.has_value()) return room;
    }
    return room_for(1, state.counts().queues, limits.queues, "queue");
  }
  Result<void> operator()(const Bind&) const {
    return room_for(1, state.counts().bindings, limits.bindings, "binding");
  }
  Result<void> operator()(const CreateTopic& c) const {
    const ObjectCounts counts = state.counts();
    if (auto room = room_for(1, counts.topics, limits.topics, "topic"); !room.has_value()) return room;
    return room_for(c.topic.partitions.size(), counts.partitions, limits.partitions, "partition");
  }
  Result<void> operator()(const AddPartitions& c) const {
    return room_for(c.partitions.size(), state.counts().partitions, limits.partitions, "partition");
  }
  template <class Other>
  Result<void> operator()(const Other&) const {
    return {};
  }
};

}  // namespace

Result<void> check_limits(const ObjectLimits& limits, const State& state, const Command& command) {
  return std::visit(LimitCheck{limits, state}, command);
}

}  // namespace millrace::catalog
