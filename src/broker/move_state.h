#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "broker/types.h"
#include "bytes/view.h"
#include "storage/state_machine.h"
#include "storage/types.h"

namespace millrace::broker {

/// Which dead-letter moves of queues anywhere have arrived at this shard: (source queue, offset). An entry is written
/// in the same round as the message's copies, so that a move that comes again is recognised. It goes when its source
/// has settled the record. Lives on its shard; changes are gathered into one command per turn.
class MoveState final : public storage::StateMachine {
 public:
  static constexpr storage::StateId kState{(std::uint64_t{1} << 63) | 1};

  bool contains(ObjectId source, Offset offset) const;
  void add(ObjectId source, Offset offset);
  void remove(ObjectId source, Offset offset);
  void remove_source(ObjectId source);
  const std::map<ObjectId, std::set<Offset>>& entries() const { return entries_; }

  /// Appends the changes since the last time to `out`; false when there are none.
  bool take_command(bytes::ByteVector& out);

  bool load_snapshot(bytes::ByteView snapshot) override;
  bool apply(bytes::ByteView command) override;
  void save_snapshot(bytes::ByteVector& out) const override;

 private:
  enum class Kind : std::uint8_t { add = 1, remove = 2, remove_source = 3 };
  struct Change {
    Kind kind;
    ObjectId source;
    Offset offset;
  };
  void change(const Change& change);

  std::map<ObjectId, std::set<Offset>> entries_;
  std::vector<Change> changes_;
};

}  // namespace millrace::broker
