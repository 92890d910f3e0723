#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "auth/authorizer.h"
#include "broker/shard.h"
#include "gateway/amqp091/connection.h"
#include "gateway/amqp091/consumer.h"
#include "gateway/amqp091/delivery_tags.h"
#include "gateway/amqp091/delivery_times.h"
#include "gateway/amqp091/more_keys.h"
#include "gateway/amqp091/queue_types.h"
#include "gateway/amqp091/shared_limit.h"

namespace millrace::gateway::amqp091 {

struct BindRequest;
struct ChannelTransaction;
struct ExchangeDeclaration;
struct QueueDeclaration;
class PropertyFacts;

/// One channel of a connection. Its requests take effect in the order they were sent: while one waits for the broker,
/// the frames behind it are kept, and requests whose answer tells something about messages first wait until the
/// channel's earlier publishes are stored.
///
/// channel.cc holds this machinery and the table of handlers; each family of methods has a file of its own. Lives on
/// its connection's shard; answers of the broker hold weak references.
class Channel final : public broker::PublishTracker::Listener, public std::enable_shared_from_this<Channel> {
 public:
  Channel(Connection& connection, std::uint16_t number);
  ~Channel() override;

  std::uint16_t number() const { return number_; }
  Connection& connection() { return connection_; }
  broker::Shard& shard() { return connection_.shard(); }
  broker::PublishTracker& tracker() { return tracker_; }

  void on_frame(const wire::Frame& frame);
  /// Closed by both sides: the number is free.
  bool gone() const { return state_ == State::gone; }
  /// A request waits for the broker.
  bool busy() const { return busy_; }
  /// Nothing stands in the way of a publish that is wholly there.
  bool takes_publish() const { return state_ == State::open && !busy_ && deferred_.empty() && !content_.active; }
  /// Whether publish() may be called with a message of this header; else it is for on_frame() to tell why not.
  bool accepts(const wire::ContentHeader& header) const;
  /// `method_payload` is that of the basic.publish frame; all views need to live only during the call.
  void publish(bytes::ByteView method_payload, const wire::ContentHeader& header,
               std::span<const bytes::ByteView> body);
  /// Consumers go, what is unsettled is requeued, answers to come are dropped. `released` runs when the queues that go
  /// with their last consumer are gone.
  void end(broker::Callback<void> released = [](const broker::Result<void>&) {});

  /// From consumers.
  void deliver(Consumer& consumer, const broker::DeliveryBundle& bundle);
  void consumer_cancelled(Consumer& consumer);
  /// A reply for the channel's reply consumer.
  void deliver_reply(std::string_view name, bytes::ByteView properties, std::span<const bytes::ByteView> body);

  // broker::PublishTracker::Listener
  void on_confirmed(std::uint64_t sequence) override;
  void on_rejected(std::uint64_t sequence) override;

 private:
  enum class State : std::uint8_t {
    open,
    closing,  // channel.close was sent: waiting for close-ok
    gone,
  };
  struct Handler;
  static const Handler* find_handler(wire::Method method);

  // channel.cc
  void handle(const wire::Frame& frame);
  void handle_method(const wire::Frame& frame);
  bool wait_for_publishes(const wire::Frame& frame);
  void defer(const wire::Frame& frame);
  void drain();
  void release(broker::Callback<void> released = [](const broker::Result<void>&) {});
  void set_gone();
  void fail(const Failure& failure);
  void fail(wire::ReplyCode code, std::string text) { fail(Failure{code, std::move(text)}); }
  template <class M>
  void reply(const M& method) {
    connection_.send(number_, method);
  }
  /// Makes the channel busy; the returned callback runs `then(Channel&, Result<T>)`, unless the channel has ended, and
  /// goes on with what was sent meanwhile.
  template <class T, class Then>
  broker::Callback<T> later(Then then) {
    busy_ = true;
    return [weak = weak_from_this(), then = std::move(then)](broker::Result<T> result) mutable {
      const auto self = weak.lock();
      if (self == nullptr || !self->busy_) return;
      self->busy_ = false;
      then(*self, std::move(result));
      self->drain();
    };
  }

  // What the request is about; each fails the channel and returns nothing when it may not be used.
  bool allow(auth::Operation operation, std::string_view name, std::string_view resource);
  bool allow_queue(auth::Operation operation, std::string_view queue);
  bool allow_exchange(auth::Operation operation, std::string_view exchange);
  bool allow_topic(auth::Operation operation, const catalog::Exchange& exchange, std::string_view routing_key);
  const catalog::Topic* source_topic(const catalog::Queue& queue);
  bool allow_topic_write(const catalog::Topic* topic);
  std::optional<std::string> queue_name(std::string_view given);
  const catalog::Queue* find_queue(std::string_view name);
  /// What can be consumed under a queue's name: a queue, or a topic of one partition, which is a stream.
  struct Source {
    broker::QueueRef ref;
    QueueType type = QueueType::classic;
  };
  static Source source_of(const catalog::Queue& queue) { return {{queue.id, queue.shard}, queue_type_of(queue)}; }
  std::optional<Source> find_source(std::string_view name);
  const catalog::Exchange* find_exchange(std::string_view name);
  std::string queue_text(std::string_view name) const;
  std::string exchange_text(std::string_view name) const;
  bool locked(const catalog::Queue& queue) const;

  // Content of a publish that came in pieces.
  struct Content {
    bool active = false;
    bool has_header = false;
    bytes::ByteVector method_payload;
    bytes::ByteVector properties;
    std::uint64_t body_size = 0;
    bytes::ByteVector body;
  };
  void fail_content();
  void on_header(const wire::Frame& frame);
  void on_body(const wire::Frame& frame);
  void content_complete();
  void drop_content();

  // channel.cc
  void channel_open(const wire::ChannelOpen& method);
  void channel_flow(const wire::ChannelFlow& method);
  void channel_flow_ok(const wire::ChannelFlowOk& method);
  void channel_close(const wire::ChannelClose& method);
  void access_request(const wire::AccessRequest& method);

  // exchange_methods.cc
  void exchange_declare(const wire::ExchangeDeclare& method);
  void exchange_declare_passive(std::string_view name, bool no_wait);
  void exchange_redeclare(const ExchangeDeclaration& wanted, const catalog::Exchange& current);
  void exchange_create(ExchangeDeclaration wanted);
  void exchange_created(ExchangeDeclaration wanted, const broker::Result<broker::ObjectId>& result);
  void exchange_delete(const wire::ExchangeDelete& method);
  void exchange_bind(const wire::ExchangeBind& method);
  void exchange_unbind(const wire::ExchangeUnbind& method);

  // bind.cc
  const catalog::Topic* destination_topic(std::string_view name);
  bool may_bind(const BindRequest& request);
  /// What is made must fit its exchange's type; what is removed need not.
  enum class Binding : std::uint8_t { made, removed };
  std::optional<catalog::Binding> binding_of(const BindRequest& request, Binding how = Binding::made);
  template <class Ok>
  void bind(catalog::Binding binding, bool no_wait);
  template <class Ok>
  void unbind(const BindRequest& request, bool no_wait);

  // queue_declare.cc
  void queue_declare(const wire::QueueDeclare& method);
  void queue_declare_passive(const wire::QueueDeclare& method);
  void queue_redeclare(const QueueDeclaration& wanted, const catalog::Queue& current);
  void queue_create(QueueDeclaration wanted);
  bool find_topic(const std::string& name, catalog::Queue& queue);
  std::optional<std::uint32_t> full_queue_limit() const;
  void queue_created(QueueDeclaration wanted, const broker::Result<broker::QueueRef>& result);
  void queue_declared(const std::string& name, const Source& source, bool no_wait);

  // queue_methods.cc
  void queue_bind(const wire::QueueBind& method);
  void queue_unbind(const wire::QueueUnbind& method);
  void queue_purge(const wire::QueuePurge& method);
  void queue_delete(const wire::QueueDelete& method);

  // basic_publish.cc
  void basic_publish(const wire::BasicPublish& method);
  const catalog::Exchange* publish_target(std::string_view exchange);
  void hand_over(const broker::Route& route, broker::Message& message, const wire::BasicProperties& properties,
                 const std::array<bytes::ByteView, 2>& native, std::span<const bytes::ByteView> body);
  const broker::Route* delay_route(const catalog::Exchange& exchange, const wire::BasicProperties& properties,
                                   model::Envelope& envelope);
  bool prepare_record(const wire::BasicPublish& method, const PropertyFacts& facts, broker::Message& message);
  bool check_properties(const wire::BasicProperties& properties, std::optional<base::Millis>& time_to_live);
  bool read_more_keys(const wire::BasicProperties& properties);
  bool change_properties(const wire::BasicProperties& properties, bytes::ByteView& block);
  void return_message(const wire::BasicPublish& method, const wire::ContentHeader& header,
                      std::span<const bytes::ByteView> body);

  // tx_methods.cc
  void tx_select(const wire::TxSelect& method);
  void tx_commit(const wire::TxCommit& method);
  void tx_rollback(const wire::TxRollback& method);
  void settle_later(std::uint64_t tag, bool multiple, broker::Settle how);
  bool keep_reply(std::string_view name, bytes::ByteView properties, std::span<const bytes::ByteView> body);
  void check_transaction();
  void drop_transaction();

  // confirm.cc
  void confirm_select(const wire::ConfirmSelect& method);
  void count_unsettled(std::uint64_t bytes);
  void forget_settled(std::uint64_t sequence);
  void acknowledge_through(std::uint64_t sequence);

  // basic_consume.cc
  void basic_qos(const wire::BasicQos& method);
  void basic_consume(const wire::BasicConsume& method);
  std::string consumer_tag(const wire::BasicConsume& method);
  bool read_consumer(const wire::BasicConsume& method, const std::string& name, const Source& source,
                     broker::ConsumeOptions& options);
  void consume_answered(const std::shared_ptr<Consumer>& consumer, bool no_wait,
                        const broker::Result<broker::ConsumerId>& result);
  void basic_cancel(const wire::BasicCancel& method);
  void write_delivery(Consumer& consumer, broker::QueueRef from, const broker::Delivery& delivery,
                      const bytes::Slab& slab);

  // channel_limit.cc
  void set_shared_limit(std::uint16_t limit);
  void share_limit();
  void release_limit(const std::vector<DeliveryTags::Range>& ranges);
  bool takes(const Consumer& consumer, broker::QueueRef from, const broker::Delivery& delivery);

  // consumer_timeout.cc
  base::Millis consumer_timeout(const broker::QueueRef& queue);
  base::Millis consumer_timeout(const DeliveryTags::Entry& entry);
  void note_delivery(std::uint64_t tag, base::Millis timeout);
  void watch_timeout(base::Nanos due, base::Nanos now);
  void check_timeout();
  bool cancel_stuck(broker::ConsumerId holder);
  bool comes_late(std::uint64_t& tag, bool multiple);

  // direct_reply.cc
  void consume_replies(const wire::BasicConsume& method);
  void stop_replies();
  void declare_reply_queue(const wire::QueueDeclare& method);
  bool can_reply(std::string_view name) const;
  bool send_reply(std::string_view name, bytes::ByteView properties, std::span<const bytes::ByteView> body);
  void send_mandatory_reply(const wire::BasicPublish& method, const wire::ContentHeader& header,
                            std::span<const bytes::ByteView> body);

  // basic_get.cc
  void basic_get(const wire::BasicGet& method);
  void got(const std::string& queue_name, bool no_ack, QueueType type, const broker::GetReply& result);

  // basic_ack.cc
  void basic_ack(const wire::BasicAck& method);
  void basic_nack(const wire::BasicNack& method);
  void basic_reject(const wire::BasicReject& method);
  void basic_recover(const wire::BasicRecover& method);
  void basic_recover_async(const wire::BasicRecoverAsync& method);
  void settle(std::uint64_t tag, bool multiple, broker::Settle how);
  void settle_ranges(broker::Settle how);
  bool requeue_all(bool requeue);

  Connection& connection_;
  std::uint16_t number_;
  State state_ = State::open;
  bool busy_ = false;
  bool handling_ = false;
  /// The method that is being carried out, for close methods.
  wire::Method method_{0};

  // Frames that came while the channel was busy, as they were; the first `deferred_at_` bytes are done.
  bytes::ByteVector deferred_;
  std::size_t deferred_at_ = 0;
  Content content_;

  std::string last_queue_;

  // Publishing.
  broker::PublishTracker tracker_;
  struct Unsettled {
    std::uint64_t last_sequence;
    std::uint64_t bytes;
    std::uint64_t messages;
    std::uint64_t read;  // those of one read are counted together
  };
  std::deque<Unsettled> unsettled_;
  bool confirms_ = false;
  std::unique_ptr<ChannelTransaction> transaction_;  // of a transactional channel
  std::uint64_t confirm_base_ = 0;                   // publishes before confirm.select
  std::uint64_t confirmed_ = 0;                      // sequence
  std::vector<std::uint64_t> rejected_;              // told to the client, above confirmed_
  // The exchange of the last publish, permitted and present as of that catalog generation.
  std::string target_name_;
  const catalog::TopicPermission* target_topic_ = nullptr;  // what limits its routing keys
  const catalog::Exchange* target_ = nullptr;
  // Reused from message to message.
  bytes::ByteVector changed_block_;
  bytes::ByteVector changed_headers_;
  bytes::ByteVector hidden_keys_;
  MoreKeys more_keys_;
  std::uint64_t target_generation_ = 0;

  // Consuming.
  std::uint16_t prefetch_ = 0;
  std::unique_ptr<SharedLimit> shared_limit_;
  DeliveryTags tags_;
  std::vector<DeliveryTags::Range> ranges_;  // reused
  DeliveryTimes delivery_times_;
  /// Tags of deliveries that were taken back from consumers that were cancelled for it.
  std::set<std::uint64_t> reclaimed_;
  /// By queue, as of a generation of the catalog.
  std::unordered_map<std::uint64_t, base::Millis> timeouts_;
  std::uint64_t timeouts_generation_ = 0;
  io::Timer timeout_timer_;
  /// It ends because of it: what it holds comes back, and has not failed.
  bool timed_out_ = false;
  base::Nanos timeout_due_;
  std::unordered_map<std::string, std::shared_ptr<Consumer>> consumers_;
  std::optional<ReplyAddress> reply_address_;
  std::string reply_tag_;
};

}  // namespace millrace::gateway::amqp091
