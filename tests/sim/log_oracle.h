#pragma once

#include <map>
#include <set>
#include <vector>

#include "oracle.h"

namespace millrace::simtest {

/// What the simulation knows of the records of a topic: each was sent to one partition by one producer, in an order.
class LogOracle {
 public:
  LogOracle(Oracle& oracle, std::size_t partitions) : oracle_(oracle), seen_(partitions), records_(1) {}

  /// A record's number; its body comes from Oracle::make_body.
  std::uint64_t sent(std::size_t partition, std::uint64_t producer);
  /// What this producer has sent is in its partition without a gap, up to some record.
  void promise_whole(std::uint64_t producer) { whole_.insert(producer); }
  /// The batch of `first`, `count` records long, is stored from `offset` on, says the server.
  void stored(std::uint64_t first, std::size_t count, std::int64_t offset);
  /// It is stored, somewhere.
  void confirmed(std::uint64_t record);
  /// A reader went from `from` to `to` and got nothing between them.
  void passed(std::size_t partition, std::int64_t from, std::int64_t to);
  /// A reader got it at this offset.
  void read(std::size_t partition, std::int64_t offset, bytes::ByteView body);
  /// The whole log, read at the end: all that anybody was told of is there, and nothing twice.
  void judge_final(std::size_t partition, const std::vector<std::pair<std::int64_t, std::uint64_t>>& content,
                   std::uint64_t quarantined);
  /// As Oracle::newest_rounds_in_doubt, by partition.
  void newest_rounds_in_doubt(const std::vector<base::Nanos>& certain);
  std::uint64_t count() const { return records_.size() - 1; }
  /// Record numbers are apart from message numbers.
  static constexpr std::uint64_t kFirst = std::uint64_t{1} << 40;

 private:
  struct Record {
    std::size_t partition = 0;
    std::uint64_t producer = 0;
    std::uint64_t sequence = 0;  // of its producer, from 1 on
    bool stored = false;
    base::Nanos told{0};  // when somebody first heard that it is stored
    bool in_doubt = false;
  };
  void place(std::size_t partition, std::int64_t offset, std::uint64_t record, const char* how);

  Oracle& oracle_;
  std::vector<std::map<std::int64_t, std::uint64_t>> seen_;  // per partition, by offset
  std::vector<Record> records_;
  std::map<std::uint64_t, std::uint64_t> sequences_;  // by producer
  std::set<std::uint64_t> whole_;
};

}  // namespace millrace::simtest
