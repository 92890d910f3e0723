#pragma once

#include <memory>

#include "base/prng.h"
#include "oracle.h"
#include "plan.h"
#include "testing/sim_wire.h"
#include "wire/amqp091/frame.h"
#include "wire/amqp091/frame_writer.h"
#include "wire/amqp091/methods.h"
#include "wire/amqp091/properties.h"

namespace millrace::simtest {

/// A simulated AMQP connection with one channel, which comes back when it breaks. What it does is its subclass's.
class AmqpConnection {
 public:
  AmqpConnection(sim::SimWorld& world, sim::SimWire& wire, Oracle& oracle, const Plan& plan, std::uint64_t number);
  virtual ~AmqpConnection();

  void start();
  /// No further actions; closes.
  void stop();

 protected:
  /// A new connection begins; nothing of the old one is answered any more.
  virtual void connected() = 0;
  /// The channel is open: to be followed by ready().
  virtual void opened() = 0;
  /// Now and then, when ready.
  virtual void act() = 0;
  virtual void take_method(wire::amqp091::Method method, bytes::Reader& in) = 0;
  /// The content that expect_content() announced. The views last for the call.
  virtual void take_content(const wire::amqp091::BasicProperties& properties, bytes::ByteView body) = 0;

  void ready() { ready_ = true; }
  /// A method that content follows was taken.
  void expect_content() { awaits_header_ = true; }
  /// Breaks it off; another one follows.
  void give_up() { ready_ = false, given_up_ = true; }
  void publish(std::string_view routing_key, const wire::amqp091::BasicProperties& properties, bytes::ByteView body);
  template <class M>
  void send(std::uint16_t channel, const M& method) {
    bytes::ByteVector out;
    wire::amqp091::append_method(out, channel, method);
    client_->send(out);
  }
  static constexpr std::uint16_t kChannel = 1;

  sim::SimWorld& world_;
  Oracle& oracle_;
  const Plan& plan_;
  std::uint64_t number_;
  base::Prng random_;

 private:
  void tick();
  void connect();
  void on_data(bytes::ByteView data);
  void take_frame(const wire::amqp091::Frame& frame);
  void take_any_method(wire::amqp091::Method method, bytes::Reader& in);
  void content_complete();

  sim::SimWire& wire_;
  io::Timer timer_;
  // Of the present connection.
  std::unique_ptr<sim::SimClient> client_;
  bool ready_ = false;
  bool given_up_ = false;
  bytes::ByteVector in_;
  // The content that is arriving.
  bool awaits_header_ = false;
  std::uint64_t body_left_ = 0;
  bytes::ByteVector properties_;
  bytes::ByteVector body_;
};

}  // namespace millrace::simtest
