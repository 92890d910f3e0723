#include "gateway/kafka/fetch_session.h"

namespace millrace::gateway::kafka {

namespace {

FetchWanted to_wanted(const wire::FetchRequest::Topic& topic, const wire::FetchRequest::Partition& partition) {
  return {topic.topic, topic.topic_id, partition.partition, partition.fetch_offset, partition.partition_max_bytes, {}};
}

}  // namespace

std::vector<FetchWanted> wanted_of(const wire::FetchRequest& request) {
  std::vector<FetchWanted> all;
  for (const auto& topic : request.topics) {
    for (const auto& partition : topic.partitions) all.push_back(to_wanted(topic, partition));
  }
  return all;
}

std::unique_ptr<FetchSession> FetchSession::open(std::int32_t id, const wire::FetchRequest& request, bool by_id) {
  std::unique_ptr<FetchSession> session(new FetchSession(id, by_id));
  if (!session->update(request)) return nullptr;
  session->epoch_ = 1;
  return session;
}

bool FetchSession::update(const wire::FetchRequest& request) {
  // After the largest number comes 1: 0 and -1 have meanings of their own.
  epoch_ = epoch_ == INT32_MAX ? 1 : epoch_ + 1;
  for (const auto& topic : request.topics) {
    std::shared_ptr<const std::string> name;
    for (const auto& partition : topic.partitions) {
      FetchWanted wanted = to_wanted(topic, partition);
      if (const auto known = index_.find(key_of(wanted)); known != index_.end()) {
        FetchWanted& own = known->second->wanted;
        own.offset = wanted.offset;
        own.max_bytes = wanted.max_bytes;
        continue;
      }
      if (index_.size() >= kMaxPartitions) return false;
      if (name == nullptr) name = std::make_shared<const std::string>(topic.topic);
      wanted.owner = name;
      wanted.topic = wire::Text(*name);
      entries_.push_back({std::move(wanted), {}});
      index_.emplace(key_of(entries_.back().wanted), std::prev(entries_.end()));
    }
  }
  for (const auto& topic : request.forgotten_topics_data) {
    for (const std::int32_t partition : topic.partitions) {
      const auto known = index_.find({topic.topic, topic.topic_id, partition});
      if (known == index_.end()) continue;
      const auto entry = known->second;
      index_.erase(known);
      entries_.erase(entry);
    }
  }
  return true;
}

std::vector<FetchWanted> FetchSession::wanted() const {
  std::vector<FetchWanted> all;
  all.reserve(entries_.size());
  for (const Entry& entry : entries_) all.push_back(entry.wanted);
  return all;
}

bool FetchSession::tell(const FetchWanted& partition, const Told& now) {
  const auto known = index_.find(key_of(partition));
  if (known == index_.end() || known->second->told == now) return false;
  known->second->told = now;
  return true;
}

void FetchSession::move_back(const FetchWanted& partition) {
  const auto known = index_.find(key_of(partition));
  if (known != index_.end()) entries_.splice(entries_.end(), entries_, known->second);
}

}  // namespace millrace::gateway::kafka
