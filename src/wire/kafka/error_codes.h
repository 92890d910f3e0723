#pragma once

#include <span>
#include <string_view>

#include "wire/kafka/generated/error_enum.h"

namespace millrace::wire::kafka {

struct ErrorInfo {
  ErrorCode code;
  /// As the protocol writes it: UNKNOWN_TOPIC_OR_PARTITION.
  std::string_view name;
  /// Whether a client may send the same request again.
  bool retriable;
};

/// Every error code of the protocol, by ascending code.
std::span<const ErrorInfo> all_errors();

/// The code's name; UNDEFINED_ERROR_CODE for one the protocol does not have.
std::string_view error_name(ErrorCode code);
/// False for a code the protocol does not have.
bool is_retriable(ErrorCode code);

}  // namespace millrace::wire::kafka
