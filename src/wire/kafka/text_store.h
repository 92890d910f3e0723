#pragma once

#include <deque>
#include <string>

#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

/// Keeps made-up strings alive until a response that refers to them is encoded. Views stay valid until clear().
class TextStore {
 public:
  Text keep(std::string text);
  void clear() { texts_.clear(); }

 private:
  std::deque<std::string> texts_;
};

}  // namespace millrace::wire::kafka
