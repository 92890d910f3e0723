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
  }
  return ErrorCode::unknown_server_error;
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
