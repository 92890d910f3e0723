#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/types.h"
#include "bytes/view.h"
#include "catalog/objects.h"
#include "model/envelope.h"
#include "model/header_match.h"

namespace millrace::broker {

/// Why a message was dead-lettered. Stored: never renumber.
enum class DeathReason : std::uint8_t {
  rejected = 1,
  expired = 2,
  max_length = 3,
  delivery_limit = 4,
  /// Its delay is over: it goes on as it was, and has not died.
  due = 5,
};

/// One death of a message, as its own properties tell it.
struct Death {
  std::string queue;
  DeathReason reason = DeathReason::rejected;
};

/// The death that happens now.
struct DeathInfo {
  std::string queue;
  DeathReason reason = DeathReason::rejected;
  Timestamp time;
  /// Where the message goes.
  std::string exchange;
  std::string routing_key;
  /// It goes by the keys it was sent with; else `routing_key` replaces all of them.
  bool own_keys = true;
};

/// How the messages of one protocol are changed when they are dead-lettered. A gateway brings it; the broker knows
/// nothing of what lies in the native block. Pure: the same arguments always give the same result.
class DeadLetterRewriter {
 public:
  virtual ~DeadLetterRewriter() = default;
  /// The key the message was published with; used when the queue names no dead-letter routing key.
  virtual std::string routing_key(bytes::ByteView native) const = 0;
  /// Further keys that the message is routed by beside the first; none for most.
  virtual std::vector<std::string> extra_routing_keys(bytes::ByteView native, bytes::ByteView hidden) const = 0;
  /// Deaths so far, the latest first.
  virtual std::vector<Death> deaths(bytes::ByteView native) const = 0;
  /// Adds the message's headers, for exchanges that look at them.
  virtual void headers(bytes::ByteView native, model::HeaderList& out) const = 0;
  /// See MessageFacts.
  virtual std::int64_t hash_number(bytes::ByteView native, catalog::HashSource source,
                                   std::string_view header) const = 0;
  /// The native block with this death recorded and the new exchange and routing key. A time to live is removed by the
  /// broker from the envelope, and must be removed here from the block, so that the message does not expire again.
  /// The hidden block stays as it is, unless the message does not go by its own keys: then it is dropped.
  /// With DeathReason::due no death is recorded, the time to live stays, and the block tells that the delay is over.
  virtual bytes::ByteVector rewrite(bytes::ByteView native, const DeathInfo& death) const = 0;
  /// The time to live that the block tells.
  virtual std::optional<Millis> time_to_live(bytes::ByteView native) const = 0;
};

/// One per protocol; filled at start, before the shard serves, then only read.
class DeadLetterRewriters {
 public:
  void add(model::Protocol protocol, std::shared_ptr<const DeadLetterRewriter> rewriter);
  /// Null when no gateway of that protocol is present: such messages are moved unchanged.
  const DeadLetterRewriter* find(model::Protocol protocol) const;

 private:
  std::shared_ptr<const DeadLetterRewriter> rewriters_[8];
};

/// True when sending a message to `target` would go round in a circle that nobody's rejection broke: it died in
/// `target` before, and all deaths from that one on came without a rejection. `deaths` is the present one, then the
/// earlier ones, the latest first.
bool is_dead_letter_cycle(std::string_view target, const std::vector<Death>& deaths);

}  // namespace millrace::broker
