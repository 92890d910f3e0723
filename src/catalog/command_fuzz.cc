// Input: stored commands, one after the other. What can be decoded must encode to the same bytes again; what is valid
// is applied, and the state that comes of it survives being saved and loaded.
#include "base/assert.h"
#include "catalog/command_codec.h"
#include "catalog/state.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace;
  bytes::Reader in(bytes::ByteView(data, size));
  catalog::State state;
  while (!in.at_end()) {
    const auto command = catalog::decode_command(in);
    if (!command.has_value()) break;
    bytes::ByteVector encoded;
    bytes::Writer writer(encoded);
    catalog::encode_command(writer, *command);
    bytes::Reader again(encoded);
    const auto decoded = catalog::decode_command(again);
    MILLRACE_ASSERT(decoded.has_value() && again.at_end(), "an encoded command cannot be read");
    bytes::ByteVector second;
    bytes::Writer second_writer(second);
    catalog::encode_command(second_writer, *decoded);
    MILLRACE_ASSERT(second == encoded, "a command changes when it is read and written");
    if (state.validate(*command).has_value()) state.apply(*command);
  }
  bytes::ByteVector snapshot;
  state.save(snapshot);
  catalog::State loaded;
  MILLRACE_ASSERT(loaded.load(snapshot), "a saved state cannot be loaded");
  bytes::ByteVector again;
  loaded.save(again);
  MILLRACE_ASSERT(again == snapshot, "a state changes when it is saved and loaded");
  // The same bytes as a snapshot of their own.
  catalog::State hostile;
  (void)hostile.load(bytes::ByteView(data, size));
  return 0;
}
