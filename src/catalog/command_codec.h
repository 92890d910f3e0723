#pragma once

#include <optional>

#include "bytes/reader.h"
#include "bytes/writer.h"
#include "catalog/command.h"

namespace millrace::catalog {

/// Appends one command: kind u8, version u8, length u32, fields.
void encode_command(bytes::Writer& out, const Command& command);

/// Reads one command; nothing when the bytes are damaged or of an unknown kind or version.
std::optional<Command> decode_command(bytes::Reader& in);

}  // namespace millrace::catalog
