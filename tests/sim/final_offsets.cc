#include <fmt/format.h>

#include <optional>

#include "simulation.h"

namespace millrace::simtest {

namespace {

constexpr base::Nanos kDecideLimit{60'000'000'000};

}  // namespace

std::optional<std::int64_t> Simulation::committed_offset(std::string_view group, std::string_view topic,
                                                         std::size_t partition) {
  broker::Shard& shard = server_.shard(random_.below(server_.shards()));
  const model::ObjectId vhost = shard.catalog().find_virtual_host("/")->id;
  const broker::TopicPartition place{shard.catalog().find_topic(vhost, topic)->id,
                                     static_cast<std::int32_t>(partition)};
  std::optional<std::int64_t> offset;
  bool pending = true;
  const auto ask = [&] {
    pending = false;
    shard.loop().post([&] {
      shard.groups().offsets({{vhost, std::string(group)}, std::vector{place}}, [&](broker::OffsetsReply reply) {
        pending = reply.entries.at(0).pending;
        offset = reply.entries.at(0).offset.has_value() ? reply.entries.at(0).offset->offset.value : -1;
      });
    });
  };
  // What a transaction is still to decide is decided when its time is over.
  for (int attempt = 0; attempt < 100 && pending; ++attempt) {
    offset.reset();
    ask();
    if (!wait([&] { return offset.has_value(); })) return std::nullopt;
    if (pending) world_.run_for(base::Nanos(10'000'000));
  }
  if (pending) oracle_.fail(fmt::format("the offset of {} stays undecided", group));
  return pending ? std::nullopt : offset;
}

void Simulation::judge_group(const std::vector<LogContent>& content) {
  for (std::size_t i = 0; i < plan_.partitions && plan_.group_members > 0 && !oracle_.failed(); ++i) {
    const auto offset = committed_offset(KafkaGroupMember::kGroup, "topic", i);
    if (offset.has_value()) group_.judge_final(i, *offset, content[i]);
  }
}

void Simulation::judge_transactions() {
  if (plan_.transactors == 0) return;
  KafkaTransactionReader reader(world_, wire_, oracle_, transactions_, plan_, 900, true);
  reader.start();
  const bool complete = world_.run_until([&] { return reader.at_end() || oracle_.failed(); }, kDecideLimit);
  reader.stop();
  if (oracle_.failed() || oracle_.damaged()) return;
  if (!complete) return oracle_.fail("a partition stays undecided");
  const std::map<std::string, TransactionOracle::Id> names = transactions_.names();
  for (const auto& [name, certain] : names) {
    const auto offset = committed_offset(name, kTransactionTopic, 0);
    if (!offset.has_value() || oracle_.failed()) return;
    transactions_.judge_offset(name, *offset);
  }
  transactions_.judge_final(reader.content());
}

}  // namespace millrace::simtest
