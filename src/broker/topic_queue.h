#pragma once

#include <memory>
#include <vector>

#include "broker/error.h"
#include "broker/queue.h"
#include "broker/queue_requests.h"
#include "broker/types.h"
#include "catalog/objects.h"
#include "io/loop.h"

namespace millrace::broker {

/// A queue over the partitions of a topic: one Queue per partition, all on the queue's shard, and the consumers that
/// take from all of them. What a consumer may have counts for the parts together; the parts take turns. Owned by the
/// QueueHost, which owns the parts as well.
class TopicQueue {
 public:
  explicit TopicQueue(ObjectId id) : id_(id) {}
  TopicQueue(const TopicQueue&) = delete;
  TopicQueue& operator=(const TopicQueue&) = delete;

  ObjectId id() const { return id_; }
  const std::vector<Queue*>& parts() const { return parts_; }
  /// What the next part is made from: the first one is who watches whether the queue is used.
  catalog::Queue definition_of(const catalog::Queue& queue, const catalog::QueuePart& part) const;
  /// Consumers that are there take from it as well.
  void add(Queue& part);

  void set_settings(const catalog::QueueSettings& settings);
  Result<void> consume(const ConsumeRequest& request);
  /// As Queue::cancel().
  bool cancel(ConsumerId consumer);
  void return_window(ConsumerId consumer, std::uint64_t bytes);
  void set_allowance(ConsumerId consumer, std::uint32_t most);
  /// Something came back from a consumer to `part`: the others may use the room, in turn.
  void wake_others(const Queue& part, ConsumerId consumer);
  /// From the first part that has something, another one each time.
  void get(ConnectionId connection, bool auto_ack, Callback<GetReply> done);
  /// Nothing can be told before, and nothing is given out.
  bool is_known() const;
  /// As they are known here.
  QueueStats stats() const;
  /// After asking each log how it is now.
  void look(Callback<QueueStats> done);
  void used() { parts_.front()->used(); }

 private:
  struct Member {
    ConsumeRequest request;
    std::shared_ptr<ConsumerCredit> credit;
  };
  struct Asked {
    ConnectionId connection;
    bool auto_ack = false;
    Callback<GetReply> done;
    std::size_t at = 0;
    std::size_t left = 0;
  };
  void start_get(ConnectionId connection, bool auto_ack, Callback<GetReply> done);
  void ask_next(std::shared_ptr<Asked> asked);
  Member* find(ConsumerId consumer);

  ObjectId id_;
  std::vector<Queue*> parts_;  // by partition
  std::vector<Member> members_;
  std::size_t next_get_ = 0;
  /// Answers may come when the queue is gone.
  std::shared_ptr<const TopicQueue*> alive_ = std::make_shared<const TopicQueue*>(this);
};

}  // namespace millrace::broker
