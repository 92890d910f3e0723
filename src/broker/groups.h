#pragma once

#include <functional>
#include <vector>

#include "broker/group_types.h"

namespace millrace::broker {

class Shard;

/// Groups of readers: who belongs to one, who reads what, and the offsets they have reached. A group lives on the shard
/// that its name says; these calls may be made on any shard, and the callbacks run there.
///
/// Answers to what changes stored state come when it is durable: a completed generation, committed and forgotten
/// offsets, a removed group.
class Groups {
 public:
  explicit Groups(Shard& shard) : shard_(shard) {}

  template <class T>
  using Done = std::move_only_function<void(T)>;

  void join(JoinRequest request, Done<JoinReply> done);
  void sync(SyncRequest request, Done<SyncReply> done);
  void heartbeat(HeartbeatRequest request, Done<GroupErrc> done);
  void leave(LeaveRequest request, Done<LeaveReply> done);
  void commit(CommitRequest request, Done<CommitReply> done);
  void offsets(OffsetsRequest request, Done<OffsetsReply> done);
  void forget_offsets(ForgetOffsetsRequest request, Done<ForgetOffsetsReply> done);
  void describe(GroupKey group, Done<GroupDescription> done);
  void remove(GroupKey group, Done<GroupErrc> done);
  /// Of all shards, in no order.
  void list(ObjectId vhost, Done<std::vector<GroupSummary>> done);

 private:
  Shard& shard_;
};

}  // namespace millrace::broker
