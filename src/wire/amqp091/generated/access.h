// Written by tools/amqp/generate.py from tools/amqp/methods.tsv; change that and run it again.
// The members common to all structs are described in methods.h.
#pragma once

#include "wire/amqp091/arguments.h"
#include "wire/amqp091/generated/method_ids.h"

namespace millrace::wire::amqp091 {

/// access.request (30.10)
struct AccessRequest {
  static constexpr Method kMethod = Method::access_request;
  static constexpr ClassId kClassId = ClassId::access_class;
  static constexpr std::uint16_t kMethodId = 10;
  static constexpr std::string_view kName = "access.request";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  std::string_view realm = "/data";
  bool exclusive = false;
  bool passive = true;
  bool active = true;
  bool write = true;
  bool read = true;

  static Decoded<AccessRequest> decode(bytes::Reader& in) {
    Decoded<AccessRequest> result;
    AccessRequest& m = *result;
    m.realm = read_shortstr(in);
    const std::uint8_t bits = in.u8();
    m.exclusive = (bits & 0x01) != 0;
    m.passive = (bits & 0x02) != 0;
    m.active = (bits & 0x04) != 0;
    m.write = (bits & 0x08) != 0;
    m.read = (bits & 0x10) != 0;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 1 + shortstr_size(realm); }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_shortstr(to, realm);
    to = put_bits(to, exclusive, passive, active, write, read);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("realm", self.realm);
    visit("exclusive", self.exclusive);
    visit("passive", self.passive);
    visit("active", self.active);
    visit("write", self.write);
    visit("read", self.read);
  }
  friend bool operator==(const AccessRequest&, const AccessRequest&) = default;
};

/// access.request-ok (30.11)
struct AccessRequestOk {
  static constexpr Method kMethod = Method::access_request_ok;
  static constexpr ClassId kClassId = ClassId::access_class;
  static constexpr std::uint16_t kMethodId = 11;
  static constexpr std::string_view kName = "access.request-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  std::uint16_t ticket = 1;

  static Decoded<AccessRequestOk> decode(bytes::Reader& in) {
    Decoded<AccessRequestOk> result;
    AccessRequestOk& m = *result;
    m.ticket = in.u16();
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 2; }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, ticket);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("ticket", self.ticket);
  }
  friend bool operator==(const AccessRequestOk&, const AccessRequestOk&) = default;
};

}  // namespace millrace::wire::amqp091
