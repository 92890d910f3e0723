#include "wire/kafka/text_store.h"

namespace millrace::wire::kafka {

// Not inline: g++ 12 warns falsely of reading past a short string when it sees the move.
Text TextStore::keep(std::string text) {
  return {std::string_view(texts_.emplace_back(std::move(text)))};
}

}  // namespace millrace::wire::kafka
