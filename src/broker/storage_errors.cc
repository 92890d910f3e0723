#include "broker/storage_errors.h"

namespace millrace::broker {

BrokerError to_broker(const storage::StorageError& error) {
  using storage::StorageErrc;
  const auto code = [&] {
    switch (error.code) {
      case StorageErrc::disk_full:
        return BrokerErrc::resource_alarm;
      case StorageErrc::unknown_log:
        return BrokerErrc::not_found;
      case StorageErrc::below_start:
      case StorageErrc::above_end:
        return BrokerErrc::out_of_range;
      case StorageErrc::quarantined:
      case StorageErrc::damaged:
        return BrokerErrc::damaged;
      case StorageErrc::newer_version:
      case StorageErrc::in_use:
      case StorageErrc::io:
        return BrokerErrc::storage;
    }
    return BrokerErrc::storage;
  };
  return {code(), error.detail};
}

}  // namespace millrace::broker
