#pragma once

#include <string>
#include <string_view>

#include "broker/error.h"
#include "catalog/objects.h"
#include "storage/types.h"

namespace millrace::broker {

/// Settings of a topic that have an effect: retention.ms, retention.bytes (-1: no limit) and segment.bytes. A few
/// others are accepted with the one value that is served (cleanup.policy=delete ...). Everything else is refused, so
/// that nobody relies on what does nothing.
Result<void> check_topic_setting(std::string_view name, std::string_view value);

/// `defaults` with the topic's settings over them.
storage::LogOptions topic_log_options(const catalog::Topic& topic, storage::LogOptions defaults);

}  // namespace millrace::broker
