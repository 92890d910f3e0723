#pragma once

#include <functional>

#include "broker/consumers.h"
#include "broker/types.h"

namespace millrace::storage {
class Log;
}

namespace millrace::broker {

class Shard;

/// The offset that `start` means in a log of this shard: that of a record, of a hole, or above the end. `done` may run
/// within the call. When the log goes meanwhile, it is told its last end.
void find_start(Shard& shard, storage::Log& log, const StreamStart& start, std::move_only_function<void(Offset)> done);

}  // namespace millrace::broker
