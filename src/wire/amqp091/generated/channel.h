// Written by tools/amqp/generate.py from tools/amqp/methods.tsv; change that and run it again.
// The members common to all structs are described in methods.h.
#pragma once

#include "wire/amqp091/arguments.h"
#include "wire/amqp091/generated/method_ids.h"

namespace millrace::wire::amqp091 {

/// channel.open (20.10)
struct ChannelOpen {
  static constexpr Method kMethod = Method::channel_open;
  static constexpr ClassId kClassId = ClassId::channel_class;
  static constexpr std::uint16_t kMethodId = 10;
  static constexpr std::string_view kName = "channel.open";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  std::string_view out_of_band{};

  static Decoded<ChannelOpen> decode(bytes::Reader& in) {
    Decoded<ChannelOpen> result;
    ChannelOpen& m = *result;
    m.out_of_band = read_shortstr(in);
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return shortstr_size(out_of_band); }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_shortstr(to, out_of_band);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("out_of_band", self.out_of_band);
  }
  friend bool operator==(const ChannelOpen&, const ChannelOpen&) = default;
};

/// channel.open-ok (20.11)
struct ChannelOpenOk {
  static constexpr Method kMethod = Method::channel_open_ok;
  static constexpr ClassId kClassId = ClassId::channel_class;
  static constexpr std::uint16_t kMethodId = 11;
  static constexpr std::string_view kName = "channel.open-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  std::string_view channel_id{};

  static Decoded<ChannelOpenOk> decode(bytes::Reader& in) {
    Decoded<ChannelOpenOk> result;
    ChannelOpenOk& m = *result;
    m.channel_id = read_longstr(in);
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return longstr_size(channel_id); }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_longstr(to, channel_id);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("channel_id", self.channel_id);
  }
  friend bool operator==(const ChannelOpenOk&, const ChannelOpenOk&) = default;
};

/// channel.flow (20.20)
struct ChannelFlow {
  static constexpr Method kMethod = Method::channel_flow;
  static constexpr ClassId kClassId = ClassId::channel_class;
  static constexpr std::uint16_t kMethodId = 20;
  static constexpr std::string_view kName = "channel.flow";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  bool active = false;

  static Decoded<ChannelFlow> decode(bytes::Reader& in) {
    Decoded<ChannelFlow> result;
    ChannelFlow& m = *result;
    const std::uint8_t bits = in.u8();
    m.active = (bits & 0x01) != 0;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 1; }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_bits(to, active);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("active", self.active);
  }
  friend bool operator==(const ChannelFlow&, const ChannelFlow&) = default;
};

/// channel.flow-ok (20.21)
struct ChannelFlowOk {
  static constexpr Method kMethod = Method::channel_flow_ok;
  static constexpr ClassId kClassId = ClassId::channel_class;
  static constexpr std::uint16_t kMethodId = 21;
  static constexpr std::string_view kName = "channel.flow-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  bool active = false;

  static Decoded<ChannelFlowOk> decode(bytes::Reader& in) {
    Decoded<ChannelFlowOk> result;
    ChannelFlowOk& m = *result;
    const std::uint8_t bits = in.u8();
    m.active = (bits & 0x01) != 0;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 1; }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_bits(to, active);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("active", self.active);
  }
  friend bool operator==(const ChannelFlowOk&, const ChannelFlowOk&) = default;
};

/// channel.close (20.40)
struct ChannelClose {
  static constexpr Method kMethod = Method::channel_close;
  static constexpr ClassId kClassId = ClassId::channel_class;
  static constexpr std::uint16_t kMethodId = 40;
  static constexpr std::string_view kName = "channel.close";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  std::uint16_t reply_code = 0;
  std::string_view reply_text{};
  std::uint16_t class_id = 0;
  std::uint16_t method_id = 0;

  static Decoded<ChannelClose> decode(bytes::Reader& in) {
    Decoded<ChannelClose> result;
    ChannelClose& m = *result;
    m.reply_code = in.u16();
    m.reply_text = read_shortstr(in);
    m.class_id = in.u16();
    m.method_id = in.u16();
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 6 + prose_size(reply_text); }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, reply_code);
    to = put_prose(to, reply_text);
    to = put_int(to, class_id);
    to = put_int(to, method_id);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("reply_code", self.reply_code);
    visit("reply_text", self.reply_text);
    visit("class_id", self.class_id);
    visit("method_id", self.method_id);
  }
  friend bool operator==(const ChannelClose&, const ChannelClose&) = default;
};

/// channel.close-ok (20.41)
struct ChannelCloseOk {
  static constexpr Method kMethod = Method::channel_close_ok;
  static constexpr ClassId kClassId = ClassId::channel_class;
  static constexpr std::uint16_t kMethodId = 41;
  static constexpr std::string_view kName = "channel.close-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  static Decoded<ChannelCloseOk> decode(bytes::Reader& in) {
    Decoded<ChannelCloseOk> result;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 0; }
  std::uint8_t* put(std::uint8_t* to) const { return to; }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  friend bool operator==(const ChannelCloseOk&, const ChannelCloseOk&) = default;
};

}  // namespace millrace::wire::amqp091
