// Written by tools/amqp/generate.py from tools/amqp/methods.tsv; change that and run it again.
#pragma once

#include <type_traits>

#include "wire/amqp091/generated/access.h"
#include "wire/amqp091/generated/basic.h"
#include "wire/amqp091/generated/channel.h"
#include "wire/amqp091/generated/confirm.h"
#include "wire/amqp091/generated/connection.h"
#include "wire/amqp091/generated/exchange.h"
#include "wire/amqp091/generated/queue.h"
#include "wire/amqp091/generated/tx.h"

namespace millrace::wire::amqp091 {

template <class Struct, class Visit>
bool visit_as(Visit& visit) {
  visit(std::type_identity<Struct>{});
  return true;
}

template <class Visit>
bool visit_connection_method(Method method, Visit& visit) {
  switch (method) {
    case Method::connection_start:
      return visit_as<ConnectionStart>(visit);
    case Method::connection_start_ok:
      return visit_as<ConnectionStartOk>(visit);
    case Method::connection_secure:
      return visit_as<ConnectionSecure>(visit);
    case Method::connection_secure_ok:
      return visit_as<ConnectionSecureOk>(visit);
    case Method::connection_tune:
      return visit_as<ConnectionTune>(visit);
    case Method::connection_tune_ok:
      return visit_as<ConnectionTuneOk>(visit);
    case Method::connection_open:
      return visit_as<ConnectionOpen>(visit);
    case Method::connection_open_ok:
      return visit_as<ConnectionOpenOk>(visit);
    case Method::connection_close:
      return visit_as<ConnectionClose>(visit);
    case Method::connection_close_ok:
      return visit_as<ConnectionCloseOk>(visit);
    case Method::connection_blocked:
      return visit_as<ConnectionBlocked>(visit);
    case Method::connection_unblocked:
      return visit_as<ConnectionUnblocked>(visit);
    case Method::connection_update_secret:
      return visit_as<ConnectionUpdateSecret>(visit);
    case Method::connection_update_secret_ok:
      return visit_as<ConnectionUpdateSecretOk>(visit);
    default:
      return false;
  }
}

template <class Visit>
bool visit_channel_method(Method method, Visit& visit) {
  switch (method) {
    case Method::channel_open:
      return visit_as<ChannelOpen>(visit);
    case Method::channel_open_ok:
      return visit_as<ChannelOpenOk>(visit);
    case Method::channel_flow:
      return visit_as<ChannelFlow>(visit);
    case Method::channel_flow_ok:
      return visit_as<ChannelFlowOk>(visit);
    case Method::channel_close:
      return visit_as<ChannelClose>(visit);
    case Method::channel_close_ok:
      return visit_as<ChannelCloseOk>(visit);
    default:
      return false;
  }
}

template <class Visit>
bool visit_access_method(Method method, Visit& visit) {
  switch (method) {
    case Method::access_request:
      return visit_as<AccessRequest>(visit);
    case Method::access_request_ok:
      return visit_as<AccessRequestOk>(visit);
    default:
      return false;
  }
}

template <class Visit>
bool visit_exchange_method(Method method, Visit& visit) {
  switch (method) {
    case Method::exchange_declare:
      return visit_as<ExchangeDeclare>(visit);
    case Method::exchange_declare_ok:
      return visit_as<ExchangeDeclareOk>(visit);
    case Method::exchange_delete:
      return visit_as<ExchangeDelete>(visit);
    case Method::exchange_delete_ok:
      return visit_as<ExchangeDeleteOk>(visit);
    case Method::exchange_bind:
      return visit_as<ExchangeBind>(visit);
    case Method::exchange_bind_ok:
      return visit_as<ExchangeBindOk>(visit);
    case Method::exchange_unbind:
      return visit_as<ExchangeUnbind>(visit);
    case Method::exchange_unbind_ok:
      return visit_as<ExchangeUnbindOk>(visit);
    default:
      return false;
  }
}

template <class Visit>
bool visit_queue_method(Method method, Visit& visit) {
  switch (method) {
    case Method::queue_declare:
      return visit_as<QueueDeclare>(visit);
    case Method::queue_declare_ok:
      return visit_as<QueueDeclareOk>(visit);
    case Method::queue_bind:
      return visit_as<QueueBind>(visit);
    case Method::queue_bind_ok:
      return visit_as<QueueBindOk>(visit);
    case Method::queue_purge:
      return visit_as<QueuePurge>(visit);
    case Method::queue_purge_ok:
      return visit_as<QueuePurgeOk>(visit);
    case Method::queue_delete:
      return visit_as<QueueDelete>(visit);
    case Method::queue_delete_ok:
      return visit_as<QueueDeleteOk>(visit);
    case Method::queue_unbind:
      return visit_as<QueueUnbind>(visit);
    case Method::queue_unbind_ok:
      return visit_as<QueueUnbindOk>(visit);
    default:
      return false;
  }
}

template <class Visit>
bool visit_basic_method(Method method, Visit& visit) {
  switch (method) {
    case Method::basic_qos:
      return visit_as<BasicQos>(visit);
    case Method::basic_qos_ok:
      return visit_as<BasicQosOk>(visit);
    case Method::basic_consume:
      return visit_as<BasicConsume>(visit);
    case Method::basic_consume_ok:
      return visit_as<BasicConsumeOk>(visit);
    case Method::basic_cancel:
      return visit_as<BasicCancel>(visit);
    case Method::basic_cancel_ok:
      return visit_as<BasicCancelOk>(visit);
    case Method::basic_publish:
      return visit_as<BasicPublish>(visit);
    case Method::basic_return:
      return visit_as<BasicReturn>(visit);
    case Method::basic_deliver:
      return visit_as<BasicDeliver>(visit);
    case Method::basic_get:
      return visit_as<BasicGet>(visit);
    case Method::basic_get_ok:
      return visit_as<BasicGetOk>(visit);
    case Method::basic_get_empty:
      return visit_as<BasicGetEmpty>(visit);
    case Method::basic_ack:
      return visit_as<BasicAck>(visit);
    case Method::basic_reject:
      return visit_as<BasicReject>(visit);
    case Method::basic_recover_async:
      return visit_as<BasicRecoverAsync>(visit);
    case Method::basic_recover:
      return visit_as<BasicRecover>(visit);
    case Method::basic_recover_ok:
      return visit_as<BasicRecoverOk>(visit);
    case Method::basic_nack:
      return visit_as<BasicNack>(visit);
    default:
      return false;
  }
}

template <class Visit>
bool visit_confirm_method(Method method, Visit& visit) {
  switch (method) {
    case Method::confirm_select:
      return visit_as<ConfirmSelect>(visit);
    case Method::confirm_select_ok:
      return visit_as<ConfirmSelectOk>(visit);
    default:
      return false;
  }
}

template <class Visit>
bool visit_tx_method(Method method, Visit& visit) {
  switch (method) {
    case Method::tx_select:
      return visit_as<TxSelect>(visit);
    case Method::tx_select_ok:
      return visit_as<TxSelectOk>(visit);
    case Method::tx_commit:
      return visit_as<TxCommit>(visit);
    case Method::tx_commit_ok:
      return visit_as<TxCommitOk>(visit);
    case Method::tx_rollback:
      return visit_as<TxRollback>(visit);
    case Method::tx_rollback_ok:
      return visit_as<TxRollbackOk>(visit);
    default:
      return false;
  }
}

/// Calls visit(std::type_identity<Struct>) for the struct of `method`; false when there is none.
template <class Visit>
bool visit_method(Method method, Visit&& visit) {
  switch (static_cast<ClassId>(static_cast<std::uint32_t>(method) >> 16)) {
    case ClassId::connection_class:
      return visit_connection_method(method, visit);
    case ClassId::channel_class:
      return visit_channel_method(method, visit);
    case ClassId::access_class:
      return visit_access_method(method, visit);
    case ClassId::exchange_class:
      return visit_exchange_method(method, visit);
    case ClassId::queue_class:
      return visit_queue_method(method, visit);
    case ClassId::basic_class:
      return visit_basic_method(method, visit);
    case ClassId::confirm_class:
      return visit_confirm_method(method, visit);
    case ClassId::tx_class:
      return visit_tx_method(method, visit);
    default:
      return false;
  }
}

/// Every method, in the order of the description.
inline constexpr Method kAllMethods[] = {
    Method::connection_start,
    Method::connection_start_ok,
    Method::connection_secure,
    Method::connection_secure_ok,
    Method::connection_tune,
    Method::connection_tune_ok,
    Method::connection_open,
    Method::connection_open_ok,
    Method::connection_close,
    Method::connection_close_ok,
    Method::connection_blocked,
    Method::connection_unblocked,
    Method::connection_update_secret,
    Method::connection_update_secret_ok,
    Method::channel_open,
    Method::channel_open_ok,
    Method::channel_flow,
    Method::channel_flow_ok,
    Method::channel_close,
    Method::channel_close_ok,
    Method::access_request,
    Method::access_request_ok,
    Method::exchange_declare,
    Method::exchange_declare_ok,
    Method::exchange_delete,
    Method::exchange_delete_ok,
    Method::exchange_bind,
    Method::exchange_bind_ok,
    Method::exchange_unbind,
    Method::exchange_unbind_ok,
    Method::queue_declare,
    Method::queue_declare_ok,
    Method::queue_bind,
    Method::queue_bind_ok,
    Method::queue_purge,
    Method::queue_purge_ok,
    Method::queue_delete,
    Method::queue_delete_ok,
    Method::queue_unbind,
    Method::queue_unbind_ok,
    Method::basic_qos,
    Method::basic_qos_ok,
    Method::basic_consume,
    Method::basic_consume_ok,
    Method::basic_cancel,
    Method::basic_cancel_ok,
    Method::basic_publish,
    Method::basic_return,
    Method::basic_deliver,
    Method::basic_get,
    Method::basic_get_ok,
    Method::basic_get_empty,
    Method::basic_ack,
    Method::basic_reject,
    Method::basic_recover_async,
    Method::basic_recover,
    Method::basic_recover_ok,
    Method::basic_nack,
    Method::confirm_select,
    Method::confirm_select_ok,
    Method::tx_select,
    Method::tx_select_ok,
    Method::tx_commit,
    Method::tx_commit_ok,
    Method::tx_rollback,
    Method::tx_rollback_ok,
};

}  // namespace millrace::wire::amqp091
