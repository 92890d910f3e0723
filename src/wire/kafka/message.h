#pragma once

#include "wire/kafka/primitives.h"
#include "wire/kafka/print.h"

// What every generated message does alike; included by generated .cc files only.
namespace millrace::wire::kafka {

template <class Message>
bool decode_message(Message& message, bytes::Reader& reader, std::int16_t wire_version) {
  if (wire_version < Message::kMinVersion || wire_version > Message::kMaxVersion) return false;
  Decoder in(reader, wire_version, wire_version >= Message::kFlexibleFrom);
  message.decode_fields(in);
  return in.ok();
}

template <class Message>
void encode_message(const Message& message, bytes::Writer& writer, std::int16_t wire_version,
                    std::vector<RecordSplice>* splices) {
  MILLRACE_ASSERT(wire_version >= Message::kMinVersion && wire_version <= Message::kMaxVersion, "{} version {}",
                  Message::kName, wire_version);
  Encoder out(writer, wire_version, wire_version >= Message::kFlexibleFrom, splices);
  message.encode_fields(out);
}

template <class Message>
std::string message_text(const Message& message) {
  Printer printer;
  printer.append(Message::kName);
  printer.value(message);
  return printer.take();
}

}  // namespace millrace::wire::kafka
