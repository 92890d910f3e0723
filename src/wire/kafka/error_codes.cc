#include "wire/kafka/error_codes.h"

#include <algorithm>

namespace millrace::wire::kafka {

namespace {

const ErrorInfo* find(ErrorCode code) {
  const auto errors = all_errors();
  const auto found = std::ranges::lower_bound(errors, code, {}, &ErrorInfo::code);
  return found != errors.end() && found->code == code ? &*found : nullptr;
}

}  // namespace

std::string_view error_name(ErrorCode code) {
  const ErrorInfo* info = find(code);
  return info != nullptr ? info->name : "UNDEFINED_ERROR_CODE";
}

bool is_retriable(ErrorCode code) {
  const ErrorInfo* info = find(code);
  return info != nullptr && info->retriable;
}

}  // namespace millrace::wire::kafka
