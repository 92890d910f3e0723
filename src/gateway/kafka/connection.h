#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/shard.h"
#include "gateway/kafka/gateway.h"
#include "gateway/kafka/quotas.h"
#include "gateway/kafka/request.h"
#include "io/socket.h"

namespace millrace::auth {
class ScramServer;
}

namespace millrace::gateway::kafka {

class FetchSession;
class TopicIds;
struct Handler;

/// One client. Requests are dispatched as they arrive, several at a time; answers wait for those before them.
///
/// Lives on its shard's loop, owned by the gateway; replies hold weak references.
class Connection final : public io::SocketHandler, public std::enable_shared_from_this<Connection> {
 public:
  using OnClosed = std::function<void(Connection&)>;
  Connection(broker::Shard& shard, const Options& options, TopicIds& topic_ids, std::unique_ptr<io::Socket> socket,
             OnClosed on_closed);
  ~Connection() override;
  void start();

  broker::Shard& shard() { return shard_; }
  const Options& options() const { return options_; }
  TopicIds& topic_ids() { return topic_ids_; }
  io::Socket& socket() { return *socket_; }
  /// A consumer's fetch session (KIP-227), if it has one: it ends with the connection.
  std::unique_ptr<FetchSession>& fetch_session() { return fetch_session_; }

  /// Empty before authentication.
  const std::string& user() const { return user_; }
  void authenticated(const std::string& user) { user_ = user; }
  /// The client's address.
  const std::string& host() const { return host_; }
  /// A mechanism was agreed on, and no exchange has ended since.
  bool handshake_done() const { return handshake_done_; }
  void set_handshake_done(bool done) { handshake_done_ = done; }
  /// The client agreed on a mechanism in the old way: its next messages, and the answers, have no header.
  void set_bare_tokens(bool bare) { bare_tokens_ = bare; }
  /// The SCRAM exchange under way; null with another mechanism, and before and after.
  std::unique_ptr<auth::ScramServer>& scram() { return scram_; }

  /// From now on a memory alarm stops this connection's reading.
  void set_produces() { produces_ = true; }

  /// Sends what is ready, then closes. Nothing is read any more.
  void close(const std::string& reason);

  /// From Reply: the answer of one slot is ready.
  void finish(std::uint64_t slot, bytes::ByteVector out, std::vector<wire::RecordSplice> splices,
              std::vector<RecordParts> records);

  /// From Reply: the request of this slot used something that may be limited. If it `waits`, what goes over the limit
  /// delays the client.
  void charge(std::uint64_t slot, catalog::QuotaKind kind, double amount, bool waits = true);
  /// From Reply: the same, but only if that is possible without exceeding the limit; false when it is not.
  bool try_charge(std::uint64_t slot, catalog::QuotaKind kind, double amount);
  /// From Reply: false when the limit was exceeded before, for which the client has to wait after this slot's answer.
  bool within(std::uint64_t slot, catalog::QuotaKind kind);
  const ClientLimits& limits() const { return limits_; }
  /// From Reply: how long the client has to wait after the answer of the slot, by its quotas. Nothing is read from it
  /// for so long.
  base::Millis mute_for(std::uint64_t slot);

  /// From Reply: work that lives as long as the slot waits for its answer.
  void hold(std::uint64_t slot, std::shared_ptr<void> work);

  std::size_t on_data(bytes::ByteView data) override;
  void on_drained() override;
  void on_closed(const std::string& reason) override;

 private:
  struct Slot {
    bool ready = false;
    std::size_t request_bytes = 0;
    bool fetch = false;
    bytes::ByteVector out;
    std::vector<wire::RecordSplice> splices;
    std::vector<RecordParts> records;
    std::shared_ptr<void> work;
    base::Nanos wait{0};
  };
  void wait_after(std::uint64_t slot, base::Nanos wait);
  void run(const Handler& handler, const Request& request);
  void mute(base::Nanos wait);
  void dispatch(bytes::ByteView frame);
  void take_token(bytes::ByteView frame);
  void flush();
  void write(Slot& slot);
  void throttle();
  void watch_silence();

  broker::Shard& shard_;
  const Options& options_;
  TopicIds& topic_ids_;
  std::unique_ptr<FetchSession> fetch_session_;
  std::unique_ptr<io::Socket> socket_;
  OnClosed on_closed_;
  std::string user_;
  std::string host_;
  bool handshake_done_ = false;
  bool bare_tokens_ = false;
  std::unique_ptr<auth::ScramServer> scram_;
  bool closing_ = false;
  bool paused_ = false;
  bool produces_ = false;
  std::uint64_t first_slot_ = 0;
  std::deque<Slot> slots_;
  std::size_t request_bytes_ = 0;  // of requests not yet answered
  std::size_t fetches_ = 0;        // slots of fetches
  std::uint64_t alarm_listener_ = 0;
  ClientLimits limits_;
  base::Nanos muted_until_{0};
  io::Timer unmute_;
  base::Nanos began_{0};
  base::Nanos last_input_{0};
  io::Timer silence_;
};

}  // namespace millrace::gateway::kafka
