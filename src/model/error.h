#pragma once

#include "base/result.h"

namespace millrace::model {

enum class ModelErrc {
  truncated,  // fewer bytes than the structure says
  bad_magic,  // not a version 2 record batch
  bad_checksum,
  bad_length,  // an impossible length or count
  bad_record,  // a record that does not parse, or offsets out of order
  unsupported_codec,
  too_large,  // decompresses to more than the limit
};
using ModelError = base::ErrorOf<ModelErrc>;
template <class T>
using Result = base::Result<T, ModelError>;

}  // namespace millrace::model
