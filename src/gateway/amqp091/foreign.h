#pragma once

#include <string>
#include <string_view>

#include "broker/delivery.h"
#include "gateway/amqp091/queue_types.h"
#include "model/properties.h"

namespace millrace::gateway::amqp091 {

/// A stored message in this protocol's terms.
struct OutgoingMessage {
  std::string_view exchange;
  std::string_view routing_key;
  bytes::ByteView properties;
  bytes::ByteView body;
};

/// Name of the header that carries the key of a record that another protocol's client sent.
inline constexpr std::string_view kRecordKeyHeader = "x-record-key";

/// Name of the header that tells how often a message came back to its queue.
inline constexpr std::string_view kDeliveryCountHeader = "x-delivery-count";
inline constexpr std::string_view kAcquiredCountHeader = "x-acquired-count";

/// Shows stored messages in this protocol's terms: its own byte for byte, those of other protocols translated. The
/// result of a call is valid until the next and while the delivery's bytes are.
///
/// A record without an envelope (a stream protocol's client sent it to the queue): empty exchange, the queue's name as
/// routing key, the record's headers as headers (texts as long strings, other bytes as byte arrays), its key as
/// x-record-key, its time as timestamp.
class Presenter {
 public:
  explicit Presenter(const model::NativeCodecs& codecs) : codecs_(codecs) {}
  /// Of a quorum queue with kAcquiredCountHeader, when the message came back at least once, and kDeliveryCountHeader,
  /// when that was for failed deliveries; of a stream with
  /// kStreamOffsetHeader.
  OutgoingMessage present(const broker::Delivery& delivery, std::string_view queue_name, QueueType type);
  OutgoingMessage present(const broker::Delivery& delivery, std::string_view queue_name);

 private:
  OutgoingMessage present_foreign(const broker::Delivery& delivery, std::string_view queue_name);

  const model::NativeCodecs& codecs_;
  std::string exchange_;
  std::string routing_key_;
  bytes::ByteVector properties_;
  bytes::ByteVector with_header_;
  bytes::ByteVector with_second_header_;
};

}  // namespace millrace::gateway::amqp091
