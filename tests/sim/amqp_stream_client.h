#pragma once

#include <deque>

#include "amqp_connection.h"
#include "log_oracle.h"

namespace millrace::simtest {

constexpr std::string_view kStreamName = "stream";

/// Publishes to the stream and reads it: each connection goes on behind what the one before has read, or begins anew.
/// To the judge the stream is one more partition.
class AmqpStreamClient final : public AmqpConnection {
 public:
  AmqpStreamClient(sim::SimWorld& world, sim::SimWire& wire, Oracle& oracle, LogOracle& logs, const Plan& plan,
                   std::uint64_t number);

 private:
  struct Published {
    std::uint64_t tag;
    std::uint64_t record;
  };
  void connected() override;
  void opened() override;
  void act() override;
  void take_method(wire::amqp091::Method method, bytes::Reader& in) override;
  void take_content(const wire::amqp091::BasicProperties& properties, bytes::ByteView body) override;
  void subscribe();
  void confirmed(std::uint64_t tag, bool multiple, bool stored);

  LogOracle& logs_;
  std::int64_t next_ = 0;  // the offset to go on with
  // Of the present connection.
  std::uint64_t stream_ = 0;
  std::uint64_t last_tag_ = 0;
  std::deque<Published> published_;
  std::uint64_t content_tag_ = 0;  // of the content that is arriving
  std::uint64_t taken_tag_ = 0;
  std::uint64_t unsettled_ = 0;
};

}  // namespace millrace::simtest
