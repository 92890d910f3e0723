#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/units.h"
#include "bytes/view.h"
#include "model/envelope.h"

namespace millrace::model {

struct Value;
using ValueList = std::vector<Value>;
struct NamedValue;
using ValueTable = std::vector<NamedValue>;

/// A typed header value that every protocol can express or approximate.
struct Value {
  std::variant<std::monostate, bool, std::int64_t, double, std::string, bytes::ByteVector, base::Timestamp, ValueList,
               ValueTable>
      data;
};
struct NamedValue {
  std::string name;
  Value value;
};

/// The neutral form of a message's metadata: what one protocol's message is turned into before it becomes another's.
struct Properties {
  std::optional<std::string> content_type;
  std::optional<std::string> content_encoding;
  std::optional<std::string> correlation_id;
  std::optional<std::string> reply_to;
  std::optional<std::string> message_id;
  std::optional<std::string> type;
  std::optional<std::string> user_id;
  std::optional<std::string> app_id;
  std::optional<base::Timestamp> timestamp;
  std::optional<base::Millis> time_to_live;
  std::optional<std::uint8_t> priority;
  bool persistent = true;
  /// Where it was sent: exchange and routing key, or topic and key.
  std::string exchange;
  std::string routing_key;
  ValueTable headers;
};

/// A gateway's translation of its native block. Registered at start, so that a foreign gateway can read the message
/// without knowing the protocol.
class NativeCodec {
 public:
  virtual ~NativeCodec() = default;
  virtual Properties to_properties(bytes::ByteView native) const = 0;
};

/// One codec per protocol; filled once at start by the composition root, then only read.
class NativeCodecs {
 public:
  void add(Protocol protocol, std::unique_ptr<NativeCodec> codec);
  /// Null when no gateway of that protocol is present.
  const NativeCodec* find(Protocol protocol) const;

 private:
  std::unique_ptr<NativeCodec> codecs_[8];
};

}  // namespace millrace::model
