#pragma once

#include "broker/error.h"
#include "storage/error.h"

namespace millrace::broker {

/// The one translation of storage errors into the broker's.
BrokerError to_broker(const storage::StorageError& error);

template <class T>
Result<T> to_broker(storage::Result<T> result) {
  if (result.has_value()) return std::move(*result);
  return std::unexpected(to_broker(result.error()));
}

}  // namespace millrace::broker
