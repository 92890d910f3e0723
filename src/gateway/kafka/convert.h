#pragma once

#include "base/units.h"
#include "broker/logs.h"
#include "bytes/compression.h"
#include "bytes/slab.h"
#include "model/properties.h"
#include "wire/kafka/error_codes.h"

namespace millrace::gateway::kafka {

/// A message set of the old formats (magic 0 and 1) as one batch.
::millrace::wire::kafka::ErrorCode convert_legacy(bytes::ByteView records, base::Bytes limit, bytes::Slab& batch);

/// The same records, compressed in another way. The batch was checked.
bytes::Slab recompress(bytes::ByteView batch, bytes::Compression codec);

/// The batch as Kafka clients may see it. One without envelopes is passed on untouched; else its records are written
/// anew with the same offsets: the envelope is taken out and the sender's properties become headers (docs/kafka.md has
/// the table).
broker::BatchRef to_client_batch(const broker::BatchRef& stored, const model::NativeCodecs& codecs);

}  // namespace millrace::gateway::kafka
