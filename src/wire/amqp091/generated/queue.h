// Written by tools/amqp/generate.py from tools/amqp/methods.tsv; change that and run it again.
// The members common to all structs are described in methods.h.
#pragma once

#include "wire/amqp091/arguments.h"
#include "wire/amqp091/generated/method_ids.h"

namespace millrace::wire::amqp091 {

/// queue.declare (50.10)
struct QueueDeclare {
  static constexpr Method kMethod = Method::queue_declare;
  static constexpr ClassId kClassId = ClassId::queue_class;
  static constexpr std::uint16_t kMethodId = 10;
  static constexpr std::string_view kName = "queue.declare";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  std::uint16_t ticket = 0;
  std::string_view queue{};
  bool passive = false;
  bool durable = false;
  bool exclusive = false;
  bool auto_delete = false;
  bool no_wait = false;
  FieldTableView arguments{};

  static Decoded<QueueDeclare> decode(bytes::Reader& in) {
    Decoded<QueueDeclare> result;
    QueueDeclare& m = *result;
    WireError table_error = kNoTableError;
    m.ticket = in.u16();
    m.queue = read_shortstr(in);
    const std::uint8_t bits = in.u8();
    m.passive = (bits & 0x01) != 0;
    m.durable = (bits & 0x02) != 0;
    m.exclusive = (bits & 0x04) != 0;
    m.auto_delete = (bits & 0x08) != 0;
    m.no_wait = (bits & 0x10) != 0;
    m.arguments = read_table(in, table_error);
    if (!all_read(in)) result = std::unexpected(arguments_error(in, table_error));
    return result;
  }
  std::size_t encoded_size() const { return 3 + shortstr_size(queue) + table_size(arguments); }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, ticket);
    to = put_shortstr(to, queue);
    to = put_bits(to, passive, durable, exclusive, auto_delete, no_wait);
    to = put_table(to, arguments);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("ticket", self.ticket);
    visit("queue", self.queue);
    visit("passive", self.passive);
    visit("durable", self.durable);
    visit("exclusive", self.exclusive);
    visit("auto_delete", self.auto_delete);
    visit("no_wait", self.no_wait);
    visit("arguments", self.arguments);
  }
  friend bool operator==(const QueueDeclare&, const QueueDeclare&) = default;
};

/// queue.declare-ok (50.11)
struct QueueDeclareOk {
  static constexpr Method kMethod = Method::queue_declare_ok;
  static constexpr ClassId kClassId = ClassId::queue_class;
  static constexpr std::uint16_t kMethodId = 11;
  static constexpr std::string_view kName = "queue.declare-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  std::string_view queue{};
  std::uint32_t message_count = 0;
  std::uint32_t consumer_count = 0;

  static Decoded<QueueDeclareOk> decode(bytes::Reader& in) {
    Decoded<QueueDeclareOk> result;
    QueueDeclareOk& m = *result;
    m.queue = read_shortstr(in);
    m.message_count = in.u32();
    m.consumer_count = in.u32();
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 8 + shortstr_size(queue); }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_shortstr(to, queue);
    to = put_int(to, message_count);
    to = put_int(to, consumer_count);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("queue", self.queue);
    visit("message_count", self.message_count);
    visit("consumer_count", self.consumer_count);
  }
  friend bool operator==(const QueueDeclareOk&, const QueueDeclareOk&) = default;
};

/// queue.bind (50.20)
struct QueueBind {
  static constexpr Method kMethod = Method::queue_bind;
  static constexpr ClassId kClassId = ClassId::queue_class;
  static constexpr std::uint16_t kMethodId = 20;
  static constexpr std::string_view kName = "queue.bind";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  std::uint16_t ticket = 0;
  std::string_view queue{};
  std::string_view exchange{};
  std::string_view routing_key{};
  bool no_wait = false;
  FieldTableView arguments{};

  static Decoded<QueueBind> decode(bytes::Reader& in) {
    Decoded<QueueBind> result;
    QueueBind& m = *result;
    WireError table_error = kNoTableError;
    m.ticket = in.u16();
    m.queue = read_shortstr(in);
    m.exchange = read_shortstr(in);
    m.routing_key = read_shortstr(in);
    const std::uint8_t bits = in.u8();
    m.no_wait = (bits & 0x01) != 0;
    m.arguments = read_table(in, table_error);
    if (!all_read(in)) result = std::unexpected(arguments_error(in, table_error));
    return result;
  }
  std::size_t encoded_size() const {
    return 3 + shortstr_size(queue) + shortstr_size(exchange) + shortstr_size(routing_key) + table_size(arguments);
  }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, ticket);
    to = put_shortstr(to, queue);
    to = put_shortstr(to, exchange);
    to = put_shortstr(to, routing_key);
    to = put_bits(to, no_wait);
    to = put_table(to, arguments);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("ticket", self.ticket);
    visit("queue", self.queue);
    visit("exchange", self.exchange);
    visit("routing_key", self.routing_key);
    visit("no_wait", self.no_wait);
    visit("arguments", self.arguments);
  }
  friend bool operator==(const QueueBind&, const QueueBind&) = default;
};

/// queue.bind-ok (50.21)
struct QueueBindOk {
  static constexpr Method kMethod = Method::queue_bind_ok;
  static constexpr ClassId kClassId = ClassId::queue_class;
  static constexpr std::uint16_t kMethodId = 21;
  static constexpr std::string_view kName = "queue.bind-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  static Decoded<QueueBindOk> decode(bytes::Reader& in) {
    Decoded<QueueBindOk> result;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 0; }
  std::uint8_t* put(std::uint8_t* to) const { return to; }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  friend bool operator==(const QueueBindOk&, const QueueBindOk&) = default;
};

/// queue.purge (50.30)
struct QueuePurge {
  static constexpr Method kMethod = Method::queue_purge;
  static constexpr ClassId kClassId = ClassId::queue_class;
  static constexpr std::uint16_t kMethodId = 30;
  static constexpr std::string_view kName = "queue.purge";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  std::uint16_t ticket = 0;
  std::string_view queue{};
  bool no_wait = false;

  static Decoded<QueuePurge> decode(bytes::Reader& in) {
    Decoded<QueuePurge> result;
    QueuePurge& m = *result;
    m.ticket = in.u16();
    m.queue = read_shortstr(in);
    const std::uint8_t bits = in.u8();
    m.no_wait = (bits & 0x01) != 0;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 3 + shortstr_size(queue); }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, ticket);
    to = put_shortstr(to, queue);
    to = put_bits(to, no_wait);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("ticket", self.ticket);
    visit("queue", self.queue);
    visit("no_wait", self.no_wait);
  }
  friend bool operator==(const QueuePurge&, const QueuePurge&) = default;
};

/// queue.purge-ok (50.31)
struct QueuePurgeOk {
  static constexpr Method kMethod = Method::queue_purge_ok;
  static constexpr ClassId kClassId = ClassId::queue_class;
  static constexpr std::uint16_t kMethodId = 31;
  static constexpr std::string_view kName = "queue.purge-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  std::uint32_t message_count = 0;

  static Decoded<QueuePurgeOk> decode(bytes::Reader& in) {
    Decoded<QueuePurgeOk> result;
    QueuePurgeOk& m = *result;
    m.message_count = in.u32();
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 4; }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, message_count);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("message_count", self.message_count);
  }
  friend bool operator==(const QueuePurgeOk&, const QueuePurgeOk&) = default;
};

/// queue.delete (50.40)
struct QueueDelete {
  static constexpr Method kMethod = Method::queue_delete;
  static constexpr ClassId kClassId = ClassId::queue_class;
  static constexpr std::uint16_t kMethodId = 40;
  static constexpr std::string_view kName = "queue.delete";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  std::uint16_t ticket = 0;
  std::string_view queue{};
  bool if_unused = false;
  bool if_empty = false;
  bool no_wait = false;

  static Decoded<QueueDelete> decode(bytes::Reader& in) {
    Decoded<QueueDelete> result;
    QueueDelete& m = *result;
    m.ticket = in.u16();
    m.queue = read_shortstr(in);
    const std::uint8_t bits = in.u8();
    m.if_unused = (bits & 0x01) != 0;
    m.if_empty = (bits & 0x02) != 0;
    m.no_wait = (bits & 0x04) != 0;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 3 + shortstr_size(queue); }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, ticket);
    to = put_shortstr(to, queue);
    to = put_bits(to, if_unused, if_empty, no_wait);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("ticket", self.ticket);
    visit("queue", self.queue);
    visit("if_unused", self.if_unused);
    visit("if_empty", self.if_empty);
    visit("no_wait", self.no_wait);
  }
  friend bool operator==(const QueueDelete&, const QueueDelete&) = default;
};

/// queue.delete-ok (50.41)
struct QueueDeleteOk {
  static constexpr Method kMethod = Method::queue_delete_ok;
  static constexpr ClassId kClassId = ClassId::queue_class;
  static constexpr std::uint16_t kMethodId = 41;
  static constexpr std::string_view kName = "queue.delete-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  std::uint32_t message_count = 0;

  static Decoded<QueueDeleteOk> decode(bytes::Reader& in) {
    Decoded<QueueDeleteOk> result;
    QueueDeleteOk& m = *result;
    m.message_count = in.u32();
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 4; }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, message_count);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("message_count", self.message_count);
  }
  friend bool operator==(const QueueDeleteOk&, const QueueDeleteOk&) = default;
};

/// queue.unbind (50.50)
struct QueueUnbind {
  static constexpr Method kMethod = Method::queue_unbind;
  static constexpr ClassId kClassId = ClassId::queue_class;
  static constexpr std::uint16_t kMethodId = 50;
  static constexpr std::string_view kName = "queue.unbind";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  std::uint16_t ticket = 0;
  std::string_view queue{};
  std::string_view exchange{};
  std::string_view routing_key{};
  FieldTableView arguments{};

  static Decoded<QueueUnbind> decode(bytes::Reader& in) {
    Decoded<QueueUnbind> result;
    QueueUnbind& m = *result;
    WireError table_error = kNoTableError;
    m.ticket = in.u16();
    m.queue = read_shortstr(in);
    m.exchange = read_shortstr(in);
    m.routing_key = read_shortstr(in);
    m.arguments = read_table(in, table_error);
    if (!all_read(in)) result = std::unexpected(arguments_error(in, table_error));
    return result;
  }
  std::size_t encoded_size() const {
    return 2 + shortstr_size(queue) + shortstr_size(exchange) + shortstr_size(routing_key) + table_size(arguments);
  }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, ticket);
    to = put_shortstr(to, queue);
    to = put_shortstr(to, exchange);
    to = put_shortstr(to, routing_key);
    to = put_table(to, arguments);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("ticket", self.ticket);
    visit("queue", self.queue);
    visit("exchange", self.exchange);
    visit("routing_key", self.routing_key);
    visit("arguments", self.arguments);
  }
  friend bool operator==(const QueueUnbind&, const QueueUnbind&) = default;
};

/// queue.unbind-ok (50.51)
struct QueueUnbindOk {
  static constexpr Method kMethod = Method::queue_unbind_ok;
  static constexpr ClassId kClassId = ClassId::queue_class;
  static constexpr std::uint16_t kMethodId = 51;
  static constexpr std::string_view kName = "queue.unbind-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  static Decoded<QueueUnbindOk> decode(bytes::Reader& in) {
    Decoded<QueueUnbindOk> result;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 0; }
  std::uint8_t* put(std::uint8_t* to) const { return to; }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  friend bool operator==(const QueueUnbindOk&, const QueueUnbindOk&) = default;
};

}  // namespace millrace::wire::amqp091
