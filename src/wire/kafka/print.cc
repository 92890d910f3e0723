#include "wire/kafka/print.h"

#include <fmt/format.h>

#include "wire/kafka/error_codes.h"

namespace millrace::wire::kafka {

namespace {

constexpr std::size_t kMaxPrintedBytes = 64;

void append_hex(std::string& out, bytes::ByteView view) {
  for (const std::uint8_t byte : view) fmt::format_to(std::back_inserter(out), "{:02x}", byte);
}

}  // namespace

void Printer::value(bool value) {
  append(value ? "true" : "false");
}

void Printer::value(std::int64_t value) {
  fmt::format_to(std::back_inserter(out_), "{}", value);
}

void Printer::value(double value) {
  fmt::format_to(std::back_inserter(out_), "{}", value);
}

void Printer::value(ErrorCode value) {
  append(error_name(value));
}

void Printer::value(const Uuid& value) {
  append_hex(out_, value.value);
}

void Printer::value(Text value) {
  append("\"");
  for (const char character : value) {
    const bool printable = character >= ' ' && character != 0x7F && character != '"' && character != '\\';
    if (printable) {
      out_.push_back(character);
    } else {
      fmt::format_to(std::back_inserter(out_), "\\x{:02x}", static_cast<std::uint8_t>(character));
    }
  }
  append("\"");
}

void Printer::value(bytes::ByteView value) {
  append("0x");
  append_hex(out_, value.first(std::min(value.size(), kMaxPrintedBytes)));
  if (value.size() > kMaxPrintedBytes) fmt::format_to(std::back_inserter(out_), "... ({} bytes)", value.size());
}

void Printer::value(const Records& records) {
  if (records.is_detached()) {
    fmt::format_to(std::back_inserter(out_), "<{} bytes elsewhere>", records.size());
  } else {
    value(records.view());
  }
}

void Printer::hidden(std::size_t size) {
  fmt::format_to(std::back_inserter(out_), "<{} bytes hidden>", size);
}

}  // namespace millrace::wire::kafka
