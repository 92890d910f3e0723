#include "wire/amqp091/properties.h"

#include "wire/amqp091/arguments.h"

namespace millrace::wire::amqp091 {

namespace {

using Text = std::optional<std::string_view>;

/// Flag of the first property; each further one has the next lower bit.
constexpr unsigned kFirstFlag = 0x8000;
/// Bit 0 would announce a second word of flags and bit 1 a fifteenth property; class basic has neither.
constexpr unsigned kUnusedFlags = 0x0003;

/// Calls visit(property) for all fourteen in flag order.
template <class Properties, class Visit>
void for_each_property(Properties& p, Visit&& visit) {
  visit(p.content_type);
  visit(p.content_encoding);
  visit(p.headers);
  visit(p.delivery_mode);
  visit(p.priority);
  visit(p.correlation_id);
  visit(p.reply_to);
  visit(p.expiration);
  visit(p.message_id);
  visit(p.timestamp);
  visit(p.type);
  visit(p.user_id);
  visit(p.app_id);
  visit(p.cluster_id);
}

struct PropertyReader {
  bytes::Reader& in;
  WireError& error;

  void operator()(Text& p) const { p = read_shortstr(in); }
  void operator()(std::optional<FieldTableView>& p) const { p = read_table(in, error); }
  void operator()(std::optional<std::uint8_t>& p) const { p = in.u8(); }
  void operator()(std::optional<std::uint64_t>& p) const { p = in.u64(); }
};

struct PropertySize {
  std::size_t operator()(std::string_view v) const { return shortstr_size(v); }
  std::size_t operator()(FieldTableView v) const { return table_size(v); }
  template <std::integral T>
  std::size_t operator()(T) const {
    return sizeof(T);
  }
};

struct PropertyPut {
  std::uint8_t* to;

  void operator()(std::string_view v) { to = put_shortstr(to, v); }
  void operator()(FieldTableView v) { to = put_table(to, v); }
  template <std::integral T>
  void operator()(T v) {
    to = put_int(to, v);
  }
};

}  // namespace

Decoded<BasicProperties> BasicProperties::decode(bytes::ByteView block) {
  Decoded<BasicProperties> result;
  bytes::Reader in(block);
  const unsigned flags = in.u16();
  WireError error{WireErrc::truncated, "properties end too early"};
  if ((flags & kUnusedFlags) != 0) {
    result = wire_fail(WireErrc::bad_property_flags, "unknown property flags");
    return result;
  }
  unsigned flag = kFirstFlag;
  for_each_property(*result, [&](auto& property) {
    if ((flags & flag) != 0) PropertyReader{in, error}(property);
    flag >>= 1;
  });
  if (!all_read(in)) result = std::unexpected(arguments_error(in, error));
  return result;
}

void BasicProperties::encode(bytes::Writer& out) const {
  std::size_t size = sizeof(std::uint16_t);
  unsigned flags = 0;
  unsigned flag = kFirstFlag;
  for_each_property(*this, [&](const auto& property) {
    if (property.has_value()) {
      flags |= flag;
      size += PropertySize{}(*property);
    }
    flag >>= 1;
  });
  PropertyPut put{put_int(out.grow(size), static_cast<std::uint16_t>(flags))};
  for_each_property(*this, [&put](const auto& property) {
    if (property.has_value()) put(*property);
  });
}

void append_with_header_entry(bytes::ByteVector& out, bytes::ByteView block, std::string_view name,
                              std::int64_t value) {
  constexpr unsigned kHeadersFlag = kFirstFlag >> 2;
  bytes::Reader in(block);
  const unsigned flags = in.u16();
  if ((flags & kFirstFlag) != 0) read_shortstr(in);
  if ((flags & (kFirstFlag >> 1)) != 0) read_shortstr(in);
  const bytes::ByteView before =
      block.subspan(sizeof(std::uint16_t), block.size() - sizeof(std::uint16_t) - in.remaining());
  const bytes::ByteView table = (flags & kHeadersFlag) != 0 ? in.view(in.u32()) : bytes::ByteView();
  bytes::Writer writer(out);
  writer.u16(static_cast<std::uint16_t>(flags | kHeadersFlag));
  writer.raw(before);
  const std::size_t length_at = out.size();
  writer.u32(0);
  bytes::Reader entries(table);
  while (!entries.at_end() && entries.ok()) {
    const std::size_t begin = table.size() - entries.remaining();
    const std::string_view key = entries.text(entries.u8());
    read_field(entries);
    if (key != name) writer.raw(table.subspan(begin, table.size() - entries.remaining() - begin));
  }
  writer.u8(static_cast<std::uint8_t>(name.size()));
  writer.text(name);
  writer.u8(static_cast<std::uint8_t>(FieldTag::int64));
  writer.be(value);
  writer.patch_be(length_at, static_cast<std::uint32_t>(out.size() - length_at - sizeof(std::uint32_t)));
  writer.raw(in.rest());
}

}  // namespace millrace::wire::amqp091
