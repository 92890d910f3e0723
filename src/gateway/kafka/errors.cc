#include "gateway/kafka/errors.h"

namespace millrace::gateway::kafka {

using ::millrace::wire::kafka::ErrorCode;

ErrorCode to_kafka(broker::BrokerErrc code) {
  using broker::BrokerErrc;
  switch (code) {
    case BrokerErrc::not_found:
      return ErrorCode::unknown_topic_or_partition;
    case BrokerErrc::already_exists:
      return ErrorCode::topic_already_exists;
    case BrokerErrc::refused:
      return ErrorCode::topic_authorization_failed;
    case BrokerErrc::out_of_range:
      return ErrorCode::offset_out_of_range;
    case BrokerErrc::too_large:
      return ErrorCode::message_too_large;
    case BrokerErrc::invalid:
      return ErrorCode::invalid_request;
    case BrokerErrc::too_many:
    case BrokerErrc::in_use:
    case BrokerErrc::not_empty:
    case BrokerErrc::locked:
      return ErrorCode::policy_violation;
    case BrokerErrc::unsupported:
      return ErrorCode::unsupported_version;
    case BrokerErrc::full:
    case BrokerErrc::resource_alarm:
    case BrokerErrc::damaged:
    case BrokerErrc::storage:
      return ErrorCode::kafka_storage_error;
    case BrokerErrc::stopping:
      return ErrorCode::not_leader_or_follower;
    case BrokerErrc::unknown_producer:
      return ErrorCode::invalid_producer_id_mapping;
    case BrokerErrc::fenced:
      return ErrorCode::producer_fenced;
    case BrokerErrc::concurrent:
      return ErrorCode::concurrent_transactions;
    case BrokerErrc::no_transaction:
      return ErrorCode::invalid_txn_state;
  }
  return ErrorCode::unknown_server_error;
}

ErrorCode to_kafka(broker::GroupErrc code) {
  using broker::GroupErrc;
  switch (code) {
    case GroupErrc::none:
      return ErrorCode::none;
    case GroupErrc::unknown_group:
      return ErrorCode::group_id_not_found;
    case GroupErrc::unknown_member:
      return ErrorCode::unknown_member_id;
    case GroupErrc::illegal_generation:
      return ErrorCode::illegal_generation;
    case GroupErrc::rebalancing:
      return ErrorCode::rebalance_in_progress;
    case GroupErrc::inconsistent_protocol:
      return ErrorCode::inconsistent_group_protocol;
    case GroupErrc::fenced_instance:
      return ErrorCode::fenced_instance_id;
    case GroupErrc::member_id_required:
      return ErrorCode::member_id_required;
    case GroupErrc::too_many_members:
      return ErrorCode::group_max_size_reached;
    case GroupErrc::too_many_groups:
    case GroupErrc::too_large:
      return ErrorCode::policy_violation;
    case GroupErrc::too_many_offsets:
      return ErrorCode::invalid_commit_offset_size;
    case GroupErrc::unknown_topic:
      return ErrorCode::unknown_topic_or_partition;
    case GroupErrc::invalid_session_timeout:
      return ErrorCode::invalid_session_timeout;
    case GroupErrc::not_empty:
      return ErrorCode::non_empty_group;
    case GroupErrc::in_use:
      return ErrorCode::group_subscribed_to_topic;
  }
  return ErrorCode::unknown_server_error;
}

ErrorCode code_of_commit(broker::GroupErrc code) {
  return code == broker::GroupErrc::too_large ? ErrorCode::offset_metadata_too_large : to_kafka(code);
}

ErrorCode to_kafka(model::ModelErrc code) {
  using model::ModelErrc;
  switch (code) {
    case ModelErrc::bad_magic:
      return ErrorCode::unsupported_for_message_format;
    case ModelErrc::unsupported_codec:
      return ErrorCode::unsupported_compression_type;
    case ModelErrc::too_large:
      return ErrorCode::message_too_large;
    case ModelErrc::bad_record:
      return ErrorCode::invalid_record;
    case ModelErrc::truncated:
    case ModelErrc::bad_checksum:
    case ModelErrc::bad_length:
      return ErrorCode::corrupt_message;
  }
  return ErrorCode::corrupt_message;
}

}  // namespace millrace::gateway::kafka
