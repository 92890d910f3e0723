#pragma once

#include <optional>
#include <vector>

#include "model/batch.h"

namespace millrace::model {

/// The batch with only some of its records: `keep` has one entry for each, in their order, and at least one is true.
/// Offsets, the producer's sequence and the compression stay; so the batch has holes. With `delete_horizon` it gets one
/// (see BatchHeader::has_delete_horizon). `records` is what records_of() made of the batch. Errors: bad_record.
Result<bytes::ByteVector> filter_batch(const BatchHeader& header, bytes::ByteView batch, bytes::ByteView records,
                                       const std::vector<bool>& keep, std::optional<base::Timestamp> delete_horizon);

}  // namespace millrace::model
