#pragma once

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "oracle.h"

namespace millrace::simtest {

/// What the simulation knows of the one group of readers: how far it has come, and what its members were given.
class GroupOracle {
 public:
  GroupOracle(Oracle& oracle, std::size_t partitions) : oracle_(oracle), partitions_(partitions) {}

  /// A member works on the record at this offset.
  void processed(std::size_t partition, std::int64_t offset) { partitions_[partition].processed.insert(offset); }
  void commit_sent(std::size_t partition, std::int64_t offset) { partitions_[partition].sent.insert(offset); }
  /// The server said that everything below `offset` is done.
  void committed(std::size_t partition, std::int64_t offset);
  /// How far it has surely come: what is asked for from now on must not be less.
  std::int64_t certain(std::size_t partition) const { return partitions_[partition].committed; }
  /// The server told a member how far the group has come; -1: nowhere. `certain`: as it was when the member asked.
  void fetched(std::size_t partition, std::int64_t offset, std::int64_t certain);
  /// At the end. `content`: the offsets and records of the log.
  void judge_final(std::size_t partition, std::int64_t committed,
                   const std::vector<std::pair<std::int64_t, std::uint64_t>>& content);

 private:
  struct Partition {
    std::set<std::int64_t> processed;
    std::set<std::int64_t> sent;
    std::int64_t committed = -1;
  };
  Oracle& oracle_;
  std::vector<Partition> partitions_;
};

}  // namespace millrace::simtest
