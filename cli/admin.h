#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connection.h"

// What the commands ask of a server, as plain values.
namespace millrace::cli {

struct TopicPartition {
  std::string topic;
  std::int32_t partition = 0;
  auto operator<=>(const TopicPartition&) const = default;
};
using Offsets = std::map<TopicPartition, std::int64_t>;

struct Topic {
  std::string name;
  std::string id;  // as Kafka's tools write it
  std::int32_t partitions = 0;
};

struct Setting {
  std::string name;
  std::string value;
  /// Set for this topic, not a default.
  bool own = false;
};

struct GroupName {
  std::string name;
  std::string state;
  std::string protocol_type;
};

struct Member {
  std::string id;
  std::string instance;  // empty: none
  std::string client;
  std::string host;
  std::vector<TopicPartition> assigned;
};

struct Group {
  std::string name;
  std::string state;
  std::string protocol_type;
  std::string protocol;
  std::vector<Member> members;
};

/// A setting and its new value; nothing: back to the default.
using SettingChange = std::pair<std::string, std::optional<std::string>>;

/// What ListOffsets takes for a time.
constexpr std::int64_t kEarliest = -2;
constexpr std::int64_t kLatest = -1;

class Admin {
 public:
  explicit Admin(Connection& connection) : connection_(connection) {}

  /// All that the user may see, sorted by name.
  Result<std::vector<Topic>> topics();
  Result<Topic> topic(const std::string& name);
  Result<std::vector<Setting>> settings(const std::string& topic);
  Result<void> create_topic(const std::string& name, std::int32_t partitions,
                            const std::vector<SettingChange>& settings);
  Result<void> delete_topic(const std::string& name);
  Result<void> add_partitions(const std::string& name, std::int32_t count);
  Result<void> change_settings(const std::string& topic, const std::vector<SettingChange>& changes);

  /// kEarliest, kLatest, or the first records not older than a time in milliseconds (-1 where there is none). What is
  /// not there any more is left out.
  Result<Offsets> offsets(const std::vector<TopicPartition>& partitions, std::int64_t time);

  Result<std::vector<GroupName>> groups();
  /// Nothing when there is no such group.
  Result<std::optional<Group>> group(const std::string& name);
  Result<Offsets> committed(const std::string& group);
  Result<void> commit(const std::string& group, const Offsets& offsets);
  Result<void> delete_group(const std::string& name);
  Result<void> delete_offsets(const std::string& group, const std::vector<TopicPartition>& partitions);

 private:
  Connection& connection_;
};

}  // namespace millrace::cli
