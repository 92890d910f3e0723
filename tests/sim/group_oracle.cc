#include "group_oracle.h"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::simtest {

void GroupOracle::committed(std::size_t partition, std::int64_t offset) {
  oracle_.trace(fmt::format("the group has committed {} of partition {}", offset, partition));
  std::int64_t& known = partitions_[partition].committed;
  known = std::max(known, offset);
  oracle_.events().count("group.committed");
}

void GroupOracle::fetched(std::size_t partition, std::int64_t offset, std::int64_t certain) {
  oracle_.trace(fmt::format("the group is at {} of partition {}", offset, partition));
  if (oracle_.damaged()) return;
  if (offset < certain) {
    return oracle_.fail(fmt::format("the group went back in partition {}: {} was committed, and now it is at {}",
                                    partition, certain, offset));
  }
  if (offset >= 0 && !partitions_[partition].sent.contains(offset)) {
    oracle_.fail(fmt::format("the group is at {} of partition {}, which nobody committed", offset, partition));
  }
}

void GroupOracle::judge_final(std::size_t partition, std::int64_t committed,
                              const std::vector<std::pair<std::int64_t, std::uint64_t>>& content) {
  fetched(partition, committed, certain(partition));
  if (oracle_.damaged()) return;
  for (const auto& [offset, record] : content) {
    if (offset >= committed || partitions_[partition].processed.contains(offset)) continue;
    return oracle_.fail(fmt::format("the group has committed {} of partition {}, but nobody was given {}", committed,
                                    partition, offset));
  }
}

}  // namespace millrace::simtest
