#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "gateway/amqp091/errors.h"
#include "wire/amqp091/field_table_view.h"

namespace millrace::gateway::amqp091 {

/// Headers with further routing keys of a message, each an array of long strings; other elements mean nothing. The
/// second one is taken out before the message is handed on.
inline constexpr std::string_view kCopies = "CC";
inline constexpr std::string_view kBlindCopies = "BCC";

/// The keys a message is routed by beside the one of basic.publish (RabbitMQ's sender-selected distribution). Kept and
/// reused; all views are into the headers.
struct MoreKeys {
  std::vector<std::string_view> keys;
  bool has_blind = false;

  void clear() {
    keys.clear();
    has_blind = false;
  }
  /// Nothing when all is well. A header that is no array is an error, as RabbitMQ has it.
  std::optional<Failure> read(wire::FieldTableView headers);
  /// The keys of the header that was taken out, as write_hidden() stored them.
  void read_hidden(bytes::ByteView hidden);
};

/// Appends the keys of BCC: each with its length, u32, in front.
void write_hidden(bytes::ByteVector& out, wire::FieldTableView headers);
/// Appends the content of the table without BCC.
void write_without_blind(bytes::ByteVector& out, wire::FieldTableView headers);

}  // namespace millrace::gateway::amqp091
