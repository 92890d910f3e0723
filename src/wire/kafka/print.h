#pragma once

#include <string>

#include "wire/kafka/primitives.h"

namespace millrace::wire::kafka {

/// Writes a message as one line of text, for logs and test failures: `Name{field=value, list=[1, 2], bytes=0x0a0b}`.
/// All fields are shown, or only those of one version; long byte strings are cut; secret fields show their size only.
class Printer {
 public:
  Printer() = default;
  explicit Printer(std::int16_t only_version) : only_version_(only_version) {}

  std::string take() { return std::move(out_); }
  void append(std::string_view text) { out_.append(text); }

  void value(bool value);
  void value(std::int64_t value);
  void value(double value);
  void value(ErrorCode value);
  void value(const Uuid& value);
  void value(Text value);
  void value(bytes::ByteView value);
  void value(const Records& value);
  template <class T>
    requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
  void value(T number) {
    value(std::int64_t{number});
  }
  template <class T>
  void value(const std::optional<T>& optional) {
    if (optional) {
      value(*optional);
    } else {
      append("null");
    }
  }
  template <class T>
  void value(const std::vector<T>& elements) {
    append("[");
    bool first = true;
    for (const T& element : elements) {
      if (!first) append(", ");
      first = false;
      value(element);
    }
    append("]");
  }
  template <class T>
    requires requires { T::kMinWireSize; } || requires { T::kName; }
  void value(const T& structure) {
    append("{");
    const std::size_t before = out_.size();
    T::visit(structure, *this);
    if (out_.size() > before) out_.resize(out_.size() - 2);  // the separator after the last field
    append("}");
  }

  /// Called by visit().
  template <class T>
  void operator()(const FieldInfo& field, const T& content) {
    if (only_version_ && !field.versions.contains(*only_version_)) return;
    append(field.name);
    append("=");
    if constexpr (requires { content.size(); }) {
      field.secret ? hidden(content.size()) : value(content);
    } else {
      value(content);
    }
    append(", ");
  }

 private:
  void hidden(std::size_t size);

  std::string out_;
  std::optional<std::int16_t> only_version_;
};

}  // namespace millrace::wire::kafka
