// Beast 1.81 asserts that a chunked body's last chunk has five bytes in the buffer when it is looked at again, which a
// client can disprove with an empty body and one byte of a trailer; the code behind the assertion is right without it.
#define BOOST_DISABLE_ASSERTS

#include "io/http_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace millrace::io {

namespace http = boost::beast::http;

namespace {

std::string text_of(boost::beast::string_view view) {
  return {view.data(), view.size()};
}

std::string_view view_of(boost::core::string_view view) {
  return {view.data(), view.size()};
}

}  // namespace

struct HttpRequestParser::Impl {
  explicit Impl(const HttpLimits& limits) {
    parser.header_limit(limits.header_bytes_max);
    parser.body_limit(limits.body_bytes_max);
    parser.eager(true);
  }
  http::request_parser<http::string_body> parser;
  bool expectation_seen = false;
};

HttpRequestParser::HttpRequestParser(const HttpLimits& limits) : impl_(std::make_unique<Impl>(limits)) {}
HttpRequestParser::~HttpRequestParser() = default;

HttpRequestParser::Fed HttpRequestParser::feed(bytes::ByteView data) {
  Fed fed;
  while (!impl_->parser.is_done() && fed.consumed < data.size()) {
    boost::system::error_code error;
    const bytes::ByteView rest = data.subspan(fed.consumed);
    const std::size_t taken = impl_->parser.put(boost::asio::const_buffer(rest.data(), rest.size()), error);
    fed.consumed += taken;
    if (error == http::error::need_more) return fed;
    if (error) {
      fed.status = error == http::error::header_limit ? Status::header_too_large
                   : error == http::error::body_limit ? Status::body_too_large
                                                      : Status::bad_request;
      return fed;
    }
    if (taken == 0) return fed;
  }
  if (impl_->parser.is_done()) fed.status = Status::done;
  return fed;
}

bool HttpRequestParser::take_expectation() {
  if (impl_->expectation_seen || !impl_->parser.is_header_done() || impl_->parser.is_done()) return false;
  impl_->expectation_seen = true;
  return boost::beast::iequals(impl_->parser.get()[http::field::expect], "100-continue");
}

bool HttpRequestParser::keep_alive() const {
  return impl_->parser.keep_alive();
}

HttpRequest HttpRequestParser::take() {
  auto message = impl_->parser.release();
  HttpRequest request;
  request.method = text_of(message.method_string());
  request.target = text_of(message.target());
  for (const auto& field : message) request.headers.emplace_back(text_of(field.name_string()), text_of(field.value()));
  request.body = std::move(message.body());
  return request;
}

std::string_view http_reason(int status) {
  if (status < 100 || status > 999) return "Unknown";
  return view_of(http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status))));
}

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (boost::beast::iequals(boost::beast::string_view(key.data(), key.size()),
                              boost::beast::string_view(name.data(), name.size()))) {
      return value;
    }
  }
  return {};
}

std::string_view HttpRequest::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view HttpRequest::query() const {
  const std::size_t mark = target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

}  // namespace millrace::io
