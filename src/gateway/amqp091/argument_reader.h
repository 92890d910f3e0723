#pragma once

#include <fmt/core.h>

#include <optional>
#include <string>
#include <string_view>

#include "gateway/amqp091/declare_arguments.h"
#include "gateway/amqp091/native_codec.h"

namespace millrace::gateway::amqp091 {

/// Reads arguments one after another; remembers the first failure.
class ArgumentReader {
 public:
  ArgumentReader(wire::FieldTableView arguments, std::string_view resource)
      : arguments_(arguments), resource_(resource) {}

  std::optional<std::string> text(std::string_view name) {
    const auto value = arguments_.find(name);
    if (!value.has_value()) return std::nullopt;
    const auto found = value->as_text();
    if (!found.has_value()) {
      bad_type(name, *value);
      return std::nullopt;
    }
    return std::string(*found);
  }

  /// The name of an exchange; its type has an error of its own.
  std::optional<std::string> exchange(std::string_view name) {
    const auto value = arguments_.find(name);
    if (!value.has_value() || value->as_text().has_value()) return text(name);
    fail({wire::ReplyCode::precondition_failed,
          fmt::format("invalid type '{}' for arg '{}' in {}", field_type_text(value->tag), name, resource_)});
    return std::nullopt;
  }

  std::optional<std::int64_t> number(std::string_view name, std::int64_t minimum) {
    const auto value = arguments_.find(name);
    if (!value.has_value()) return std::nullopt;
    const auto found = value->as_int();
    if (!found.has_value()) {
      fail(no_integer(name, *value, resource_));
    } else if (*found < minimum) {
      invalid(name,
              *found < 0 ? fmt::format("{{value_negative,{}}}", *found) : fmt::format("{{value_zero,{}}}", *found));
    } else {
      return found;
    }
    return std::nullopt;
  }

  std::optional<base::Millis> time(std::string_view name, std::int64_t minimum) {
    const auto found = number(name, minimum);
    if (!found.has_value()) return std::nullopt;
    if (*found > kMaxExpiry.value) invalid(name, fmt::format("{{value_too_large,{}}}", *found));
    return base::Millis(*found);
  }

  bool flag(std::string_view name) {
    const auto value = arguments_.find(name);
    if (!value.has_value()) return false;
    if (!value->as_bool().has_value()) bad_type(name, *value);
    return value->as_bool().value_or(false);
  }

  void invalid(std::string_view name, std::string_view why) {
    fail({wire::ReplyCode::precondition_failed, fmt::format("invalid arg '{}' for {}: {}", name, resource_, why)});
  }
  void fail(Failure failure) {
    if (!failure_.has_value()) failure_ = std::move(failure);
  }
  const std::optional<Failure>& failure() const { return failure_; }
  wire::FieldTableView arguments() const { return arguments_; }
  std::string_view resource() const { return resource_; }

 private:
  void bad_type(std::string_view name, const wire::FieldRef& value) { fail(unacceptable_type(name, value, resource_)); }

  wire::FieldTableView arguments_;
  std::string_view resource_;
  std::optional<Failure> failure_;
};

}  // namespace millrace::gateway::amqp091
