#pragma once

#include <expected>
#include <utility>

#include "base/result.h"
#include "io/error.h"

namespace millrace::storage {

enum class StorageErrc {
  disk_full,      // refused before anything was written; works again when space is free
  unknown_log,    // never created, or deleted
  below_start,    // offset below the log's start: settled, expired or deleted records
  above_end,      // offset above the committed end
  quarantined,    // the range is damaged and set aside
  newer_version,  // the data directory was written by a newer version; nothing was touched
  damaged,        // data that must be readable is not
  in_use,         // another process has the data directory
  io,             // the system refused; the detail says what
};
using StorageError = base::ErrorOf<StorageErrc>;
template <class T>
using Result = base::Result<T, StorageError>;

/// What the system refused, always as `io`: for changes and syncs, after whose failure the data's fate is unknown. A
/// full disk is then no reason to try again when there is space, nor bad sectors one for quarantine; elsewhere
/// storage_failure() tells these apart.
inline std::unexpected<StorageError> io_failure(io::IoError error) {
  return base::fail(StorageErrc::io, std::move(error.detail));
}

}  // namespace millrace::storage
