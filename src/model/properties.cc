#include "model/properties.h"

#include "base/assert.h"

namespace millrace::model {

void NativeCodecs::add(Protocol protocol, std::unique_ptr<NativeCodec> codec) {
  auto& slot = codecs_[static_cast<std::size_t>(protocol)];
  MILLRACE_ASSERT(slot == nullptr, "two codecs for protocol {}", static_cast<int>(protocol));
  slot = std::move(codec);
}

const NativeCodec* NativeCodecs::find(Protocol protocol) const {
  const auto index = static_cast<std::size_t>(protocol);
  return index < std::size(codecs_) ? codecs_[index].get() : nullptr;
}

}  // namespace millrace::model
