#include "wire/amqp091/methods.h"

#include "wire/amqp091/generated/visit_method.h"

namespace millrace::wire::amqp091 {

std::string_view name_of(Method method) {
  std::string_view name;
  visit_method(method, [&name]<class M>(std::type_identity<M>) { name = M::kName; });
  return name;
}

}  // namespace millrace::wire::amqp091
