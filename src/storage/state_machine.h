#pragma once

#include "bytes/view.h"
#include "storage/types.h"

namespace millrace::storage {

/// State that lives in the journal as commands and now and then as a snapshot.
///
/// Commands are values that were validated before they were logged; applying one reads no clock and cannot fail. The
/// same code applies them live and at recovery.
class StateMachine {
 public:
  virtual ~StateMachine() = default;
  /// Replaces the state. At recovery this comes before the commands that follow it. Damaged bytes cannot occur
  /// (they are checksummed); bytes of an unknown version are refused at open (newer_version) by returning false.
  [[nodiscard]] virtual bool load_snapshot(bytes::ByteView snapshot) = 0;
  [[nodiscard]] virtual bool apply(bytes::ByteView command) = 0;
  /// Appends a snapshot of the present state, which includes every command that was given to the store so far.
  virtual void save_snapshot(bytes::ByteVector& out) const = 0;
};

}  // namespace millrace::storage
