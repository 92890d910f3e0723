#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "bytes/reader.h"
#include "bytes/writer.h"
#include "wire/kafka/generated/error_enum.h"

// The protocol's primitive types (Kafka protocol guide, "Protocol Primitive Types") and the reader and writer that the
// generated messages are made of. Pure functions over bytes: usable from any shard.
namespace millrace::wire::kafka {

/// kFlexibleFrom of a message that never became flexible.
inline constexpr std::int16_t kNeverFlexible = 0x7FFF;
/// Longest string, in bytes; also of compact strings, whose encoding could say more.
inline constexpr std::size_t kMaxStringLength = 0x7FFF;
/// Most memory the arrays of one decoded message may take. What they refer to stays in the input, so only a
/// message made of very many tiny elements gets here.
inline constexpr std::size_t kMaxDecodedArrayBytes = std::size_t{64} << 20;

/// A view of text that somebody else keeps alive: the input of a decoded message, or what a response refers to until
/// it is encoded. A temporary std::string is refused at compile time, because the view would outlive it.
class Text : public std::string_view {
 public:
  using std::string_view::string_view;
  constexpr Text(std::string_view view) : std::string_view(view) {}
  Text(const std::string& text) : std::string_view(text) {}
  Text(std::string&&) = delete;
};

struct Uuid {
  std::array<std::uint8_t, 16> value{};

  bool is_zero() const { return value == std::array<std::uint8_t, 16>{}; }
  auto operator<=>(const Uuid&) const = default;
};

/// The record data of one partition: bytes to copy, or (when encoding) only their number, so that the caller can send
/// them from where they are stored.
class Records {
 public:
  Records() = default;
  Records(bytes::ByteView view) : view_(view) {}

  /// `size` bytes that the caller splices in at the position told in RecordSplice; `token` is handed back there.
  static Records detached(std::uint32_t size, std::uint32_t token) {
    Records records;
    records.detached_ = true;
    records.size_ = size;
    records.token_ = token;
    return records;
  }

  bool is_detached() const { return detached_; }
  std::size_t size() const { return detached_ ? size_ : view_.size(); }
  std::uint32_t token() const { return token_; }
  bytes::ByteView view() const {
    MILLRACE_ASSERT(!detached_);
    return view_;
  }

 private:
  bytes::ByteView view_;
  std::uint32_t size_ = 0;
  std::uint32_t token_ = 0;
  bool detached_ = false;
};

/// Where `size` bytes of detached records belong: before the byte at `position` of the writer's output.
/// Splices come in the order of their positions.
struct RecordSplice {
  std::size_t position;
  std::uint32_t size;
  std::uint32_t token;
};

struct VersionRange {
  std::int16_t low = 1;
  std::int16_t high = 0;

  constexpr bool contains(std::int16_t version) const { return low <= version && version <= high; }
};

/// What a message's visit() tells about a field.
struct FieldInfo {
  std::string_view name;
  VersionRange versions;
  VersionRange nullable = {};
  /// Not for logs.
  bool secret = false;
};

/// Reads the fields of one message in one version. Errors are sticky: ok() says at the end whether all was well.
class Decoder {
 public:
  Decoder(bytes::Reader& in, std::int16_t wire_version, bool is_flexible,
          std::size_t array_budget = kMaxDecodedArrayBytes)
      : in_(in), array_budget_(array_budget), version_(wire_version), flexible_(is_flexible) {}

  std::int16_t version() const { return version_; }
  bool flexible() const { return flexible_; }
  bool ok() const { return in_.ok(); }

  bool boolean() { return in_.u8() != 0; }
  std::int8_t i8() { return in_.i8(); }
  std::int16_t i16() { return in_.i16(); }
  std::uint16_t u16() { return in_.u16(); }
  std::int32_t i32() { return in_.i32(); }
  std::uint32_t u32() { return in_.u32(); }
  std::int64_t i64() { return in_.i64(); }
  double f64() { return std::bit_cast<double>(in_.u64()); }
  ErrorCode error() { return static_cast<ErrorCode>(in_.i16()); }
  Uuid uuid();

  Text text() { return required(nullable_text()); }
  std::optional<Text> nullable_text();
  bytes::ByteView blob() { return required(nullable_blob()); }
  std::optional<bytes::ByteView> nullable_blob();
  Records records() { return {blob()}; }
  std::optional<Records> nullable_records() { return nullable_blob(); }

  /// Arrays keep the capacity of what they had, so a message that is decoded into again and again allocates little.
  template <class T>
  void structs(std::vector<T>& out) {
    out.resize(required(array_count(T::kMinWireSize, sizeof(T))));
    read_structs(out);
  }
  template <class T>
  void structs(std::optional<std::vector<T>>& out) {
    structs(out ? *out : out.emplace());
  }
  template <class T>
  void nullable_structs(std::optional<std::vector<T>>& out) {
    const std::optional<std::size_t> count = array_count(T::kMinWireSize, sizeof(T));
    if (!count) return out.reset();
    if (!out) out.emplace();
    out->resize(*count);
    read_structs(*out);
  }
  template <class T>
  void array(std::vector<T>& out) {
    out.resize(required(array_count(min_size<T>(), sizeof(T))));
    for (T& element : out) read_element(element);
  }
  template <class T>
  void array(std::optional<std::vector<T>>& out) {
    array(out ? *out : out.emplace());
  }
  template <class T>
  void nullable_array(std::optional<std::vector<T>>& out) {
    const std::optional<std::size_t> count = array_count(min_size<T>(), sizeof(T));
    if (!count) return out.reset();
    if (!out) out.emplace();
    out->resize(*count);
    for (T& element : *out) read_element(element);
  }

  /// A structure that may be absent: a byte below zero says so.
  template <class T>
  void nullable_structure(std::optional<T>& out) {
    if (in_.i8() < 0) return out.reset();
    // Not emplace(): clang holds a structure within the message for one that cannot be made.
    if (!out) out = T{};
    out->decode_fields(*this);
  }

  /// Reads the tagged fields that end a structure in flexible versions; does nothing in others. `read(tag, Decoder&)`
  /// reads a field it knows and returns true; a field it does not know is skipped.
  template <class Read>
  void tagged_fields(Read read) {
    if (!flexible_) return;
    std::int64_t last_tag = -1;
    for (std::uint32_t count = uvarint32(); count > 0 && ok(); --count) {
      const std::uint32_t tag = uvarint32();
      bytes::Reader field_bytes(in_.view(uvarint32()));
      if (!ok() || std::int64_t{tag} <= last_tag) return in_.fail();
      last_tag = tag;
      Decoder field(field_bytes, version_, true, array_budget_);
      const bool known = read(tag, field);
      array_budget_ = field.array_budget_;
      if (!field.ok() || (known && !field_bytes.at_end())) return in_.fail();
    }
  }
  void skip_tagged_fields() {
    tagged_fields([](std::uint32_t, Decoder&) { return false; });
  }

 private:
  template <class T>
  T required(std::optional<T> value) {
    if (!value) [[unlikely]] {
      in_.fail();
      return T{};
    }
    return *value;
  }
  template <class T>
  static constexpr std::size_t min_size() {
    return std::is_arithmetic_v<T> || std::is_same_v<T, Uuid> ? sizeof(T) : 1;
  }
  void read_element(std::int8_t& to) { to = i8(); }
  void read_element(std::int16_t& to) { to = i16(); }
  void read_element(std::int32_t& to) { to = i32(); }
  void read_element(std::int64_t& to) { to = i64(); }
  void read_element(Uuid& to) { to = uuid(); }
  void read_element(Text& to) { to = text(); }
  void read_element(bytes::ByteView& to) { to = blob(); }
  template <class T>
  void read_structs(std::vector<T>& out) {
    for (T& element : out) {
      element.decode_fields(*this);
      if (!ok()) return;
    }
  }
  std::uint32_t uvarint32();
  /// Nothing for null. A count that the rest of the input, or the memory limit, cannot hold fails.
  std::optional<std::size_t> array_count(std::size_t min_wire_size, std::size_t memory_size);

  bytes::Reader& in_;
  std::size_t array_budget_;
  std::int16_t version_;
  bool flexible_;
};

/// Writes the fields of one message in one version. A null where the version has no null is written as empty.
class Encoder {
 public:
  Encoder(bytes::Writer& out, std::int16_t wire_version, bool is_flexible, std::vector<RecordSplice>* splices = nullptr)
      : out_(out), splices_(splices), version_(wire_version), flexible_(is_flexible) {}

  std::int16_t version() const { return version_; }
  bool flexible() const { return flexible_; }

  void boolean(bool value) { out_.u8(value ? 1 : 0); }
  void i8(std::int8_t value) { out_.i8(value); }
  void i16(std::int16_t value) { out_.i16(value); }
  void u16(std::uint16_t value) { out_.u16(value); }
  void i32(std::int32_t value) { out_.i32(value); }
  void u32(std::uint32_t value) { out_.u32(value); }
  void i64(std::int64_t value) { out_.i64(value); }
  void f64(double value) { out_.u64(std::bit_cast<std::uint64_t>(value)); }
  void error(ErrorCode value) { out_.i16(std::to_underlying(value)); }
  void uuid(const Uuid& value) { out_.raw(value.value); }
  void uvarint(std::uint32_t value) { out_.uvarint(value); }

  /// Text is at most kMaxStringLength long.
  void text(Text value);
  void text(const std::optional<Text>& value) { text(value.value_or(Text{})); }
  void nullable_text(const std::optional<Text>& value);
  void blob(bytes::ByteView value);
  void blob(const std::optional<bytes::ByteView>& value) { blob(value.value_or(bytes::ByteView{})); }
  void nullable_blob(const std::optional<bytes::ByteView>& value);
  void records(const Records& value);
  void records(const std::optional<Records>& value) { records(value.value_or(Records{})); }
  void nullable_records(const std::optional<Records>& value);

  template <class T>
  void structs(const std::vector<T>& elements) {
    count(elements.size());
    for (const T& element : elements) element.encode_fields(*this);
  }
  template <class T>
  void structs(const std::optional<std::vector<T>>& elements) {
    elements ? structs(*elements) : count(0);
  }
  template <class T>
  void nullable_structs(const std::optional<std::vector<T>>& elements) {
    elements ? structs(*elements) : null();
  }
  template <class T>
  void array(const std::vector<T>& elements) {
    count(elements.size());
    for (const T& element : elements) write_element(element);
  }
  template <class T>
  void array(const std::optional<std::vector<T>>& elements) {
    elements ? array(*elements) : count(0);
  }
  template <class T>
  void nullable_array(const std::optional<std::vector<T>>& elements) {
    elements ? array(*elements) : null();
  }

  template <class T>
  void nullable_structure(const std::optional<T>& value) {
    i8(value ? 1 : -1);
    if (value) value->encode_fields(*this);
  }

  void no_tagged_fields() {
    if (flexible_) out_.u8(0);
  }
  /// One tagged field: `write(Encoder&)` writes its value.
  template <class Write>
  void tagged_field(std::uint32_t tag, Write write) {
    uvarint(tag);
    const std::size_t begin = out_.size();
    write(*this);
    insert_size_before(begin);
  }

 private:
  void write_element(std::int8_t value) { i8(value); }
  void write_element(std::int16_t value) { i16(value); }
  void write_element(std::int32_t value) { i32(value); }
  void write_element(std::int64_t value) { i64(value); }
  void write_element(const Uuid& value) { uuid(value); }
  void write_element(const Text& value) { text(value); }
  void write_element(bytes::ByteView value) { blob(value); }
  void count(std::size_t value);
  void null();
  void byte_length(std::size_t value);
  void insert_size_before(std::size_t begin);

  bytes::Writer& out_;
  std::vector<RecordSplice>* splices_;
  std::int16_t version_;
  bool flexible_;
};

}  // namespace millrace::wire::kafka
