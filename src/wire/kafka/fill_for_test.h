#pragma once

#include <deque>
#include <string>

#include "base/prng.h"
#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

/// Fills a message's fields of one version with random content, for tests. Views point into the filler.
class Filler {
 public:
  Filler(base::Prng& random, std::int16_t version) : random_(random), version_(version) {}

  template <class Message>
  void fill_message(Message& message) {
    Message::visit(message, *this);
  }

  /// Called by visit().
  template <class T>
  void operator()(const FieldInfo& field, T& content) {
    if (!field.versions.contains(version_)) return;
    can_be_null_ = field.nullable.contains(version_);
    fill(content);
  }

 private:
  void fill(bool& value) { value = random_.chance(1, 2); }
  template <class T>
    requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
  void fill(T& value) {
    // Small numbers as often as any, so that defaults and sentinels come up.
    value = random_.chance(1, 2) ? static_cast<T>(random_.next()) : static_cast<T>(random_.between(0, 3) - 1);
  }
  void fill(double& value) { value = static_cast<double>(random_.between(0, 1'000'000)) / 8; }
  void fill(ErrorCode& value) { value = static_cast<ErrorCode>(random_.between(0, 140)); }
  void fill(Uuid& value) {
    for (auto& byte : value.value) byte = static_cast<std::uint8_t>(random_.next());
  }
  void fill(Text& value) { value = std::string_view(random_bytes(random_.chance(1, 20) ? 300 : 12)); }
  void fill(bytes::ByteView& value) { value = bytes::as_bytes(random_bytes(random_.chance(1, 20) ? 300 : 12)); }
  void fill(Records& value) { value = bytes::as_bytes(random_bytes(400)); }
  template <class T>
  void fill(std::optional<T>& value) {
    if (can_be_null_ && random_.chance(1, 3)) return value.reset();
    value = T{};
    fill(*value);
  }
  template <class T>
  void fill(std::vector<T>& elements) {
    elements.resize(random_.below(random_.chance(1, 10) ? 6 : 3));
    for (T& element : elements) fill(element);
  }
  template <class T>
    requires requires { T::kMinWireSize; }
  void fill(T& structure) {
    T::visit(structure, *this);
  }

  const std::string& random_bytes(std::size_t limit) {
    std::string& text = store_.emplace_back();
    text.resize(random_.below(limit));
    for (char& character : text) character = static_cast<char>(random_.next());
    return text;
  }

  base::Prng& random_;
  std::int16_t version_;
  bool can_be_null_ = false;
  std::deque<std::string> store_;
};

}  // namespace millrace::wire::kafka
