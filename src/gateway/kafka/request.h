#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/logs.h"
#include "bytes/slab.h"
#include "bytes/view.h"
#include "wire/kafka/frame.h"

namespace millrace::gateway::kafka {

class Connection;
namespace wire = millrace::wire::kafka;

/// The records of one partition in a fetch response: batches as stored, sent without copying them.
struct RecordParts {
  std::vector<broker::BatchRef> batches;
  std::size_t size() const;
};

/// Where the answer to one request goes. Answers leave in the order of the requests, whenever they are ready; one
/// that outlives its connection goes nowhere. Move-only by habit, copyable for callbacks.
class Reply {
 public:
  Reply(std::weak_ptr<Connection> connection, std::uint64_t slot, std::int16_t version, std::int32_t correlation_id)
      : connection_(std::move(connection)), slot_(slot), version_(version), correlation_id_(correlation_id) {}

  std::int16_t version() const { return version_; }
  /// Null when the client has gone.
  std::shared_ptr<Connection> connection() const { return connection_.lock(); }

  template <class Response>
  void send(const Response& response) const {
    bytes::ByteVector out;
    bytes::Writer writer(out);
    with_throttle(response,
                  [&](const Response& told) { wire::encode_response(writer, version_, correlation_id_, told); });
    finish(std::move(out));
  }
  /// Detached records of the response carry the index into `records` as their token.
  template <class Response>
  void send(const Response& response, std::vector<RecordParts> records) const {
    bytes::ByteVector out;
    bytes::Writer writer(out);
    std::vector<wire::RecordSplice> splices;
    with_throttle(response, [&](const Response& told) {
      wire::encode_response(writer, version_, correlation_id_, told, &splices);
    });
    finish(std::move(out), std::move(splices), std::move(records));
  }
  /// One message of a login without a header, as the answer to one.
  void send_token(bytes::ByteView token) const;
  /// For a request that gets no answer.
  void none() const { finish({}); }
  /// Closes the connection instead of answering.
  void close(const std::string& reason) const;
  /// Keeps the work on this request alive until it is answered or the client has gone, and no longer.
  void hold(std::shared_ptr<void> work) const;
  /// Counts partitions that are created or deleted for the client's quota. False when it used too much before and
  /// `strict`: then they must not be. Else it only has to wait.
  [[nodiscard]] bool may_change_partitions(std::size_t count, bool strict) const;
  /// False when the client's quota does not allow to send so many bytes of records now: then it gets none.
  [[nodiscard]] bool may_send_records(std::size_t bytes) const;
  /// The most bytes of records that are of use to read, by the client's quota.
  std::int64_t records_allowance() const;

 private:
  /// How long the client has to wait after this answer.
  std::int32_t throttle_ms() const;
  /// Calls `encode` with the answer, and in it how long the client has to wait.
  template <class Response, class Encode>
  void with_throttle(const Response& response, const Encode& encode) const {
    if constexpr (requires { response.throttle_time_ms; }) {
      if (const std::int32_t wait = throttle_ms(); wait > 0) {
        Response told = response;
        told.throttle_time_ms = wait;
        return encode(told);
      }
    }
    encode(response);
  }
  void finish(bytes::ByteVector out, std::vector<wire::RecordSplice> splices = {},
              std::vector<RecordParts> records = {}) const;

  std::weak_ptr<Connection> connection_;
  std::uint64_t slot_;
  std::int16_t version_;
  std::int32_t correlation_id_;
};

/// One request: `client_id` and `body` lie in the socket's buffer and are valid only while its handler runs.
struct Request {
  std::int16_t version = 0;
  std::string_view client_id;
  bytes::ByteView body;
  Reply reply;

  /// False when malformed: the handler then closes the connection.
  template <class Message>
  [[nodiscard]] bool decode(Message& message, bytes::ByteView from) const {
    bytes::Reader reader(from);
    // Bytes may follow: some clients send a few more than the message has.
    return message.decode(reader, version);
  }
};

/// A request that is read from a copy of its body, for handlers that answer later: views into it stay valid with it.
template <class Message>
struct KeptRequest {
  bytes::Slab bytes;
  Message message;
  Reply reply;

  /// Null when malformed; the connection is then being closed.
  static std::shared_ptr<KeptRequest> read(const Request& request) {
    auto kept = std::make_shared<KeptRequest>(KeptRequest{bytes::Slab::copy_of(request.body), {}, request.reply});
    if (request.decode(kept->message, kept->bytes.view())) return kept;
    request.reply.close("malformed " + std::string(Message::kName));
    return nullptr;
  }
};

/// An answer that several results fill in; it leaves with the last of them. It counts for one itself, which the handler
/// gives back when it has asked for everything: results may come at once.
template <class Message, class Response>
struct GatheredReply {
  explicit GatheredReply(std::shared_ptr<KeptRequest<Message>> request) : kept(std::move(request)) {}

  std::shared_ptr<KeptRequest<Message>> kept;
  Response response;
  std::size_t left = 1;

  void finish_one() {
    if (--left == 0) kept->reply.send(response);
  }
};

}  // namespace millrace::gateway::kafka
