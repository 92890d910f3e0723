// A table that validates must survive decoding to its owned form: same size, and from then on the same bytes.
#include <cstdlib>

#include "wire/amqp091/field_table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace;
  using namespace millrace::wire::amqp091;
  const auto view = FieldTableView::parse(bytes::ByteView(data, size));
  if (!view.has_value()) return 0;
  for (const FieldEntry& entry : *view) {
    if (!view->contains(entry.name)) std::abort();
  }
  const FieldTable table = FieldTable::decode(*view);
  const bytes::ByteVector content = table.content();
  if (content.size() != size || table.size() != view->count()) std::abort();
  const auto again = FieldTableView::parse(content);
  if (!again.has_value() || FieldTable::decode(*again).content() != content) std::abort();
  return 0;
}
