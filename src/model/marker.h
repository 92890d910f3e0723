#pragma once

#include <cstdint>
#include <optional>

#include "base/units.h"
#include "bytes/slab.h"
#include "bytes/view.h"
#include "model/batch.h"

namespace millrace::model {

/// The record that ends a producer's transaction in a log: a control batch of the public format, with one record.
///
///     key:   version = 0 i16 | 0: aborted, 1: committed i16
///     value: version = 0 i16 | epoch of who decided i32
struct Marker {
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  bool commit = false;
  std::int32_t decider_epoch = 0;
  friend bool operator==(const Marker&, const Marker&) = default;
};

bytes::Slab make_marker(const Marker& marker, base::Timestamp now);
/// Nothing when the batch is not a marker.
std::optional<Marker> read_marker(bytes::ByteView batch);

}  // namespace millrace::model
