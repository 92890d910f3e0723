#pragma once

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/prng.h"
#include "oracle.h"
#include "plan.h"
#include "settle_ledger.h"
#include "testing/sim_wire.h"
#include "wire/amqp091/frame.h"
#include "wire/amqp091/frame_writer.h"
#include "wire/amqp091/methods.h"

namespace millrace::simtest {

/// A simulated AMQP connection with one channel in confirm mode, which comes back when it breaks. It publishes, and a
/// consuming one also takes messages and acknowledges, rejects and requeues them.
class AmqpClient {
 public:
  AmqpClient(sim::SimWorld& world, sim::SimWire& wire, Oracle& oracle, const Plan& plan, std::uint64_t number,
             bool consumes);
  ~AmqpClient();

  void start();
  /// No further actions; closes.
  void stop();

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

  void tick();
  void connect();
  void act();
  void publish();
  void settle();
  void get();
  void note(const Held& held, bool accept);
  void on_data(bytes::ByteView data);
  void take_frame(const wire::amqp091::Frame& frame);
  void take_method(wire::amqp091::Method method, bytes::Reader& in);
  void take_handshake(wire::amqp091::Method method, bytes::Reader& in);
  void take_content();
  void confirmed(std::uint64_t tag, bool multiple, bool stored);
  void subscribe();
  template <class M>
  void send(std::uint16_t channel, const M& method);

  sim::SimWorld& world_;
  sim::SimWire& wire_;
  Oracle& oracle_;
  const Plan& plan_;
  std::uint64_t number_;
  bool consumes_;
  base::Prng random_;
  io::Timer timer_;

  // Of the present connection.
  std::unique_ptr<sim::SimClient> client_;
  bool ready_ = false;
  bool getting_ = false;
  bytes::ByteVector in_;
  std::uint64_t stream_ = 0;
  std::uint64_t last_tag_ = 0;
  std::deque<Published> published_;
  std::unique_ptr<SettleLedger> ledger_;
  std::vector<Held> held_;
  std::set<std::pair<std::size_t, MessageId>> seen_;  // by queue
  // The content that is arriving.
  std::size_t content_queue_ = 0;
  std::size_t got_queue_ = 0;
  std::uint64_t content_tag_ = 0;
  bool content_redelivered_ = false;
  bool awaits_header_ = false;
  std::uint64_t body_left_ = 0;
  bytes::ByteVector body_;
};

}  // namespace millrace::simtest
