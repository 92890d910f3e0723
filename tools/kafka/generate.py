#!/usr/bin/env python3
"""Writes src/wire/kafka/generated/ from tools/kafka/messages/*.txt and tools/kafka/error_codes.txt.

Usage: tools/kafka/generate.py [OUTPUT_FOLDER]
The output is part of the repository; CI runs this and then `git diff --exit-code`. Standard library only.
"""

import re
import sys
from pathlib import Path

from cpp_types import cpp_type, initializer
from emit_code import DecodeEmitter, EncodeEmitter
from schema import load_messages, minimum_size, snake

TOOLS = Path(__file__).resolve().parent
NOTICE = "// Made by tools/kafka/generate.py from tools/kafka/{source}; change that and run it again.\n"
NAMESPACE = "millrace::wire::kafka"

def ordered_structs(message):
    """The used structures, each before those that contain it."""
    done = []

    def visit(struct):
        for item in struct.fields:
            if item.is_struct and message.structs[item.type] not in done:
                visit(message.structs[item.type])
        if struct not in done:
            done.append(struct)

    visit(message.root)
    return done[:-1]


def has_records(message):
    structs = [*message.structs.values(), message.root]
    return any(item.type == "records" for struct in structs for item in struct.fields)


def is_tagged_type(message, struct):
    structs = [*message.structs.values(), message.root]
    return any(item.tag is not None and item.type == struct.name and not item.is_array
               for one in structs for item in one.fields)


def visit_function(struct, indent):
    lines = [f"{indent}template <class Self, class Visitor>",
             f"{indent}static void visit([[maybe_unused]] Self& self, [[maybe_unused]] Visitor& visitor) {{"]
    for item in struct.fields:
        parts = [f'.name = "{item.name}"', f".versions = {{{item.versions.low}, {item.versions.high}}}"]
        if item.nullable:
            parts.append(f".nullable = {{{item.nullable.low}, {item.nullable.high}}}")
        if item.secret:
            parts.append(".secret = true")
        lines.append(f"{indent}  visitor(FieldInfo{{{', '.join(parts)}}}, self.{item.name});")
    return lines + [f"{indent}}}"]


def header_struct(message, struct):
    lines = [f"  struct {struct.name} {{"]
    for item in struct.fields:
        lines.append(f"    {cpp_type(item)} {item.name}{initializer(item)};")
    lines += ["", f"    static constexpr std::size_t kMinWireSize = {minimum_size(message, struct)};"]
    lines.append("    void decode_fields(Decoder& in);")
    lines.append("    void encode_fields(Encoder& out) const;")
    if is_tagged_type(message, struct):
        lines.append(f"    bool operator==(const {struct.name}&) const = default;")
    return lines + visit_function(struct, "    ") + ["  };", ""]


def header(message, source):
    flexible = message.flexible if message.flexible is not None else "kNeverFlexible"
    lines = [NOTICE.format(source=source), "// clang-format off", "#pragma once", "", "#include <limits>",
             "#include <optional>", "#include <string>", "#include <vector>", "",
             '#include "wire/kafka/generated/api_key.h"', '#include "wire/kafka/primitives.h"', "",
             f"namespace {NAMESPACE} {{", ""]
    lines += [f"struct {message.name} {{"]
    if message.api_key is not None:
        lines.append(f"  static constexpr ApiKey kApiKey = ApiKey::{snake(message.api_name)};")
    lines += [f"  static constexpr std::int16_t kMinVersion = {message.versions.low};",
              f"  static constexpr std::int16_t kMaxVersion = {message.versions.high};",
              f"  static constexpr std::int16_t kFlexibleFrom = {flexible};",
              f'  static constexpr std::string_view kName = "{message.name}";', ""]
    for struct in ordered_structs(message):
        lines += header_struct(message, struct)
    for item in message.root.fields:
        lines.append(f"  {cpp_type(item)} {item.name}{initializer(item)};")
    splices = ", std::vector<RecordSplice>* splices = nullptr" if has_records(message) else ""
    lines += ["", "  /// False when the version is not one of ours or the bytes are malformed; views point into the input.",
              "  [[nodiscard]] bool decode(bytes::Reader& reader, std::int16_t wire_version);",
              "  /// The version must be one of ours.",
              f"  void encode(bytes::Writer& writer, std::int16_t wire_version{splices}) const;",
              "  std::string to_text() const;", ""]
    lines += ["  void decode_fields(Decoder& in);", "  void encode_fields(Encoder& out) const;"]
    lines += visit_function(message.root, "  ") + ["};", "", f"}}  // namespace {NAMESPACE}", ""]
    return "\n".join(lines)


def source_file(message, source):
    name = snake(message.name)
    lines = [NOTICE.format(source=source), "// clang-format off",
             f'#include "wire/kafka/generated/{name}.h"', "", '#include "wire/kafka/message.h"', "",
             f"namespace {NAMESPACE} {{", ""]
    structs = [(s, f"{message.name}::{s.name}") for s in ordered_structs(message)] + [(message.root, message.name)]
    for struct, qualified in structs:
        lines += DecodeEmitter(message, struct, qualified).lines() + [""]
        lines += EncodeEmitter(message, struct, qualified).lines() + [""]
    top = message.name
    splices, argument = "", "nullptr"
    if has_records(message):
        splices, argument = ", std::vector<RecordSplice>* splices", "splices"
    lines += [f"bool {top}::decode(bytes::Reader& reader, std::int16_t wire_version) {{",
              "  return decode_message(*this, reader, wire_version);", "}", "",
              f"void {top}::encode(bytes::Writer& writer, std::int16_t wire_version{splices}) const {{",
              f"  encode_message(*this, writer, wire_version, {argument});", "}", "",
              f"std::string {top}::to_text() const {{ return message_text(*this); }}", "",
              f"}}  // namespace {NAMESPACE}", ""]
    return "\n".join(lines)


def api_key_header(messages):
    requests = [m for m in messages if m.kind == "request"]
    lines = [NOTICE.format(source="messages/"), "// clang-format off", "#pragma once", "", "#include <cstdint>", "",
             f"namespace {NAMESPACE} {{", "", "/// The requests this codec knows; a value from the wire may be another.",
             "enum class ApiKey : std::int16_t {"]
    lines += [f"  {snake(m.api_name)} = {m.api_key}," for m in requests]
    return "\n".join(lines + ["};", "", f"}}  // namespace {NAMESPACE}", ""])


def api_table(messages):
    lines = [NOTICE.format(source="messages/"), "// clang-format off", '#include "wire/kafka/api.h"', "",
             f"namespace {NAMESPACE} {{", "", "namespace {", "constexpr ApiInfo kApis[] = {"]
    for message in messages:
        if message.kind == "request":
            flexible = message.flexible if message.flexible is not None else "kNeverFlexible"
            lines.append(f'    {{ApiKey::{snake(message.api_name)}, "{message.api_name}", '
                         f"{message.versions.low}, {message.versions.high}, {flexible}}},")
    lines += ["};", "}  // namespace", "", "std::span<const ApiInfo> all_apis() { return kApis; }", "",
              f"}}  // namespace {NAMESPACE}", ""]
    return "\n".join(lines)


def all_messages_header(messages):
    lines = [NOTICE.format(source="messages/"), "// clang-format off", "// For tests and tools: a gateway includes only"
             " the messages it handles.", "#pragma once", "", '#include "wire/kafka/type_list.h"']
    lines += sorted(f'#include "wire/kafka/generated/{snake(m.name)}.h"' for m in messages)
    lines += ["", f"namespace {NAMESPACE} {{", ""]
    for kind, name in (("request", "AllRequests"), ("response", "AllResponses"), ("data", "AllData")):
        names = ",\n    ".join(m.name for m in messages if m.kind == kind)
        lines += [f"using {name} = TypeList<\n    {names}>;", ""]
    return "\n".join(lines + [f"}}  // namespace {NAMESPACE}", ""])


def load_errors():
    errors = []
    for line in (TOOLS / "error_codes.txt").read_text().splitlines():
        line = line.split("#", 1)[0].strip()
        if line:
            code, name, retry = line.split()
            errors.append((int(code), name, retry == "retriable"))
    return errors


def error_enum(errors):
    lines = [NOTICE.format(source="error_codes.txt"), "// clang-format off", "#pragma once", "", "#include <cstdint>",
             "", f"namespace {NAMESPACE} {{", "",
             "/// Error codes of the protocol; a value from the wire may be another.",
             "enum class ErrorCode : std::int16_t {"]
    lines += [f"  {name.lower()} = {code}," for code, name, _ in errors]
    return "\n".join(lines + ["};", "", f"}}  // namespace {NAMESPACE}", ""])


def error_table(errors):
    lines = [NOTICE.format(source="error_codes.txt"), "// clang-format off", '#include "wire/kafka/error_codes.h"', "",
             f"namespace {NAMESPACE} {{", "", "namespace {", "constexpr ErrorInfo kErrors[] = {"]
    lines += [f'    {{ErrorCode::{name.lower()}, "{name}", {str(retry).lower()}}},' for _, name, retry in errors]
    lines += ["};", "}  // namespace", "", "std::span<const ErrorInfo> all_errors() { return kErrors; }", "",
              f"}}  // namespace {NAMESPACE}", ""]
    return "\n".join(lines)


def stale_files(folder, files):
    """Names whose content in the folder is not what would be written."""
    present = {path.name: path.read_text() for path in folder.iterdir() if path.suffix in (".h", ".cc")}
    return sorted(name for name in present.keys() | files.keys() if present.get(name) != files.get(name))


def main():
    root = TOOLS.parent.parent
    check = "--check" in sys.argv[1:]
    folders = [word for word in sys.argv[1:] if word != "--check"]
    folder = Path(folders[0]) if folders else root / "src/wire/kafka/generated"
    folder.mkdir(parents=True, exist_ok=True)
    messages = load_messages(TOOLS / "messages")
    errors = load_errors()
    files = {"api_key.h": api_key_header(messages), "api_table.cc": api_table(messages),
             "all_messages.h": all_messages_header(messages), "error_enum.h": error_enum(errors),
             "error_table.cc": error_table(errors)}
    for message in messages:
        source = f"messages/{snake(message.api_name)}.txt"
        files[snake(message.name) + ".h"] = header(message, source)
        files[snake(message.name) + ".cc"] = source_file(message, source)
    if check:
        stale = stale_files(folder, files)
        if stale:
            sys.exit(f"not up to date in {folder}: {', '.join(stale)}; run tools/kafka/generate.py")
        return
    for stale in folder.iterdir():
        if re.search(r"\.(h|cc)$", stale.name) and stale.name not in files:
            stale.unlink()
    for name, text in files.items():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


if __name__ == "__main__":
    main()
