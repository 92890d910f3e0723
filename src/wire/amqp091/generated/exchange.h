// Written by tools/amqp/generate.py from tools/amqp/methods.tsv; change that and run it again.
// The members common to all structs are described in methods.h.
#pragma once

#include "wire/amqp091/arguments.h"
#include "wire/amqp091/generated/method_ids.h"

namespace millrace::wire::amqp091 {

/// exchange.declare (40.10)
struct ExchangeDeclare {
  static constexpr Method kMethod = Method::exchange_declare;
  static constexpr ClassId kClassId = ClassId::exchange_class;
  static constexpr std::uint16_t kMethodId = 10;
  static constexpr std::string_view kName = "exchange.declare";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  std::uint16_t ticket = 0;
  std::string_view exchange{};
  std::string_view type = "direct";
  bool passive = false;
  bool durable = false;
  bool auto_delete = false;
  bool internal = false;
  bool no_wait = false;
  FieldTableView arguments{};

  static Decoded<ExchangeDeclare> decode(bytes::Reader& in) {
    Decoded<ExchangeDeclare> result;
    ExchangeDeclare& m = *result;
    WireError table_error = kNoTableError;
    m.ticket = in.u16();
    m.exchange = read_shortstr(in);
    m.type = read_shortstr(in);
    const std::uint8_t bits = in.u8();
    m.passive = (bits & 0x01) != 0;
    m.durable = (bits & 0x02) != 0;
    m.auto_delete = (bits & 0x04) != 0;
    m.internal = (bits & 0x08) != 0;
    m.no_wait = (bits & 0x10) != 0;
    m.arguments = read_table(in, table_error);
    if (!all_read(in)) result = std::unexpected(arguments_error(in, table_error));
    return result;
  }
  std::size_t encoded_size() const { return 3 + shortstr_size(exchange) + shortstr_size(type) + table_size(arguments); }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, ticket);
    to = put_shortstr(to, exchange);
    to = put_shortstr(to, type);
    to = put_bits(to, passive, durable, auto_delete, internal, no_wait);
    to = put_table(to, arguments);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("ticket", self.ticket);
    visit("exchange", self.exchange);
    visit("type", self.type);
    visit("passive", self.passive);
    visit("durable", self.durable);
    visit("auto_delete", self.auto_delete);
    visit("internal", self.internal);
    visit("no_wait", self.no_wait);
    visit("arguments", self.arguments);
  }
  friend bool operator==(const ExchangeDeclare&, const ExchangeDeclare&) = default;
};

/// exchange.declare-ok (40.11)
struct ExchangeDeclareOk {
  static constexpr Method kMethod = Method::exchange_declare_ok;
  static constexpr ClassId kClassId = ClassId::exchange_class;
  static constexpr std::uint16_t kMethodId = 11;
  static constexpr std::string_view kName = "exchange.declare-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  static Decoded<ExchangeDeclareOk> decode(bytes::Reader& in) {
    Decoded<ExchangeDeclareOk> result;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 0; }
  std::uint8_t* put(std::uint8_t* to) const { return to; }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  friend bool operator==(const ExchangeDeclareOk&, const ExchangeDeclareOk&) = default;
};

/// exchange.delete (40.20)
struct ExchangeDelete {
  static constexpr Method kMethod = Method::exchange_delete;
  static constexpr ClassId kClassId = ClassId::exchange_class;
  static constexpr std::uint16_t kMethodId = 20;
  static constexpr std::string_view kName = "exchange.delete";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  std::uint16_t ticket = 0;
  std::string_view exchange{};
  bool if_unused = false;
  bool no_wait = false;

  static Decoded<ExchangeDelete> decode(bytes::Reader& in) {
    Decoded<ExchangeDelete> result;
    ExchangeDelete& m = *result;
    m.ticket = in.u16();
    m.exchange = read_shortstr(in);
    const std::uint8_t bits = in.u8();
    m.if_unused = (bits & 0x01) != 0;
    m.no_wait = (bits & 0x02) != 0;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 3 + shortstr_size(exchange); }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, ticket);
    to = put_shortstr(to, exchange);
    to = put_bits(to, if_unused, no_wait);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("ticket", self.ticket);
    visit("exchange", self.exchange);
    visit("if_unused", self.if_unused);
    visit("no_wait", self.no_wait);
  }
  friend bool operator==(const ExchangeDelete&, const ExchangeDelete&) = default;
};

/// exchange.delete-ok (40.21)
struct ExchangeDeleteOk {
  static constexpr Method kMethod = Method::exchange_delete_ok;
  static constexpr ClassId kClassId = ClassId::exchange_class;
  static constexpr std::uint16_t kMethodId = 21;
  static constexpr std::string_view kName = "exchange.delete-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  static Decoded<ExchangeDeleteOk> decode(bytes::Reader& in) {
    Decoded<ExchangeDeleteOk> result;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 0; }
  std::uint8_t* put(std::uint8_t* to) const { return to; }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  friend bool operator==(const ExchangeDeleteOk&, const ExchangeDeleteOk&) = default;
};

/// exchange.bind (40.30)
struct ExchangeBind {
  static constexpr Method kMethod = Method::exchange_bind;
  static constexpr ClassId kClassId = ClassId::exchange_class;
  static constexpr std::uint16_t kMethodId = 30;
  static constexpr std::string_view kName = "exchange.bind";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  std::uint16_t ticket = 0;
  std::string_view destination{};
  std::string_view source{};
  std::string_view routing_key{};
  bool no_wait = false;
  FieldTableView arguments{};

  static Decoded<ExchangeBind> decode(bytes::Reader& in) {
    Decoded<ExchangeBind> result;
    ExchangeBind& m = *result;
    WireError table_error = kNoTableError;
    m.ticket = in.u16();
    m.destination = read_shortstr(in);
    m.source = read_shortstr(in);
    m.routing_key = read_shortstr(in);
    const std::uint8_t bits = in.u8();
    m.no_wait = (bits & 0x01) != 0;
    m.arguments = read_table(in, table_error);
    if (!all_read(in)) result = std::unexpected(arguments_error(in, table_error));
    return result;
  }
  std::size_t encoded_size() const {
    return 3 + shortstr_size(destination) + shortstr_size(source) + shortstr_size(routing_key) + table_size(arguments);
  }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, ticket);
    to = put_shortstr(to, destination);
    to = put_shortstr(to, source);
    to = put_shortstr(to, routing_key);
    to = put_bits(to, no_wait);
    to = put_table(to, arguments);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("ticket", self.ticket);
    visit("destination", self.destination);
    visit("source", self.source);
    visit("routing_key", self.routing_key);
    visit("no_wait", self.no_wait);
    visit("arguments", self.arguments);
  }
  friend bool operator==(const ExchangeBind&, const ExchangeBind&) = default;
};

/// exchange.bind-ok (40.31)
struct ExchangeBindOk {
  static constexpr Method kMethod = Method::exchange_bind_ok;
  static constexpr ClassId kClassId = ClassId::exchange_class;
  static constexpr std::uint16_t kMethodId = 31;
  static constexpr std::string_view kName = "exchange.bind-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  static Decoded<ExchangeBindOk> decode(bytes::Reader& in) {
    Decoded<ExchangeBindOk> result;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 0; }
  std::uint8_t* put(std::uint8_t* to) const { return to; }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  friend bool operator==(const ExchangeBindOk&, const ExchangeBindOk&) = default;
};

/// exchange.unbind (40.40)
struct ExchangeUnbind {
  static constexpr Method kMethod = Method::exchange_unbind;
  static constexpr ClassId kClassId = ClassId::exchange_class;
  static constexpr std::uint16_t kMethodId = 40;
  static constexpr std::string_view kName = "exchange.unbind";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  std::uint16_t ticket = 0;
  std::string_view destination{};
  std::string_view source{};
  std::string_view routing_key{};
  bool no_wait = false;
  FieldTableView arguments{};

  static Decoded<ExchangeUnbind> decode(bytes::Reader& in) {
    Decoded<ExchangeUnbind> result;
    ExchangeUnbind& m = *result;
    WireError table_error = kNoTableError;
    m.ticket = in.u16();
    m.destination = read_shortstr(in);
    m.source = read_shortstr(in);
    m.routing_key = read_shortstr(in);
    const std::uint8_t bits = in.u8();
    m.no_wait = (bits & 0x01) != 0;
    m.arguments = read_table(in, table_error);
    if (!all_read(in)) result = std::unexpected(arguments_error(in, table_error));
    return result;
  }
  std::size_t encoded_size() const {
    return 3 + shortstr_size(destination) + shortstr_size(source) + shortstr_size(routing_key) + table_size(arguments);
  }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, ticket);
    to = put_shortstr(to, destination);
    to = put_shortstr(to, source);
    to = put_shortstr(to, routing_key);
    to = put_bits(to, no_wait);
    to = put_table(to, arguments);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("ticket", self.ticket);
    visit("destination", self.destination);
    visit("source", self.source);
    visit("routing_key", self.routing_key);
    visit("no_wait", self.no_wait);
    visit("arguments", self.arguments);
  }
  friend bool operator==(const ExchangeUnbind&, const ExchangeUnbind&) = default;
};

/// exchange.unbind-ok (40.51)
struct ExchangeUnbindOk {
  static constexpr Method kMethod = Method::exchange_unbind_ok;
  static constexpr ClassId kClassId = ClassId::exchange_class;
  static constexpr std::uint16_t kMethodId = 51;
  static constexpr std::string_view kName = "exchange.unbind-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  static Decoded<ExchangeUnbindOk> decode(bytes::Reader& in) {
    Decoded<ExchangeUnbindOk> result;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 0; }
  std::uint8_t* put(std::uint8_t* to) const { return to; }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  friend bool operator==(const ExchangeUnbindOk&, const ExchangeUnbindOk&) = default;
};

}  // namespace millrace::wire::amqp091
