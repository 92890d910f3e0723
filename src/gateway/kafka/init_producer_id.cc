#include "auth/some_name.h"
#include "gateway/kafka/access_rules.h"
#include "gateway/kafka/connection.h"
#include "gateway/kafka/errors.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/topics.h"
#include "gateway/kafka/transactions.h"
#include "wire/kafka/generated/init_producer_id_request.h"
#include "wire/kafka/generated/init_producer_id_response.h"

namespace millrace::gateway::kafka {

namespace {

constexpr std::int16_t kInitKnowsFenced = 4;

void refuse(const Reply& reply, wire::ErrorCode code) {
  wire::InitProducerIdResponse response;
  response.error_code = code;
  response.producer_epoch = -1;
  reply.send(response);
}

/// To write to any topic is enough; IDEMPOTENT_WRITE is what older rules have.
bool may_write_somewhere(Connection& connection) {
  if (may_with_cluster(connection, auth::Operation::idempotent_write)) return true;
  return auth::allowed_for_some_name(connection.shard().catalog(), {.user = connection.user(),
                                                                    .host = connection.host(),
                                                                    .vhost = Topics(connection).vhost(),
                                                                    .operation = auth::Operation::write,
                                                                    .kind = auth::RuleResource::name,
                                                                    .name = {}});
}

/// A producer with idempotence only: a number nobody else has, epoch 0.
void init_unnamed(Connection& connection, const Reply& to) {
  connection.shard().topology().allocate_id([reply = to](broker::Result<model::ObjectId> id) {
    if (!id.has_value()) return refuse(reply, to_kafka(id.error().code));
    wire::InitProducerIdResponse response;
    response.producer_id = static_cast<std::int64_t>(id->value);
    response.producer_epoch = 0;
    reply.send(response);
  });
}

}  // namespace

void handle_init_producer_id(Connection& connection, const Request& request) {
  wire::InitProducerIdRequest message;
  if (!request.decode(message, request.body)) return request.reply.close("malformed InitProducerIdRequest");
  if (!message.transactional_id.has_value()) {
    if (may_write_somewhere(connection)) return init_unnamed(connection, request.reply);
    return refuse(request.reply, wire::ErrorCode::cluster_authorization_failed);
  }
  const wire::Text name = *message.transactional_id;
  if (name.empty() || (message.producer_id < 0) != (message.producer_epoch < 0)) {
    return refuse(request.reply, wire::ErrorCode::invalid_request);
  }
  if (!may_produce_as(connection, name)) {
    return refuse(request.reply, wire::ErrorCode::transactional_id_authorization_failed);
  }
  connection.shard().coordinators().begin(
      {producer_name(connection, name),
       base::Millis(message.transaction_timeout_ms),
       {message.producer_id, message.producer_epoch}},
      [reply = request.reply](broker::Result<broker::ProducerIdentity> begun) {
        if (!begun.has_value()) {
          return refuse(reply, code_of_transaction(begun.error(), reply.version() >= kInitKnowsFenced));
        }
        wire::InitProducerIdResponse response;
        response.producer_id = begun->id;
        response.producer_epoch = begun->epoch;
        reply.send(response);
      });
}

}  // namespace millrace::gateway::kafka
