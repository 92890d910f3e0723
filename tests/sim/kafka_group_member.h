#pragma once

#include <map>
#include <optional>
#include <string>

#include "group_oracle.h"
#include "kafka_client.h"

namespace millrace::simtest {

/// A member of the group that reads the topic: joins, reads what it is given, commits how far it came. Now and then it
/// leaves, or says nothing for so long that the group goes on without it, and then tries to commit nevertheless.
class KafkaGroupMember final : public KafkaClient {
 public:
  KafkaGroupMember(sim::SimWorld& world, sim::SimWire& wire, Oracle& oracle, LogOracle& logs, GroupOracle& group,
                   const Plan& plan, std::uint64_t number);
  static constexpr std::string_view kGroup = "group";

 private:
  enum class Phase : std::uint8_t { outside, joining, asking, reading };
  struct Position {
    std::int64_t next = 0;
    std::int64_t committed = 0;
  };
  /// A place in the group that was lost.
  struct Stale {
    std::string member;
    std::int32_t generation;
    std::map<std::size_t, Position> positions;
  };

  void act() override;
  void connected() override;
  bool hurries() const override { return phase_ != Phase::outside; }
  void join();
  void joined(bytes::Reader& in);
  void sync(const std::map<std::string, std::string>& assignments);
  void synced(bytes::Reader& in);
  void ask_offsets();
  void told_offsets(bytes::Reader& in, const std::map<std::size_t, std::int64_t>& certain);
  void read();
  void take(std::size_t partition, bytes::ByteView fetched);
  void commit();
  void commit_late();
  void heartbeat();
  void leave();
  void outside_again(wire::kafka::ErrorCode error);

  LogOracle& logs_;
  GroupOracle& group_;
  Phase phase_ = Phase::outside;
  std::string member_;
  std::int32_t generation_ = -1;
  std::uint64_t joins_ = 0;
  std::map<std::size_t, Position> positions_;
  std::optional<Stale> stale_;
  base::Nanos silent_until_{0};
};

}  // namespace millrace::simtest
