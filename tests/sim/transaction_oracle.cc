#include "transaction_oracle.h"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::simtest {

TransactionOracle::Id TransactionOracle::began(const std::string& name) {
  transactions_.emplace_back().name = name;
  certain_offsets_.try_emplace(name, 0);
  oracle_.trace(fmt::format("transaction {} of {} begins", transactions_.size() - 1, name));
  return transactions_.size() - 1;
}

std::uint64_t TransactionOracle::sent(Id transaction, std::size_t partition) {
  records_.push_back({transaction, partition});
  const std::uint64_t record = kFirst + records_.size() - 1;
  transactions_[transaction].records.push_back(record);
  transactions_[transaction].all_stored = false;
  return record;
}

void TransactionOracle::committing(Id transaction) {
  oracle_.trace(fmt::format("transaction {} is to be committed", transaction));
  transactions_[transaction].state = State::committing;
}

void TransactionOracle::committed(Id transaction) {
  oracle_.trace(fmt::format("transaction {} is committed", transaction));
  Transaction& known = transactions_[transaction];
  known.state = State::committed;
  if (known.has_offset) {
    Id& certain = certain_offsets_[known.name];
    certain = std::max(certain, transaction);
  }
  oracle_.events().count("transaction.committed");
}

void TransactionOracle::not_committed(Id transaction) {
  oracle_.trace(fmt::format("transaction {} is not committed", transaction));
  transactions_[transaction].state = State::not_committed;
  oracle_.events().count("transaction.not_committed");
}

std::string TransactionOracle::describe(Id transaction) const {
  static constexpr const char* kStates[] = {"open", "in doubt", "committed", "not committed"};
  const Transaction& known = transactions_[transaction];
  return fmt::format("transaction {} of {} ({}, {} records)", transaction, known.name,
                     kStates[static_cast<std::size_t>(known.state)], known.records.size());
}

std::uint64_t TransactionOracle::read_body(bytes::ByteView body) const {
  const std::uint64_t record = oracle_.read_body(body);
  return record > kFirst && record - kFirst < records_.size() ? record : 0;
}

void TransactionOracle::read(std::size_t partition, std::int64_t offset, bytes::ByteView body) {
  const std::uint64_t record = read_body(body);
  if (record == 0 || records_[record - kFirst].partition != partition) {
    return oracle_.fail(fmt::format("partition {} has at {} what nobody sent there", partition, offset));
  }
  const Id transaction = records_[record - kFirst].transaction;
  oracle_.events().count("transaction.read");
  if (oracle_.damaged()) return;
  const auto [known, first_time] = seen_[partition].try_emplace(offset, record);
  if (known->second != record) {
    return oracle_.fail(fmt::format("offset {} of partition {} was record {} and is now record {}", offset, partition,
                                    known->second - kFirst, record - kFirst));
  }
  const State state = transactions_[transaction].state;
  if (state == State::open || state == State::not_committed) {
    oracle_.fail(fmt::format("record {} was read and is of {}", record - kFirst, describe(transaction)));
  }
}

TransactionOracle::Id TransactionOracle::certain_offset(const std::string& name) const {
  const auto found = certain_offsets_.find(name);
  return found == certain_offsets_.end() ? 0 : found->second;
}

void TransactionOracle::offset_seen(const std::string& name, std::int64_t offset, Id certain) {
  oracle_.trace(fmt::format("{} is at {}", name, offset));
  if (oracle_.damaged()) return;
  if (certain > 0 && offset < static_cast<std::int64_t>(certain)) {
    return oracle_.fail(fmt::format("{} has lost the offset of {}", name, describe(certain)));
  }
  if (offset <= 0) return;
  const auto id = static_cast<Id>(offset);
  if (id >= transactions_.size()) return oracle_.fail(fmt::format("{} is at {}, which nobody sent", name, offset));
  Transaction& transaction = transactions_[id];
  if (transaction.state == State::open || transaction.state == State::not_committed || !transaction.has_offset) {
    return oracle_.fail(fmt::format("{} is at the offset of {}", name, describe(id)));
  }
  // So it was committed, and its records must be there.
  if (transaction.state == State::committing) committed(id);
}

void TransactionOracle::judge_offset(const std::string& name, std::int64_t offset) {
  offset_seen(name, offset, certain_offset(name));
  if (oracle_.damaged()) return;
  for (Id id = static_cast<Id>(std::max<std::int64_t>(offset, 0)) + 1; id < transactions_.size(); ++id) {
    const Transaction& transaction = transactions_[id];
    if (transaction.name != name || !transaction.has_offset || transaction.state != State::committing) continue;
    not_committed(id);  // it would have brought its offset
  }
}

void TransactionOracle::judge(Id id, const std::map<std::uint64_t, std::size_t>& found) {
  const Transaction& transaction = transactions_[id];
  std::size_t there = 0;
  for (const std::uint64_t record : transaction.records) {
    const auto times = found.find(record);
    if (times == found.end()) continue;
    ++there;
    if (times->second > 1) {
      return oracle_.fail(fmt::format("record {} is {} times there: {}", record - kFirst, times->second, describe(id)));
    }
  }
  const bool whole = there == transaction.records.size();
  switch (transaction.state) {
    case State::open:
    case State::not_committed:
      if (there > 0) oracle_.fail(fmt::format("{} of its records are there: {}", there, describe(id)));
      return;
    case State::committed:
      if (!whole) oracle_.fail(fmt::format("only {} of its records are there: {}", there, describe(id)));
      return;
    case State::committing:
      oracle_.events().count(there > 0 ? "transaction.doubtful_committed" : "transaction.doubtful_aborted");
      if (there > 0 && !whole) oracle_.fail(fmt::format("torn: {} of its records: {}", there, describe(id)));
      return;
  }
}

void TransactionOracle::judge_final(const std::vector<std::vector<std::uint64_t>>& content) {
  if (oracle_.damaged()) return;
  std::map<std::uint64_t, std::size_t> found;
  for (const auto& partition : content) {
    std::map<std::string, std::uint64_t> last;  // by name
    for (const std::uint64_t record : partition) {
      ++found[record];
      std::uint64_t& before = last[transactions_[records_[record - kFirst].transaction].name];
      if (record <= before && found[record] == 1) {
        return oracle_.fail(fmt::format("record {} comes after record {}", record - kFirst, before - kFirst));
      }
      before = record;
    }
  }
  for (Id id = 1; id < transactions_.size() && !oracle_.failed(); ++id) judge(id, found);
}

}  // namespace millrace::simtest
