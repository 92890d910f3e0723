#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "base/prng.h"
#include "bytes/writer.h"
#include "log_oracle.h"
#include "plan.h"
#include "testing/sim_wire.h"
#include "wire/kafka/frame.h"

namespace millrace::simtest {

/// A simulated Kafka connection that comes back when it breaks. Answers are handled in the order of the requests.
class KafkaClient {
 public:
  KafkaClient(sim::SimWorld& world, sim::SimWire& wire, Oracle& oracle, const Plan& plan, std::uint64_t number);
  virtual ~KafkaClient();

  void start();
  /// No further actions; closes.
  void stop();
  sim::SimClient* connection() { return client_.get(); }

 protected:
  using OnAnswer = std::function<void(bytes::Reader&)>;
  virtual void act() = 0;
  /// Whether an answer often leads to the next step at once.
  virtual bool hurries() const { return false; }
  /// A new connection is there; nothing of the old one is answered any more.
  virtual void connected() = 0;

  template <class Request>
  void send(const Request& request, std::int16_t version, OnAnswer on_answer) {
    bytes::ByteVector out;
    bytes::Writer writer(out);
    wire::kafka::encode_request(writer, version, next_correlation_, wire::kafka::Text("sim"), request);
    waiting_.push_back({next_correlation_++, Request::kApiKey, version, std::move(on_answer)});
    client_->send(out);
  }
  std::size_t in_flight() const { return waiting_.size(); }

  sim::SimWorld& world_;
  Oracle& oracle_;
  const Plan& plan_;
  std::uint64_t number_;
  base::Prng random_;

 private:
  struct Waiting {
    std::int32_t correlation;
    wire::kafka::ApiKey key;
    std::int16_t version;
    OnAnswer on_answer;
  };
  void tick();
  void connect();
  void on_data(bytes::ByteView data);

  sim::SimWire& wire_;
  std::unique_ptr<sim::SimClient> client_;
  bytes::ByteVector in_;
  std::deque<Waiting> waiting_;
  std::int32_t next_correlation_ = 1;
  io::Timer timer_;
};

/// Sends batches with acks=all to one partition. With a producer id it repeats what was not answered, and each batch
/// must then be stored exactly once; without one it forgets it.
class KafkaProducer final : public KafkaClient {
 public:
  KafkaProducer(sim::SimWorld& world, sim::SimWire& wire, Oracle& oracle, LogOracle& logs, const Plan& plan,
                std::uint64_t number);

 private:
  struct Batch {
    std::uint64_t first = 0;  // record number
    std::size_t records = 0;
    std::int32_t base_sequence = 0;
  };
  void act() override;
  void connected() override;
  void ask_producer_id();
  void make_batch();
  void send_batch(const Batch& batch);
  void repeat(const Batch& batch);
  void answered(std::uint64_t first, std::size_t records, std::int16_t error, std::int64_t offset);

  LogOracle& logs_;
  std::size_t partition_;
  bool idempotent_;
  std::uint64_t stream_;  // within which order is promised
  std::int64_t producer_id_ = -1;
  std::int16_t producer_epoch_ = -1;
  bool asking_ = false;
  std::int32_t next_sequence_ = 0;
  std::deque<Batch> unanswered_;
};

/// Follows one partition and checks what it reads; starts over now and then.
class KafkaFetcher final : public KafkaClient {
 public:
  KafkaFetcher(sim::SimWorld& world, sim::SimWire& wire, Oracle& oracle, LogOracle& logs, const Plan& plan,
               std::uint64_t number);

 private:
  void act() override;
  void connected() override {}

  LogOracle& logs_;
  std::size_t partition_;
  std::int64_t next_ = 0;
};

}  // namespace millrace::simtest
