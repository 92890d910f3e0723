#pragma once

#include "broker/error.h"
#include "broker/group_types.h"
#include "model/error.h"
#include "wire/kafka/error_codes.h"

namespace millrace::gateway::kafka {

/// The one translation of the broker's errors.
::millrace::wire::kafka::ErrorCode to_kafka(broker::BrokerErrc code);
/// What a group answers.
::millrace::wire::kafka::ErrorCode to_kafka(broker::GroupErrc code);
/// The same for one committed offset, of which only the metadata can be too large.
::millrace::wire::kafka::ErrorCode code_of_commit(broker::GroupErrc code);
/// Why a record batch was refused.
::millrace::wire::kafka::ErrorCode to_kafka(model::ModelErrc code);

}  // namespace millrace::gateway::kafka
