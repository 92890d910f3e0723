#include "gateway/kafka/handlers.h"
#include "gateway/kafka/transactions.h"
#include "wire/kafka/generated/end_txn_request.h"
#include "wire/kafka/generated/end_txn_response.h"

namespace millrace::gateway::kafka {

namespace {

// From this version on the producer's epoch grows with each transaction (KIP-890).
constexpr std::int16_t kGrows = 5;

}  // namespace

/// Answered when everybody can see the outcome.
void handle_end_txn(Connection& connection, const Request& request) {
  wire::EndTxnRequest message;
  if (!request.decode(message, request.body)) return request.reply.close("malformed EndTxnRequest");
  wire::EndTxnResponse response;
  if (!may_produce_as(connection, message.transactional_id)) {
    response.error_code = wire::ErrorCode::transactional_id_authorization_failed;
    return request.reply.send(response);
  }
  broker::EndTransactionRequest end;
  end.name = producer_name(connection, message.transactional_id);
  end.identity = {message.producer_id, message.producer_epoch};
  end.commit = message.committed;
  end.grows = request.version >= kGrows;
  connection.shard().coordinators().end(
      std::move(end), [reply = request.reply](broker::Result<broker::ProducerIdentity> ended) {
        wire::EndTxnResponse out;
        if (!ended.has_value()) {
          out.error_code = code_of_transaction(ended.error(), reply.version() >= kKnowsFenced);
        } else {
          out.producer_id = ended->id;
          out.producer_epoch = ended->epoch;
        }
        reply.send(out);
      });
}

}  // namespace millrace::gateway::kafka
