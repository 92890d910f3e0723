#include "gateway/kafka/connection.h"
#include "gateway/kafka/errors.h"
#include "gateway/kafka/handlers.h"
#include "wire/kafka/generated/init_producer_id_request.h"
#include "wire/kafka/generated/init_producer_id_response.h"

namespace millrace::gateway::kafka {

/// Idempotent producers only: a number nobody else has, epoch 0. Transactions are not announced (no coordinator is
/// found), so a transactional id here is refused.
void handle_init_producer_id(Connection& connection, const Request& request) {
  wire::InitProducerIdRequest message;
  if (!request.decode(message, request.body)) return request.reply.close("malformed InitProducerIdRequest");
  if (message.transactional_id.has_value()) {
    wire::InitProducerIdResponse response;
    response.error_code = wire::ErrorCode::invalid_request;
    response.producer_epoch = -1;
    return request.reply.send(response);
  }
  connection.shard().topology().allocate_id([reply = request.reply](broker::Result<model::ObjectId> id) {
    wire::InitProducerIdResponse response;
    if (id.has_value()) {
      response.producer_id = static_cast<std::int64_t>(id->value);
      response.producer_epoch = 0;
    } else {
      response.error_code = to_kafka(id.error().code);
      response.producer_epoch = -1;
    }
    reply.send(response);
  });
}

}  // namespace millrace::gateway::kafka
