#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/types.h"
#include "bytes/slab.h"
#include "model/batch.h"
#include "model/envelope.h"

namespace millrace::broker {

/// One message on its way to a consumer. Its views point into slabs of the bundle that carries it.
struct Delivery {
  Offset offset;
  Timestamp timestamp;
  /// How often it was delivered and came back.
  std::uint32_t returns = 0;
  /// How many of these deliveries failed: the client rejected it, or went without a word about it.
  std::uint32_t failures = 0;
  bool redelivered = false;
  /// record.headers and record.header_count are those behind the envelope.
  model::RecordView record;
  /// Protocol::none for records that did not come with an envelope (sent by a stream protocol).
  model::Envelope envelope;
};

/// Messages of one queue for one consumer, in order.
struct DeliveryBundle {
  QueueRef queue;
  ConsumerId consumer;
  std::vector<Delivery> deliveries;
  /// Keeps the bytes alive; a sink that holds on to a view keeps a copy of the slab it lies in.
  std::vector<bytes::Slab> slabs;
  /// Which slab each delivery lies in: index into `slabs`, one per delivery.
  std::vector<std::uint32_t> slab_of;
  /// Bytes that count against the consumer's window (see Consumers::consumed()).
  std::uint64_t window_bytes = 0;
};

/// Receives what a consumer gets. Called on the connection's shard.
class ConsumerSink {
 public:
  virtual ~ConsumerSink() = default;
  virtual void on_deliveries(const DeliveryBundle& bundle) = 0;
  /// The queue is gone: the consumer exists no more. Unsettled deliveries of it are void.
  virtual void on_cancelled(ConsumerId consumer, const std::string& reason) = 0;
};

}  // namespace millrace::broker
