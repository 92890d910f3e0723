// Written by tools/amqp/generate.py from tools/amqp/methods.tsv; change that and run it again.
// The members common to all structs are described in methods.h.
#pragma once

#include "wire/amqp091/arguments.h"
#include "wire/amqp091/generated/method_ids.h"

namespace millrace::wire::amqp091 {

/// confirm.select (85.10)
struct ConfirmSelect {
  static constexpr Method kMethod = Method::confirm_select;
  static constexpr ClassId kClassId = ClassId::confirm_class;
  static constexpr std::uint16_t kMethodId = 10;
  static constexpr std::string_view kName = "confirm.select";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  bool no_wait = false;

  static Decoded<ConfirmSelect> decode(bytes::Reader& in) {
    Decoded<ConfirmSelect> result;
    ConfirmSelect& m = *result;
    const std::uint8_t bits = in.u8();
    m.no_wait = (bits & 0x01) != 0;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 1; }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_bits(to, no_wait);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("no_wait", self.no_wait);
  }
  friend bool operator==(const ConfirmSelect&, const ConfirmSelect&) = default;
};

/// confirm.select-ok (85.11)
struct ConfirmSelectOk {
  static constexpr Method kMethod = Method::confirm_select_ok;
  static constexpr ClassId kClassId = ClassId::confirm_class;
  static constexpr std::uint16_t kMethodId = 11;
  static constexpr std::string_view kName = "confirm.select-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  static Decoded<ConfirmSelectOk> decode(bytes::Reader& in) {
    Decoded<ConfirmSelectOk> result;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 0; }
  std::uint8_t* put(std::uint8_t* to) const { return to; }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  friend bool operator==(const ConfirmSelectOk&, const ConfirmSelectOk&) = default;
};

}  // namespace millrace::wire::amqp091
