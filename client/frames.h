#pragma once

#include <algorithm>

#include "millrace/client/connection.h"
#include "transport.h"
#include "wire/amqp091/frame_writer.h"
#include "wire/amqp091/properties.h"

namespace millrace::client {

namespace wire = millrace::wire::amqp091;

/// True when every text of the method that is written as a short string is one.
template <class Method>
bool short_strings_fit(const Method& method) {
  bool fit = true;
  Method::fields(method, [&](std::string_view name, const auto& value) {
    using Field = std::remove_cvref_t<decltype(value)>;
    // The long strings of the protocol are these; reply texts are cut by the writer.
    const bool is_long = name == "response" || name == "challenge" || name == "mechanisms" || name == "locales";
    if constexpr (std::is_same_v<Field, std::string_view>) fit = fit && (is_long || value.size() <= wire::kMaxShortstr);
  });
  return fit;
}

template <class Method>
void Connection::append(std::uint16_t channel, const Method& method) {
  wire::append_method(output(), channel, method);
}

inline Error wire_failure(const wire::WireError& error) {
  return {Errc::protocol_error, 0, std::string(error.detail)};
}

/// The error that a close method carries.
template <class Close>
Error close_error(Errc code, const Close& close) {
  return {code, close.reply_code, std::string(close.reply_text)};
}

}  // namespace millrace::client
