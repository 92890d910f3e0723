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
  // What a producer with transactions hears.
  unknown_producer,  // no producer of this name, or the name belongs to another one now
  fenced,            // a newer producer of the same name has begun, or the transaction took too long
  concurrent,        // the transaction before is still being finished
  no_transaction,    // what was asked for does not fit the state of the transaction
};
using BrokerError = base::ErrorOf<BrokerErrc>;
template <class T>
using Result = base::Result<T, BrokerError>;
template <class T>
using Callback = std::move_only_function<void(Result<T>)>;

}  // namespace millrace::broker
