#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "broker/error.h"
#include "broker/router.h"
#include "broker/types.h"
#include "io/loop.h"
#include "model/batch_builder.h"
#include "model/envelope.h"

namespace millrace::broker {

class Shard;

/// A message as a gateway hands it over; all views need to live only during the call.
struct Message {
  Timestamp timestamp;
  bool has_key = false;
  bytes::ByteView key;
  /// The body, in as many parts as it came.
  std::span<const bytes::ByteView> body;
  /// envelope.native is ignored: the block comes in parts.
  model::Envelope envelope;
  std::span<const bytes::ByteView> native;
};

/// Adds the message to a batch of enveloped records. `scratch` is reused from call to call.
void append_record(model::BatchBuilder& builder, const Message& message, bytes::ByteVector& scratch);

/// Follows the publishes of one channel until they are stored everywhere they went. Lives on the channel's shard.
///
/// Publishes are numbered 1, 2, 3 ...; all those of one turn settle together.
class PublishTracker {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    /// Every publish up to and including `sequence` is stored (or was unroutable), except those told to on_rejected.
    virtual void on_confirmed(std::uint64_t sequence) = 0;
    /// Not stored: length limit or no space. Comes before the on_confirmed that passes it.
    virtual void on_rejected(std::uint64_t sequence) = 0;
  };
  /// The listener may be null: then the tracker only serves when_settled().
  PublishTracker(Shard& shard, Listener* listener);
  ~PublishTracker();

  /// Number of the last publish; 0 before the first.
  std::uint64_t last_sequence() const;
  std::uint64_t unsettled() const;
  /// Runs `task` when all publishes so far are settled: at once (within the call) when there are none. This is how a
  /// synchronous request waits for the publishes before it.
  void when_settled(io::Task task);

 private:
  friend class Publisher;
  struct State;
  std::shared_ptr<State> state_;  // completions from other shards may outlive the channel
};

/// Gathers what the connections of one shard publish in a turn into one batch per set of target queues, and at the
/// turn's end (Stage::publish) sends each batch to the shards of its queues. A record is encoded once, however many
/// queues get it. Order of the publishes of one connection to one queue is kept.
class Publisher final : public io::TurnHook {
 public:
  explicit Publisher(Shard& shard);
  ~Publisher() override;

  /// Adds the message to the turn's batches for every queue of `route` and counts it in `tracker`. With an empty route
  /// the publish settles with the turn. Copies all it needs.
  void publish(PublishTracker& tracker, const Route& route, const Message& message);
  void on_turn_end() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::broker
