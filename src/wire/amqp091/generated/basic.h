// Written by tools/amqp/generate.py from tools/amqp/methods.tsv; change that and run it again.
// The members common to all structs are described in methods.h.
#pragma once

#include "wire/amqp091/arguments.h"
#include "wire/amqp091/generated/method_ids.h"

namespace millrace::wire::amqp091 {

/// basic.qos (60.10)
struct BasicQos {
  static constexpr Method kMethod = Method::basic_qos;
  static constexpr ClassId kClassId = ClassId::basic_class;
  static constexpr std::uint16_t kMethodId = 10;
  static constexpr std::string_view kName = "basic.qos";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  std::uint32_t prefetch_size = 0;
  std::uint16_t prefetch_count = 0;
  bool global = false;

  static Decoded<BasicQos> decode(bytes::Reader& in) {
    Decoded<BasicQos> result;
    BasicQos& m = *result;
    m.prefetch_size = in.u32();
    m.prefetch_count = in.u16();
    const std::uint8_t bits = in.u8();
    m.global = (bits & 0x01) != 0;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 7; }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, prefetch_size);
    to = put_int(to, prefetch_count);
    to = put_bits(to, global);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("prefetch_size", self.prefetch_size);
    visit("prefetch_count", self.prefetch_count);
    visit("global", self.global);
  }
  friend bool operator==(const BasicQos&, const BasicQos&) = default;
};

/// basic.qos-ok (60.11)
struct BasicQosOk {
  static constexpr Method kMethod = Method::basic_qos_ok;
  static constexpr ClassId kClassId = ClassId::basic_class;
  static constexpr std::uint16_t kMethodId = 11;
  static constexpr std::string_view kName = "basic.qos-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  static Decoded<BasicQosOk> decode(bytes::Reader& in) {
    Decoded<BasicQosOk> result;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 0; }
  std::uint8_t* put(std::uint8_t* to) const { return to; }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  friend bool operator==(const BasicQosOk&, const BasicQosOk&) = default;
};

/// basic.consume (60.20)
struct BasicConsume {
  static constexpr Method kMethod = Method::basic_consume;
  static constexpr ClassId kClassId = ClassId::basic_class;
  static constexpr std::uint16_t kMethodId = 20;
  static constexpr std::string_view kName = "basic.consume";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  std::uint16_t ticket = 0;
  std::string_view queue{};
  std::string_view consumer_tag{};
  bool no_local = false;
  bool no_ack = false;
  bool exclusive = false;
  bool no_wait = false;
  FieldTableView arguments{};

  static Decoded<BasicConsume> decode(bytes::Reader& in) {
    Decoded<BasicConsume> result;
    BasicConsume& m = *result;
    WireError table_error = kNoTableError;
    m.ticket = in.u16();
    m.queue = read_shortstr(in);
    m.consumer_tag = read_shortstr(in);
    const std::uint8_t bits = in.u8();
    m.no_local = (bits & 0x01) != 0;
    m.no_ack = (bits & 0x02) != 0;
    m.exclusive = (bits & 0x04) != 0;
    m.no_wait = (bits & 0x08) != 0;
    m.arguments = read_table(in, table_error);
    if (!all_read(in)) result = std::unexpected(arguments_error(in, table_error));
    return result;
  }
  std::size_t encoded_size() const {
    return 3 + shortstr_size(queue) + shortstr_size(consumer_tag) + table_size(arguments);
  }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, ticket);
    to = put_shortstr(to, queue);
    to = put_shortstr(to, consumer_tag);
    to = put_bits(to, no_local, no_ack, exclusive, no_wait);
    to = put_table(to, arguments);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("ticket", self.ticket);
    visit("queue", self.queue);
    visit("consumer_tag", self.consumer_tag);
    visit("no_local", self.no_local);
    visit("no_ack", self.no_ack);
    visit("exclusive", self.exclusive);
    visit("no_wait", self.no_wait);
    visit("arguments", self.arguments);
  }
  friend bool operator==(const BasicConsume&, const BasicConsume&) = default;
};

/// basic.consume-ok (60.21)
struct BasicConsumeOk {
  static constexpr Method kMethod = Method::basic_consume_ok;
  static constexpr ClassId kClassId = ClassId::basic_class;
  static constexpr std::uint16_t kMethodId = 21;
  static constexpr std::string_view kName = "basic.consume-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  std::string_view consumer_tag{};

  static Decoded<BasicConsumeOk> decode(bytes::Reader& in) {
    Decoded<BasicConsumeOk> result;
    BasicConsumeOk& m = *result;
    m.consumer_tag = read_shortstr(in);
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return shortstr_size(consumer_tag); }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_shortstr(to, consumer_tag);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("consumer_tag", self.consumer_tag);
  }
  friend bool operator==(const BasicConsumeOk&, const BasicConsumeOk&) = default;
};

/// basic.cancel (60.30)
struct BasicCancel {
  static constexpr Method kMethod = Method::basic_cancel;
  static constexpr ClassId kClassId = ClassId::basic_class;
  static constexpr std::uint16_t kMethodId = 30;
  static constexpr std::string_view kName = "basic.cancel";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  std::string_view consumer_tag{};
  bool no_wait = false;

  static Decoded<BasicCancel> decode(bytes::Reader& in) {
    Decoded<BasicCancel> result;
    BasicCancel& m = *result;
    m.consumer_tag = read_shortstr(in);
    const std::uint8_t bits = in.u8();
    m.no_wait = (bits & 0x01) != 0;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 1 + shortstr_size(consumer_tag); }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_shortstr(to, consumer_tag);
    to = put_bits(to, no_wait);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("consumer_tag", self.consumer_tag);
    visit("no_wait", self.no_wait);
  }
  friend bool operator==(const BasicCancel&, const BasicCancel&) = default;
};

/// basic.cancel-ok (60.31)
struct BasicCancelOk {
  static constexpr Method kMethod = Method::basic_cancel_ok;
  static constexpr ClassId kClassId = ClassId::basic_class;
  static constexpr std::uint16_t kMethodId = 31;
  static constexpr std::string_view kName = "basic.cancel-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  std::string_view consumer_tag{};

  static Decoded<BasicCancelOk> decode(bytes::Reader& in) {
    Decoded<BasicCancelOk> result;
    BasicCancelOk& m = *result;
    m.consumer_tag = read_shortstr(in);
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return shortstr_size(consumer_tag); }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_shortstr(to, consumer_tag);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("consumer_tag", self.consumer_tag);
  }
  friend bool operator==(const BasicCancelOk&, const BasicCancelOk&) = default;
};

/// basic.publish (60.40)
struct BasicPublish {
  static constexpr Method kMethod = Method::basic_publish;
  static constexpr ClassId kClassId = ClassId::basic_class;
  static constexpr std::uint16_t kMethodId = 40;
  static constexpr std::string_view kName = "basic.publish";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = true;

  std::uint16_t ticket = 0;
  std::string_view exchange{};
  std::string_view routing_key{};
  bool mandatory = false;
  bool immediate = false;

  static Decoded<BasicPublish> decode(bytes::Reader& in) {
    Decoded<BasicPublish> result;
    BasicPublish& m = *result;
    m.ticket = in.u16();
    m.exchange = read_shortstr(in);
    m.routing_key = read_shortstr(in);
    const std::uint8_t bits = in.u8();
    m.mandatory = (bits & 0x01) != 0;
    m.immediate = (bits & 0x02) != 0;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 3 + shortstr_size(exchange) + shortstr_size(routing_key); }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, ticket);
    to = put_shortstr(to, exchange);
    to = put_shortstr(to, routing_key);
    to = put_bits(to, mandatory, immediate);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("ticket", self.ticket);
    visit("exchange", self.exchange);
    visit("routing_key", self.routing_key);
    visit("mandatory", self.mandatory);
    visit("immediate", self.immediate);
  }
  friend bool operator==(const BasicPublish&, const BasicPublish&) = default;
};

/// basic.return (60.50)
struct BasicReturn {
  static constexpr Method kMethod = Method::basic_return;
  static constexpr ClassId kClassId = ClassId::basic_class;
  static constexpr std::uint16_t kMethodId = 50;
  static constexpr std::string_view kName = "basic.return";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = true;

  std::uint16_t reply_code = 0;
  std::string_view reply_text{};
  std::string_view exchange{};
  std::string_view routing_key{};

  static Decoded<BasicReturn> decode(bytes::Reader& in) {
    Decoded<BasicReturn> result;
    BasicReturn& m = *result;
    m.reply_code = in.u16();
    m.reply_text = read_shortstr(in);
    m.exchange = read_shortstr(in);
    m.routing_key = read_shortstr(in);
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const {
    return 2 + prose_size(reply_text) + shortstr_size(exchange) + shortstr_size(routing_key);
  }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, reply_code);
    to = put_prose(to, reply_text);
    to = put_shortstr(to, exchange);
    to = put_shortstr(to, routing_key);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("reply_code", self.reply_code);
    visit("reply_text", self.reply_text);
    visit("exchange", self.exchange);
    visit("routing_key", self.routing_key);
  }
  friend bool operator==(const BasicReturn&, const BasicReturn&) = default;
};

/// basic.deliver (60.60)
struct BasicDeliver {
  static constexpr Method kMethod = Method::basic_deliver;
  static constexpr ClassId kClassId = ClassId::basic_class;
  static constexpr std::uint16_t kMethodId = 60;
  static constexpr std::string_view kName = "basic.deliver";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = true;

  std::string_view consumer_tag{};
  std::uint64_t delivery_tag = 0;
  bool redelivered = false;
  std::string_view exchange{};
  std::string_view routing_key{};

  static Decoded<BasicDeliver> decode(bytes::Reader& in) {
    Decoded<BasicDeliver> result;
    BasicDeliver& m = *result;
    m.consumer_tag = read_shortstr(in);
    m.delivery_tag = in.u64();
    const std::uint8_t bits = in.u8();
    m.redelivered = (bits & 0x01) != 0;
    m.exchange = read_shortstr(in);
    m.routing_key = read_shortstr(in);
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const {
    return 9 + shortstr_size(consumer_tag) + shortstr_size(exchange) + shortstr_size(routing_key);
  }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_shortstr(to, consumer_tag);
    to = put_int(to, delivery_tag);
    to = put_bits(to, redelivered);
    to = put_shortstr(to, exchange);
    to = put_shortstr(to, routing_key);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("consumer_tag", self.consumer_tag);
    visit("delivery_tag", self.delivery_tag);
    visit("redelivered", self.redelivered);
    visit("exchange", self.exchange);
    visit("routing_key", self.routing_key);
  }
  friend bool operator==(const BasicDeliver&, const BasicDeliver&) = default;
};

/// basic.get (60.70)
struct BasicGet {
  static constexpr Method kMethod = Method::basic_get;
  static constexpr ClassId kClassId = ClassId::basic_class;
  static constexpr std::uint16_t kMethodId = 70;
  static constexpr std::string_view kName = "basic.get";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  std::uint16_t ticket = 0;
  std::string_view queue{};
  bool no_ack = false;

  static Decoded<BasicGet> decode(bytes::Reader& in) {
    Decoded<BasicGet> result;
    BasicGet& m = *result;
    m.ticket = in.u16();
    m.queue = read_shortstr(in);
    const std::uint8_t bits = in.u8();
    m.no_ack = (bits & 0x01) != 0;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 3 + shortstr_size(queue); }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, ticket);
    to = put_shortstr(to, queue);
    to = put_bits(to, no_ack);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("ticket", self.ticket);
    visit("queue", self.queue);
    visit("no_ack", self.no_ack);
  }
  friend bool operator==(const BasicGet&, const BasicGet&) = default;
};

/// basic.get-ok (60.71)
struct BasicGetOk {
  static constexpr Method kMethod = Method::basic_get_ok;
  static constexpr ClassId kClassId = ClassId::basic_class;
  static constexpr std::uint16_t kMethodId = 71;
  static constexpr std::string_view kName = "basic.get-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = true;

  std::uint64_t delivery_tag = 0;
  bool redelivered = false;
  std::string_view exchange{};
  std::string_view routing_key{};
  std::uint32_t message_count = 0;

  static Decoded<BasicGetOk> decode(bytes::Reader& in) {
    Decoded<BasicGetOk> result;
    BasicGetOk& m = *result;
    m.delivery_tag = in.u64();
    const std::uint8_t bits = in.u8();
    m.redelivered = (bits & 0x01) != 0;
    m.exchange = read_shortstr(in);
    m.routing_key = read_shortstr(in);
    m.message_count = in.u32();
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 13 + shortstr_size(exchange) + shortstr_size(routing_key); }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, delivery_tag);
    to = put_bits(to, redelivered);
    to = put_shortstr(to, exchange);
    to = put_shortstr(to, routing_key);
    to = put_int(to, message_count);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("delivery_tag", self.delivery_tag);
    visit("redelivered", self.redelivered);
    visit("exchange", self.exchange);
    visit("routing_key", self.routing_key);
    visit("message_count", self.message_count);
  }
  friend bool operator==(const BasicGetOk&, const BasicGetOk&) = default;
};

/// basic.get-empty (60.72)
struct BasicGetEmpty {
  static constexpr Method kMethod = Method::basic_get_empty;
  static constexpr ClassId kClassId = ClassId::basic_class;
  static constexpr std::uint16_t kMethodId = 72;
  static constexpr std::string_view kName = "basic.get-empty";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  std::string_view cluster_id{};

  static Decoded<BasicGetEmpty> decode(bytes::Reader& in) {
    Decoded<BasicGetEmpty> result;
    BasicGetEmpty& m = *result;
    m.cluster_id = read_shortstr(in);
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return shortstr_size(cluster_id); }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_shortstr(to, cluster_id);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("cluster_id", self.cluster_id);
  }
  friend bool operator==(const BasicGetEmpty&, const BasicGetEmpty&) = default;
};

/// basic.ack (60.80)
struct BasicAck {
  static constexpr Method kMethod = Method::basic_ack;
  static constexpr ClassId kClassId = ClassId::basic_class;
  static constexpr std::uint16_t kMethodId = 80;
  static constexpr std::string_view kName = "basic.ack";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  std::uint64_t delivery_tag = 0;
  bool multiple = false;

  static Decoded<BasicAck> decode(bytes::Reader& in) {
    Decoded<BasicAck> result;
    BasicAck& m = *result;
    m.delivery_tag = in.u64();
    const std::uint8_t bits = in.u8();
    m.multiple = (bits & 0x01) != 0;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 9; }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, delivery_tag);
    to = put_bits(to, multiple);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("delivery_tag", self.delivery_tag);
    visit("multiple", self.multiple);
  }
  friend bool operator==(const BasicAck&, const BasicAck&) = default;
};

/// basic.reject (60.90)
struct BasicReject {
  static constexpr Method kMethod = Method::basic_reject;
  static constexpr ClassId kClassId = ClassId::basic_class;
  static constexpr std::uint16_t kMethodId = 90;
  static constexpr std::string_view kName = "basic.reject";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  std::uint64_t delivery_tag = 0;
  bool requeue = true;

  static Decoded<BasicReject> decode(bytes::Reader& in) {
    Decoded<BasicReject> result;
    BasicReject& m = *result;
    m.delivery_tag = in.u64();
    const std::uint8_t bits = in.u8();
    m.requeue = (bits & 0x01) != 0;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 9; }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, delivery_tag);
    to = put_bits(to, requeue);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("delivery_tag", self.delivery_tag);
    visit("requeue", self.requeue);
  }
  friend bool operator==(const BasicReject&, const BasicReject&) = default;
};

/// basic.recover-async (60.100)
struct BasicRecoverAsync {
  static constexpr Method kMethod = Method::basic_recover_async;
  static constexpr ClassId kClassId = ClassId::basic_class;
  static constexpr std::uint16_t kMethodId = 100;
  static constexpr std::string_view kName = "basic.recover-async";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  bool requeue = false;

  static Decoded<BasicRecoverAsync> decode(bytes::Reader& in) {
    Decoded<BasicRecoverAsync> result;
    BasicRecoverAsync& m = *result;
    const std::uint8_t bits = in.u8();
    m.requeue = (bits & 0x01) != 0;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 1; }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_bits(to, requeue);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("requeue", self.requeue);
  }
  friend bool operator==(const BasicRecoverAsync&, const BasicRecoverAsync&) = default;
};

/// basic.recover (60.110)
struct BasicRecover {
  static constexpr Method kMethod = Method::basic_recover;
  static constexpr ClassId kClassId = ClassId::basic_class;
  static constexpr std::uint16_t kMethodId = 110;
  static constexpr std::string_view kName = "basic.recover";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  bool requeue = false;

  static Decoded<BasicRecover> decode(bytes::Reader& in) {
    Decoded<BasicRecover> result;
    BasicRecover& m = *result;
    const std::uint8_t bits = in.u8();
    m.requeue = (bits & 0x01) != 0;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 1; }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_bits(to, requeue);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("requeue", self.requeue);
  }
  friend bool operator==(const BasicRecover&, const BasicRecover&) = default;
};

/// basic.recover-ok (60.111)
struct BasicRecoverOk {
  static constexpr Method kMethod = Method::basic_recover_ok;
  static constexpr ClassId kClassId = ClassId::basic_class;
  static constexpr std::uint16_t kMethodId = 111;
  static constexpr std::string_view kName = "basic.recover-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  static Decoded<BasicRecoverOk> decode(bytes::Reader& in) {
    Decoded<BasicRecoverOk> result;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 0; }
  std::uint8_t* put(std::uint8_t* to) const { return to; }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  friend bool operator==(const BasicRecoverOk&, const BasicRecoverOk&) = default;
};

/// basic.nack (60.120)
struct BasicNack {
  static constexpr Method kMethod = Method::basic_nack;
  static constexpr ClassId kClassId = ClassId::basic_class;
  static constexpr std::uint16_t kMethodId = 120;
  static constexpr std::string_view kName = "basic.nack";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  std::uint64_t delivery_tag = 0;
  bool multiple = false;
  bool requeue = true;

  static Decoded<BasicNack> decode(bytes::Reader& in) {
    Decoded<BasicNack> result;
    BasicNack& m = *result;
    m.delivery_tag = in.u64();
    const std::uint8_t bits = in.u8();
    m.multiple = (bits & 0x01) != 0;
    m.requeue = (bits & 0x02) != 0;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 9; }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, delivery_tag);
    to = put_bits(to, multiple, requeue);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("delivery_tag", self.delivery_tag);
    visit("multiple", self.multiple);
    visit("requeue", self.requeue);
  }
  friend bool operator==(const BasicNack&, const BasicNack&) = default;
};

}  // namespace millrace::wire::amqp091
