#pragma once

#include <deque>
#include <memory>
#include <set>
#include <vector>

#include "amqp_connection.h"
#include "settle_ledger.h"

namespace millrace::simtest {

/// Publishes to queues; a consuming one also takes messages and acknowledges, rejects and requeues them. Its channel is
/// in confirm mode, or a transactional one: then all that it does comes in units.
class AmqpClient final : public AmqpConnection {
 public:
  enum class Kind : std::uint8_t { publisher, consumer, transactor };
  AmqpClient(sim::SimWorld& world, sim::SimWire& wire, Oracle& oracle, const Plan& plan, std::uint64_t number,
             Kind kind);

 private:
  struct Published {
    std::uint64_t tag;
    MessageId id;
    std::size_t queue;
    std::uint64_t settled;
  };
  struct Held {
    std::uint64_t tag;
    std::size_t queue;
    MessageId id;
  };
  enum class Ending : std::uint8_t { none, commit, rollback };

  void connected() override;
  void opened() override;
  void act() override;
  void take_method(wire::amqp091::Method method, bytes::Reader& in) override;
  void take_content(const wire::amqp091::BasicProperties& properties, bytes::ByteView body) override;

  void publish_one();
  void settle();
  void get();
  void note(const Held& held, bool accept);
  void confirmed(std::uint64_t tag, bool multiple, bool stored);
  void subscribe();
  void end_unit();
  void unit_ended();
  bool refusable(const Oracle::Unit& unit) const;
  void channel_closed(bytes::Reader& in);

  Kind kind_;
  // Of the present connection.
  bool getting_ = false;
  std::uint64_t stream_ = 0;
  std::uint64_t last_tag_ = 0;
  std::deque<Published> published_;
  std::unique_ptr<SettleLedger> ledger_;
  std::vector<Held> held_;
  std::set<std::pair<std::size_t, MessageId>> seen_;  // by queue
  std::size_t content_queue_ = 0;
  std::size_t got_queue_ = 0;
  std::uint64_t content_tag_ = 0;
  bool content_redelivered_ = false;
  // Of a transactional channel.
  Oracle::Unit unit_;
  std::vector<Held> settled_;  // in the unit: held again when it is rolled back
  Ending ending_ = Ending::none;
};

}  // namespace millrace::simtest
