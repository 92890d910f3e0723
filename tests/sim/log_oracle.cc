#include "log_oracle.h"

#include <fmt/format.h>

#include <set>

namespace millrace::simtest {

std::uint64_t LogOracle::sent(std::size_t partition, std::uint64_t producer) {
  records_.push_back({.partition = partition, .producer = producer, .sequence = ++sequences_[producer]});
  return kFirst + records_.size() - 1;
}

void LogOracle::newest_rounds_in_doubt(const std::vector<base::Nanos>& certain) {
  for (Record& record : records_) {
    record.in_doubt |= record.told.value != 0 && record.told > certain[record.partition];
  }
}

void LogOracle::place(std::size_t partition, std::int64_t offset, std::uint64_t record, const char* how) {
  const auto [known, first_time] = seen_[partition].try_emplace(offset, record);
  if (!first_time && known->second != record && records_[known->second - kFirst].in_doubt) known->second = record;
  if (known->second != record) {
    oracle_.fail(fmt::format("offset {} of partition {} was record {} and is now record {} ({})", offset, partition,
                             known->second - kFirst, record - kFirst, how));
  }
  if (base::Nanos& told = records_[record - kFirst].told; told.value == 0) told = oracle_.now();
}

void LogOracle::stored(std::uint64_t first, std::size_t count, std::int64_t offset) {
  oracle_.trace(fmt::format("records {} to {} stored at {}", first - kFirst, first - kFirst + count - 1, offset));
  for (std::size_t i = 0; i < count; ++i) {
    Record& record = records_[first - kFirst + i];
    record.stored = true;
    place(record.partition, offset + static_cast<std::int64_t>(i), first + i, "stored");
  }
}

void LogOracle::confirmed(std::uint64_t record) {
  oracle_.trace(fmt::format("record {} confirmed", record - kFirst));
  Record& known = records_[record - kFirst];
  known.stored = true;
  if (known.told.value == 0) known.told = oracle_.now();
}

void LogOracle::passed(std::size_t partition, std::int64_t from, std::int64_t to) {
  if (oracle_.damaged()) return;
  const auto skipped = seen_[partition].lower_bound(from);
  if (skipped == seen_[partition].end() || skipped->first >= to) return;
  oracle_.fail(fmt::format("a reader of partition {} did not get the record {} at {}", partition,
                           skipped->second - kFirst, skipped->first));
}

void LogOracle::read(std::size_t partition, std::int64_t offset, bytes::ByteView body) {
  const std::uint64_t record = oracle_.read_body(body);
  if (record <= kFirst || record - kFirst >= records_.size()) {
    return oracle_.fail(fmt::format("partition {} has a record at {} that nobody sent", partition, offset));
  }
  if (records_[record - kFirst].partition != partition) {
    return oracle_.fail(fmt::format("record {} was read from partition {}", record - kFirst, partition));
  }
  oracle_.trace(fmt::format("record {} read from partition {} at {}", record - kFirst, partition, offset));
  place(partition, offset, record, "read");
}

void LogOracle::judge_final(std::size_t partition, const std::vector<std::pair<std::int64_t, std::uint64_t>>& content,
                            std::uint64_t quarantined) {
  std::set<std::uint64_t> there;
  std::map<std::uint64_t, std::uint64_t> last;  // by producer
  for (const auto& [offset, record] : content) {
    place(partition, offset, record, "at the end");
    if (!there.insert(record).second) {
      return oracle_.fail(fmt::format("record {} is twice in partition {}", record - kFirst, partition));
    }
    std::uint64_t& before = last[records_[record - kFirst].producer];
    if (record < before) {
      return oracle_.fail(
          fmt::format("partition {} has record {} before record {}", partition, before - kFirst, record - kFirst));
    }
    const std::uint64_t sequence = records_[record - kFirst].sequence;
    const std::uint64_t expected = before == 0 ? 1 : records_[before - kFirst].sequence + 1;
    if (whole_.contains(records_[record - kFirst].producer) && sequence != expected && !oracle_.damaged()) {
      return oracle_.fail(fmt::format("before record {} of partition {} some are missing", record - kFirst, partition));
    }
    before = record;
  }
  std::set<std::uint64_t> known;
  for (const auto& [offset, record] : seen_[partition]) known.insert(record);
  for (std::size_t i = 1; i < records_.size(); ++i) {
    if (records_[i].partition == partition && records_[i].stored) known.insert(kFirst + i);
  }
  std::uint64_t missing = 0;
  for (const std::uint64_t record : known) {
    if (there.contains(record)) continue;
    if (!oracle_.damaged()) {
      return oracle_.fail(fmt::format("record {} of partition {} is lost", record - kFirst, partition));
    }
    if (!records_[record - kFirst].in_doubt) ++missing;
  }
  if (missing > quarantined) {
    oracle_.fail(fmt::format("partition {} lost {} records, but reported only {} damaged ones", partition, missing,
                             quarantined));
  }
}

}  // namespace millrace::simtest
