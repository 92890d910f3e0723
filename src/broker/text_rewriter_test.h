#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "broker/dead_letter.h"
#include "model/header_match.h"

namespace millrace::broker {

/// Native blocks are "key" or "key|queue:reason|queue:reason", the latest death first.
class TextRewriter final : public DeadLetterRewriter {
 public:
  std::string routing_key(bytes::ByteView native) const override {
    const std::string text = bytes::to_string(native);
    return text.substr(0, text.find_first_of("|~"));
  }
  std::vector<std::string> extra_routing_keys(bytes::ByteView, bytes::ByteView) const override { return {}; }
  std::vector<Death> deaths(bytes::ByteView native) const override {
    std::vector<Death> result;
    const std::string text = bytes::to_string(native);
    for (std::size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 1)) {
      const std::size_t colon = text.find(':', at);
      result.push_back({text.substr(at + 1, colon - at - 1), static_cast<DeathReason>(text[colon + 1] - '0')});
    }
    return result;
  }
  void headers(bytes::ByteView native, model::HeaderList& out) const override {
    // The block as it is, as one header.
    model::append_comparable(out.add("block"), native);
  }
  std::int64_t hash_number(bytes::ByteView, catalog::HashSource, std::string_view) const override { return 0; }
  /// "key~5": five milliseconds.
  std::optional<Millis> time_to_live(bytes::ByteView native) const override {
    const std::string text = bytes::to_string(native);
    const std::size_t at = text.find('~');
    return at == std::string::npos ? std::nullopt : std::optional(Millis(std::stoll(text.substr(at + 1))));
  }
  bytes::ByteVector rewrite(bytes::ByteView native, const DeathInfo& death) const override {
    if (death.reason == DeathReason::due) return {native.begin(), native.end()};
    const std::string text = bytes::to_string(native);
    const std::size_t history = std::min(text.find('|'), text.size());
    const std::string result = death.routing_key + "|" + death.queue + ":" +
                               std::to_string(static_cast<int>(death.reason)) + text.substr(history);
    const bytes::ByteView view = bytes::as_bytes(result);
    return {view.begin(), view.end()};
  }
};

}  // namespace millrace::broker
