#include "gateway/kafka/topics.h"

#include <algorithm>

#include "bytes/endian.h"
#include "gateway/kafka/connection.h"

namespace millrace::gateway::kafka {

using ::millrace::wire::kafka::Uuid;

namespace {

/// A queue has no topic id of its own: its number, in a range that random ids do not meet.
Uuid uuid_of_queue(model::ObjectId id) {
  Uuid uuid;
  bytes::store_be<std::uint64_t>(uuid.value.data() + 8, id.value);
  return uuid;
}

/// One over a topic has no log of its own, and what an exchange delays is for nobody to see.
bool is_visible(const catalog::Queue& queue) {
  return !queue.exclusive_owner.has_value() && !queue.source.has_value() && !queue.settings.delays;
}

TopicView view_of(const catalog::Topic& topic) {
  TopicView view{.id = topic.id, .name = topic.name, .is_queue = false, .uuid = {}, .partitions = {}};
  std::copy(topic.topic_id.begin(), topic.topic_id.end(), view.uuid.value.begin());
  for (const auto& partition : topic.partitions) view.partitions.push_back({partition.log, partition.shard});
  return view;
}

TopicView view_of(const catalog::Queue& queue) {
  return {.id = queue.id,
          .name = queue.name,
          .is_queue = true,
          .uuid = uuid_of_queue(queue.id),
          .partitions = {{model::LogId(queue.id.value), queue.shard}}};
}

}  // namespace

const catalog::Topic* TopicIds::look_up(const Key& key) const {
  const auto it = ids_.find(key);
  if (it == ids_.end()) return nullptr;
  const catalog::Topic* topic = shard_.catalog().find_topic(it->second);
  return topic != nullptr && topic->topic_id == key ? topic : nullptr;
}

const catalog::Topic* TopicIds::find(const Uuid& uuid) {
  if (const catalog::Topic* found = look_up(uuid.value)) return found;
  if (generation_ == shard_.catalog_generation()) return nullptr;
  generation_ = shard_.catalog_generation();
  ids_.clear();
  for (const catalog::Topic* topic : shard_.catalog().topics()) ids_.emplace(topic->topic_id, topic->id);
  return look_up(uuid.value);
}

Topics::Topics(Connection& connection)
    : shard_(connection.shard()), user_(connection.user()), host_(connection.host()), ids_(connection.topic_ids()) {}

model::ObjectId Topics::vhost() const {
  const catalog::VirtualHost* root = shard_.catalog().find_virtual_host("/");
  return root == nullptr ? model::ObjectId(0) : root->id;
}

std::optional<TopicView> Topics::find(std::string_view name) const {
  const model::ObjectId root = vhost();
  if (const catalog::Topic* topic = shard_.catalog().find_topic(root, name)) return view_of(*topic);
  const catalog::Queue* queue = shard_.catalog().find_queue(root, name);
  if (queue != nullptr && is_visible(*queue)) return view_of(*queue);
  return std::nullopt;
}

std::optional<TopicView> Topics::find(const Uuid& uuid) const {
  if (const catalog::Topic* topic = ids_.find(uuid)) {
    if (topic->vhost == vhost()) return view_of(*topic);
    return std::nullopt;
  }
  const auto number = bytes::load_be<std::uint64_t>(uuid.value.data() + 8);
  const catalog::Queue* queue = shard_.catalog().find_queue(model::ObjectId(number));
  if (queue == nullptr || uuid_of_queue(queue->id) != uuid) return std::nullopt;
  if (queue->vhost != vhost() || !is_visible(*queue)) return std::nullopt;
  return view_of(*queue);
}

std::optional<broker::LogRef> Topics::partition(std::string_view topic, std::int32_t index) const {
  const auto view = find(topic);
  if (!view.has_value() || index < 0 || static_cast<std::size_t>(index) >= view->partitions.size()) return std::nullopt;
  return view->partitions[static_cast<std::size_t>(index)];
}

std::vector<TopicView> Topics::all() const {
  const model::ObjectId root = vhost();
  std::vector<TopicView> views;
  for (const catalog::Topic* topic : shard_.catalog().topics()) {
    if (topic->vhost == root) views.push_back(view_of(*topic));
  }
  for (const catalog::Queue* queue : shard_.catalog().queues()) {
    if (queue->vhost != root || !is_visible(*queue)) continue;
    if (shard_.catalog().find_topic(root, queue->name) == nullptr) views.push_back(view_of(*queue));
  }
  return views;
}

bool Topics::may(auth::Operation operation, auth::RuleResource kind, std::string_view name) const {
  return shard_.authorizer().allowed(
      {.user = user_, .host = host_, .vhost = vhost(), .operation = operation, .kind = kind, .name = name});
}

bool Topics::may_create(std::string_view topic) const {
  return may(auth::Operation::create, topic) ||
         may(auth::Operation::create, auth::RuleResource::cluster, kClusterResource);
}

bool Topics::valid_name(std::string_view name) {
  return !name.empty() && name.size() <= 249 && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-'; });
}

}  // namespace millrace::gateway::kafka
