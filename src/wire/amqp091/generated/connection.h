// Written by tools/amqp/generate.py from tools/amqp/methods.tsv; change that and run it again.
// The members common to all structs are described in methods.h.
#pragma once

#include "wire/amqp091/arguments.h"
#include "wire/amqp091/generated/method_ids.h"

namespace millrace::wire::amqp091 {

/// connection.start (10.10)
struct ConnectionStart {
  static constexpr Method kMethod = Method::connection_start;
  static constexpr ClassId kClassId = ClassId::connection_class;
  static constexpr std::uint16_t kMethodId = 10;
  static constexpr std::string_view kName = "connection.start";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  std::uint8_t version_major = 0;
  std::uint8_t version_minor = 9;
  FieldTableView server_properties{};
  std::string_view mechanisms = "PLAIN";
  std::string_view locales = "en_US";

  static Decoded<ConnectionStart> decode(bytes::Reader& in) {
    Decoded<ConnectionStart> result;
    ConnectionStart& m = *result;
    WireError table_error = kNoTableError;
    m.version_major = in.u8();
    m.version_minor = in.u8();
    m.server_properties = read_table(in, table_error);
    m.mechanisms = read_longstr(in);
    m.locales = read_longstr(in);
    if (!all_read(in)) result = std::unexpected(arguments_error(in, table_error));
    return result;
  }
  std::size_t encoded_size() const {
    return 2 + table_size(server_properties) + longstr_size(mechanisms) + longstr_size(locales);
  }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, version_major);
    to = put_int(to, version_minor);
    to = put_table(to, server_properties);
    to = put_longstr(to, mechanisms);
    to = put_longstr(to, locales);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("version_major", self.version_major);
    visit("version_minor", self.version_minor);
    visit("server_properties", self.server_properties);
    visit("mechanisms", self.mechanisms);
    visit("locales", self.locales);
  }
  friend bool operator==(const ConnectionStart&, const ConnectionStart&) = default;
};

/// connection.start-ok (10.11)
struct ConnectionStartOk {
  static constexpr Method kMethod = Method::connection_start_ok;
  static constexpr ClassId kClassId = ClassId::connection_class;
  static constexpr std::uint16_t kMethodId = 11;
  static constexpr std::string_view kName = "connection.start-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  FieldTableView client_properties{};
  std::string_view mechanism = "PLAIN";
  std::string_view response{};
  std::string_view locale = "en_US";

  static Decoded<ConnectionStartOk> decode(bytes::Reader& in) {
    Decoded<ConnectionStartOk> result;
    ConnectionStartOk& m = *result;
    WireError table_error = kNoTableError;
    m.client_properties = read_table(in, table_error);
    m.mechanism = read_shortstr(in);
    m.response = read_longstr(in);
    m.locale = read_shortstr(in);
    if (!all_read(in)) result = std::unexpected(arguments_error(in, table_error));
    return result;
  }
  std::size_t encoded_size() const {
    return table_size(client_properties) + shortstr_size(mechanism) + longstr_size(response) + shortstr_size(locale);
  }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_table(to, client_properties);
    to = put_shortstr(to, mechanism);
    to = put_longstr(to, response);
    to = put_shortstr(to, locale);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("client_properties", self.client_properties);
    visit("mechanism", self.mechanism);
    visit("response", self.response);
    visit("locale", self.locale);
  }
  friend bool operator==(const ConnectionStartOk&, const ConnectionStartOk&) = default;
};

/// connection.secure (10.20)
struct ConnectionSecure {
  static constexpr Method kMethod = Method::connection_secure;
  static constexpr ClassId kClassId = ClassId::connection_class;
  static constexpr std::uint16_t kMethodId = 20;
  static constexpr std::string_view kName = "connection.secure";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  std::string_view challenge{};

  static Decoded<ConnectionSecure> decode(bytes::Reader& in) {
    Decoded<ConnectionSecure> result;
    ConnectionSecure& m = *result;
    m.challenge = read_longstr(in);
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return longstr_size(challenge); }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_longstr(to, challenge);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("challenge", self.challenge);
  }
  friend bool operator==(const ConnectionSecure&, const ConnectionSecure&) = default;
};

/// connection.secure-ok (10.21)
struct ConnectionSecureOk {
  static constexpr Method kMethod = Method::connection_secure_ok;
  static constexpr ClassId kClassId = ClassId::connection_class;
  static constexpr std::uint16_t kMethodId = 21;
  static constexpr std::string_view kName = "connection.secure-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  std::string_view response{};

  static Decoded<ConnectionSecureOk> decode(bytes::Reader& in) {
    Decoded<ConnectionSecureOk> result;
    ConnectionSecureOk& m = *result;
    m.response = read_longstr(in);
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return longstr_size(response); }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_longstr(to, response);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("response", self.response);
  }
  friend bool operator==(const ConnectionSecureOk&, const ConnectionSecureOk&) = default;
};

/// connection.tune (10.30)
struct ConnectionTune {
  static constexpr Method kMethod = Method::connection_tune;
  static constexpr ClassId kClassId = ClassId::connection_class;
  static constexpr std::uint16_t kMethodId = 30;
  static constexpr std::string_view kName = "connection.tune";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  std::uint16_t channel_max = 0;
  std::uint32_t frame_max = 0;
  std::uint16_t heartbeat = 0;

  static Decoded<ConnectionTune> decode(bytes::Reader& in) {
    Decoded<ConnectionTune> result;
    ConnectionTune& m = *result;
    m.channel_max = in.u16();
    m.frame_max = in.u32();
    m.heartbeat = in.u16();
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 8; }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, channel_max);
    to = put_int(to, frame_max);
    to = put_int(to, heartbeat);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("channel_max", self.channel_max);
    visit("frame_max", self.frame_max);
    visit("heartbeat", self.heartbeat);
  }
  friend bool operator==(const ConnectionTune&, const ConnectionTune&) = default;
};

/// connection.tune-ok (10.31)
struct ConnectionTuneOk {
  static constexpr Method kMethod = Method::connection_tune_ok;
  static constexpr ClassId kClassId = ClassId::connection_class;
  static constexpr std::uint16_t kMethodId = 31;
  static constexpr std::string_view kName = "connection.tune-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  std::uint16_t channel_max = 0;
  std::uint32_t frame_max = 0;
  std::uint16_t heartbeat = 0;

  static Decoded<ConnectionTuneOk> decode(bytes::Reader& in) {
    Decoded<ConnectionTuneOk> result;
    ConnectionTuneOk& m = *result;
    m.channel_max = in.u16();
    m.frame_max = in.u32();
    m.heartbeat = in.u16();
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 8; }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_int(to, channel_max);
    to = put_int(to, frame_max);
    to = put_int(to, heartbeat);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("channel_max", self.channel_max);
    visit("frame_max", self.frame_max);
    visit("heartbeat", self.heartbeat);
  }
  friend bool operator==(const ConnectionTuneOk&, const ConnectionTuneOk&) = default;
};

/// connection.open (10.40)
struct ConnectionOpen {
  static constexpr Method kMethod = Method::connection_open;
  static constexpr ClassId kClassId = ClassId::connection_class;
  static constexpr std::uint16_t kMethodId = 40;
  static constexpr std::string_view kName = "connection.open";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  std::string_view virtual_host = "/";
  std::string_view capabilities{};
  bool insist = false;

  static Decoded<ConnectionOpen> decode(bytes::Reader& in) {
    Decoded<ConnectionOpen> result;
    ConnectionOpen& m = *result;
    m.virtual_host = read_shortstr(in);
    m.capabilities = read_shortstr(in);
    const std::uint8_t bits = in.u8();
    m.insist = (bits & 0x01) != 0;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 1 + shortstr_size(virtual_host) + shortstr_size(capabilities); }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_shortstr(to, virtual_host);
    to = put_shortstr(to, capabilities);
    to = put_bits(to, insist);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("virtual_host", self.virtual_host);
    visit("capabilities", self.capabilities);
    visit("insist", self.insist);
  }
  friend bool operator==(const ConnectionOpen&, const ConnectionOpen&) = default;
};

/// connection.open-ok (10.41)
struct ConnectionOpenOk {
  static constexpr Method kMethod = Method::connection_open_ok;
  static constexpr ClassId kClassId = ClassId::connection_class;
  static constexpr std::uint16_t kMethodId = 41;
  static constexpr std::string_view kName = "connection.open-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  std::string_view known_hosts{};

  static Decoded<ConnectionOpenOk> decode(bytes::Reader& in) {
    Decoded<ConnectionOpenOk> result;
    ConnectionOpenOk& m = *result;
    m.known_hosts = read_shortstr(in);
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return shortstr_size(known_hosts); }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_shortstr(to, known_hosts);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("known_hosts", self.known_hosts);
  }
  friend bool operator==(const ConnectionOpenOk&, const ConnectionOpenOk&) = default;
};

/// connection.close (10.50)
struct ConnectionClose {
  static constexpr Method kMethod = Method::connection_close;
  static constexpr ClassId kClassId = ClassId::connection_class;
  static constexpr std::uint16_t kMethodId = 50;
  static constexpr std::string_view kName = "connection.close";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  std::uint16_t reply_code = 0;
  std::string_view reply_text{};
  std::uint16_t class_id = 0;
  std::uint16_t method_id = 0;

  static Decoded<ConnectionClose> decode(bytes::Reader& in) {
    Decoded<ConnectionClose> result;
    ConnectionClose& m = *result;
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
  friend bool operator==(const ConnectionClose&, const ConnectionClose&) = default;
};

/// connection.close-ok (10.51)
struct ConnectionCloseOk {
  static constexpr Method kMethod = Method::connection_close_ok;
  static constexpr ClassId kClassId = ClassId::connection_class;
  static constexpr std::uint16_t kMethodId = 51;
  static constexpr std::string_view kName = "connection.close-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  static Decoded<ConnectionCloseOk> decode(bytes::Reader& in) {
    Decoded<ConnectionCloseOk> result;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 0; }
  std::uint8_t* put(std::uint8_t* to) const { return to; }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  friend bool operator==(const ConnectionCloseOk&, const ConnectionCloseOk&) = default;
};

/// connection.blocked (10.60)
struct ConnectionBlocked {
  static constexpr Method kMethod = Method::connection_blocked;
  static constexpr ClassId kClassId = ClassId::connection_class;
  static constexpr std::uint16_t kMethodId = 60;
  static constexpr std::string_view kName = "connection.blocked";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  std::string_view reason{};

  static Decoded<ConnectionBlocked> decode(bytes::Reader& in) {
    Decoded<ConnectionBlocked> result;
    ConnectionBlocked& m = *result;
    m.reason = read_shortstr(in);
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return prose_size(reason); }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_prose(to, reason);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("reason", self.reason);
  }
  friend bool operator==(const ConnectionBlocked&, const ConnectionBlocked&) = default;
};

/// connection.unblocked (10.61)
struct ConnectionUnblocked {
  static constexpr Method kMethod = Method::connection_unblocked;
  static constexpr ClassId kClassId = ClassId::connection_class;
  static constexpr std::uint16_t kMethodId = 61;
  static constexpr std::string_view kName = "connection.unblocked";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  static Decoded<ConnectionUnblocked> decode(bytes::Reader& in) {
    Decoded<ConnectionUnblocked> result;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 0; }
  std::uint8_t* put(std::uint8_t* to) const { return to; }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  friend bool operator==(const ConnectionUnblocked&, const ConnectionUnblocked&) = default;
};

/// connection.update-secret (10.70)
struct ConnectionUpdateSecret {
  static constexpr Method kMethod = Method::connection_update_secret;
  static constexpr ClassId kClassId = ClassId::connection_class;
  static constexpr std::uint16_t kMethodId = 70;
  static constexpr std::string_view kName = "connection.update-secret";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  std::string_view new_secret{};
  std::string_view reason{};

  static Decoded<ConnectionUpdateSecret> decode(bytes::Reader& in) {
    Decoded<ConnectionUpdateSecret> result;
    ConnectionUpdateSecret& m = *result;
    m.new_secret = read_longstr(in);
    m.reason = read_shortstr(in);
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return longstr_size(new_secret) + prose_size(reason); }
  std::uint8_t* put(std::uint8_t* to) const {
    to = put_longstr(to, new_secret);
    to = put_prose(to, reason);
    return to;
  }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("new_secret", self.new_secret);
    visit("reason", self.reason);
  }
  friend bool operator==(const ConnectionUpdateSecret&, const ConnectionUpdateSecret&) = default;
};

/// connection.update-secret-ok (10.71)
struct ConnectionUpdateSecretOk {
  static constexpr Method kMethod = Method::connection_update_secret_ok;
  static constexpr ClassId kClassId = ClassId::connection_class;
  static constexpr std::uint16_t kMethodId = 71;
  static constexpr std::string_view kName = "connection.update-secret-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  static Decoded<ConnectionUpdateSecretOk> decode(bytes::Reader& in) {
    Decoded<ConnectionUpdateSecretOk> result;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 0; }
  std::uint8_t* put(std::uint8_t* to) const { return to; }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  friend bool operator==(const ConnectionUpdateSecretOk&, const ConnectionUpdateSecretOk&) = default;
};

}  // namespace millrace::wire::amqp091
