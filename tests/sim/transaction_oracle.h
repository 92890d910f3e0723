#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "oracle.h"

namespace millrace::simtest {

/// What the simulation knows of the transactions of producers: records in several partitions, and perhaps an offset,
/// that come together or not at all.
class TransactionOracle {
 public:
  TransactionOracle(Oracle& oracle, std::size_t partitions)
      : oracle_(oracle), seen_(partitions), transactions_(1), records_(1) {}

  using Id = std::uint64_t;
  /// A producer of this name begins a transaction.
  Id began(const std::string& name);
  /// A record of it is sent; its body comes from Oracle::make_body.
  std::uint64_t sent(Id transaction, std::size_t partition);
  /// All sent so far is stored, says the server.
  void stored(Id transaction) { transactions_[transaction].all_stored = true; }
  /// With it the name's offset becomes the transaction's number.
  void offset_sent(Id transaction) { transactions_[transaction].has_offset = true; }
  /// The commit is sent: from now on both outcomes may be.
  void committing(Id transaction);
  void committed(Id transaction);
  /// It was not asked to be committed, or the server refused that.
  void not_committed(Id transaction);

  /// Somebody who reads what is decided got it.
  void read(std::size_t partition, std::int64_t offset, bytes::ByteView body);
  /// The last transaction of this name that came with an offset and was confirmed; 0: none.
  Id certain_offset(const std::string& name) const;
  /// The offset of the name, asked for when `certain` was known; 0: there is none.
  void offset_seen(const std::string& name, std::int64_t offset, Id certain);
  /// At the end, when all is decided: the records of each partition in order; and the offset of each name.
  void judge_final(const std::vector<std::vector<std::uint64_t>>& content);
  const std::map<std::string, Id>& names() const { return certain_offsets_; }
  std::size_t partitions() const { return seen_.size(); }
  void judge_offset(const std::string& name, std::int64_t offset);
  std::uint64_t read_body(bytes::ByteView body) const;
  /// Numbers of records are apart from all others.
  static constexpr std::uint64_t kFirst = std::uint64_t{1} << 41;

 private:
  enum class State : std::uint8_t { open, committing, committed, not_committed };
  struct Transaction {
    std::string name;
    State state = State::open;
    bool all_stored = false;
    bool has_offset = false;
    std::vector<std::uint64_t> records;
  };
  struct Record {
    Id transaction = 0;
    std::size_t partition = 0;
  };
  std::string describe(Id transaction) const;
  void judge(Id transaction, const std::map<std::uint64_t, std::size_t>& found);

  Oracle& oracle_;
  std::vector<std::map<std::int64_t, std::uint64_t>> seen_;  // per partition, by offset
  std::vector<Transaction> transactions_;
  std::vector<Record> records_;
  std::map<std::string, Id> certain_offsets_;
};

}  // namespace millrace::simtest
