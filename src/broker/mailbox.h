#pragma once

#include <functional>
#include <vector>

#include "io/loop.h"
#include "model/ids.h"

namespace millrace::broker {

class Shard;

/// Runs on the shard it was sent to.
using ShardTask = std::move_only_function<void(Shard&)>;

/// Carries work from one shard to the others: what is sent in a turn leaves as one post per target at the turn's end
/// (Stage::mailbox). Order between two shards is kept. Work for the own shard runs in the next turn, in the same way,
/// so that callers need not tell the cases apart.
class Mailbox final : public io::TurnHook {
 public:
  /// `peers[i]` is shard i; the vector must outlive the mailbox and be complete before the first turn.
  Mailbox(Shard& self, const std::vector<Shard*>& peers);
  ~Mailbox() override;

  void send(model::ShardId to, ShardTask task);
  /// `task` runs on every shard, this one included; `all_done` runs here after all of them.
  void send_all(std::function<void(Shard&)> task, io::Task all_done);
  void on_turn_end() override;

 private:
  Shard& self_;
  const std::vector<Shard*>& peers_;
  std::vector<std::vector<ShardTask>> outgoing_;
};

}  // namespace millrace::broker
