#pragma once

#include "base/assert.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

/// For fuzz targets: whatever was read can be written, and reading that gives the same again.
template <class Message>
void check_reencoding(bytes::Reader body, std::int16_t version) {
  Message message;
  if (!message.decode(body, version)) return;
  bytes::ByteVector first;
  bytes::Writer first_writer(first);
  message.encode(first_writer, version);
  Message again;
  bytes::Reader reader(first);
  const bool readable = again.decode(reader, version) && reader.at_end();
  MILLRACE_ASSERT(readable, "{} version {}: {}", Message::kName, version, message.to_text());
  bytes::ByteVector second;
  bytes::Writer second_writer(second);
  again.encode(second_writer, version);
  MILLRACE_ASSERT(first == second, "{} version {}: {}", Message::kName, version, message.to_text());
  MILLRACE_ASSERT(message.to_text() == again.to_text(), "{} version {}: {}", Message::kName, version,
                  message.to_text());
}

}  // namespace millrace::wire::kafka
