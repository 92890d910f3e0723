#pragma once

#include <functional>

#include "base/result.h"

namespace millrace::broker {

/// What can go wrong for a client, in no protocol's words. Each gateway translates it in one function.
enum class BrokerErrc {
  not_found,  // no such virtual host, exchange, queue, topic or consumer
  already_exists,
  in_use,  // has consumers or bindings, and the request said "if unused"; or consumed exclusively
  not_empty,
  locked,        // belongs to another connection
  refused,       // not permitted
  invalid,       // the request contradicts itself or breaks a named rule
  out_of_range,  // an offset below the start or above the end of a log
  too_large,     // over a named limit
  too_many,
  full,            // length limit of the queue reached, and it rejects
  resource_alarm,  // memory or disk alarm
  damaged,         // the data asked for is quarantined
  unsupported,
  storage,  // the system failed
  stopping,
};
using BrokerError = base::ErrorOf<BrokerErrc>;
template <class T>
using Result = base::Result<T, BrokerError>;
template <class T>
using Callback = std::move_only_function<void(Result<T>)>;

}  // namespace millrace::broker
