#!/usr/bin/env python3
"""Writes src/wire/amqp091/generated/*.h from methods.tsv: one header per class, the list of methods, the visitor.

Run it without arguments after changing methods.tsv; with --check it writes nothing and fails when a file differs.
"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
OUTPUT = HERE.parent.parent / "src/wire/amqp091/generated"
MAX_LINE = 120
NAMESPACE = "millrace::wire::amqp091"
NOTICE = "// Written by tools/amqp/generate.py from tools/amqp/methods.tsv; change that and run it again.\n"
PRAGMA = "#pragma once\n"
CPP_TYPES = {
    "u8": "std::uint8_t", "u16": "std::uint16_t", "u32": "std::uint32_t", "u64": "std::uint64_t", "bit": "bool",
    "shortstr": "std::string_view", "prose": "std::string_view", "longstr": "std::string_view",
    "table": "FieldTableView",
}
SIZES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}


class Field:
    def __init__(self, text):
        match = re.fullmatch(r"(\w+):(\w+)(?:=(.+))?", text)
        self.name, self.type, default = match.groups()
        if self.type in ("shortstr", "prose", "longstr"):
            self.initial = f' = "{default}"' if default else "{}"
        elif self.type == "table":
            self.initial = "{}"
        elif self.type == "bit":
            self.initial = f" = {default or 'false'}"
        else:
            self.initial = f" = {default or 0}"


class Method:
    def __init__(self, line):
        self.class_name, class_id, name, method_id, traits, arguments = line.split("\t")
        self.wire_name = f"{self.class_name}.{name}"
        self.class_id, self.method_id = int(class_id), int(method_id)
        self.enumerator = f"{self.class_name}_{name}".replace("-", "_")
        self.struct = "".join(part.capitalize() for part in self.enumerator.split("_"))
        self.synchronous, self.content = "sync" in traits, "content" in traits
        self.fields = [] if arguments == "-" else [Field(text) for text in arguments.split(" ")]

    def groups(self):
        """Fields in wire order; consecutive bits, which share an octet, come as a list."""
        result = []
        for field in self.fields:
            if field.type != "bit":
                result.append(field)
            elif result and isinstance(result[-1], list) and len(result[-1]) < 8:
                result[-1].append(field)
            else:
                result.append([field])
        return result


def boolean(value):
    return "true" if value else "false"


def decode_lines(method):
    has_table = any(field.type == "table" for field in method.fields)
    if method.fields:
        yield f"    {method.struct}& m = *result;"
    if has_table:
        yield "    WireError table_error = kNoTableError;"
    bit_groups = 0
    for group in method.groups():
        if isinstance(group, list):
            bit_groups += 1
            bits = "bits" if bit_groups == 1 else f"bits{bit_groups}"
            yield f"    const std::uint8_t {bits} = in.u8();"
            for index, field in enumerate(group):
                yield f"    m.{field.name} = ({bits} & 0x{1 << index:02X}) != 0;"
        elif group.type == "table":
            yield f"    m.{group.name} = read_table(in, table_error);"
        elif group.type in ("shortstr", "prose"):
            yield f"    m.{group.name} = read_shortstr(in);"
        elif group.type == "longstr":
            yield f"    m.{group.name} = read_longstr(in);"
        else:
            yield f"    m.{group.name} = in.{group.type}();"
    error = "arguments_error(in, table_error)" if has_table else "arguments_error(in)"
    yield f"    if (!all_read(in)) result = std::unexpected({error});"


def put_lines(method):
    for group in method.groups():
        if isinstance(group, list):
            yield f"    to = put_bits(to, {', '.join(field.name for field in group)});"
        elif group.type in SIZES:
            yield f"    to = put_int(to, {group.name});"
        else:
            yield f"    to = put_{group.type}(to, {group.name});"


def size_expression(method):
    fixed, parts = 0, []
    for group in method.groups():
        if isinstance(group, list):
            fixed += 1
        elif group.type in SIZES:
            fixed += SIZES[group.type]
        else:
            parts.append(f"{group.type}_size({group.name})")
    return " + ".join(([str(fixed)] if fixed or not parts else []) + parts)


def size_function(method):
    expression = size_expression(method)
    line = f"  std::size_t encoded_size() const {{ return {expression}; }}"
    if len(line) <= MAX_LINE:
        return [line]
    line = f"    return {expression};"
    if len(line) > MAX_LINE:
        sys.exit(f"{method.wire_name}: break the size expression")
    return ["  std::size_t encoded_size() const {", line, "  }"]


def struct_text(method):
    lines = [f"/// {method.wire_name} ({method.class_id}.{method.method_id})", f"struct {method.struct} {{",
             f"  static constexpr Method kMethod = Method::{method.enumerator};",
             f"  static constexpr ClassId kClassId = ClassId::{method.class_name}_class;",
             f"  static constexpr std::uint16_t kMethodId = {method.method_id};",
             f'  static constexpr std::string_view kName = "{method.wire_name}";',
             f"  static constexpr bool kSynchronous = {boolean(method.synchronous)};",
             f"  static constexpr bool kHasContent = {boolean(method.content)};", ""]
    lines += [f"  {CPP_TYPES[field.type]} {field.name}{field.initial};" for field in method.fields]
    if method.fields:
        lines.append("")
    lines += [f"  static Decoded<{method.struct}> decode(bytes::Reader& in) {{",
              f"    Decoded<{method.struct}> result;", *decode_lines(method), "    return result;", "  }",
              *size_function(method)]
    if method.fields:
        lines += ["  std::uint8_t* put(std::uint8_t* to) const {", *put_lines(method), "    return to;", "  }"]
    else:
        lines.append("  std::uint8_t* put(std::uint8_t* to) const { return to; }")
    lines += ["  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }",
              "  template <class Self, class Visit>"]
    if method.fields:
        lines.append("  static void fields(Self& self, Visit&& visit) {")
        lines += [f'    visit("{field.name}", self.{field.name});' for field in method.fields]
        lines.append("  }")
    else:
        lines.append("  static void fields(Self&, Visit&&) {}")
    lines += [f"  friend bool operator==(const {method.struct}&, const {method.struct}&) = default;", "};"]
    return "\n".join(lines) + "\n"


def class_text(methods):
    structs = "\n".join(struct_text(method) for method in methods)
    lines = [f"{NOTICE}// The members common to all structs are described in methods.h.\n{PRAGMA}",
             '#include "wire/amqp091/arguments.h"', '#include "wire/amqp091/generated/method_ids.h"\n',
             f"namespace {NAMESPACE} {{\n", f"{structs}", f"}}  // namespace {NAMESPACE}"]
    return "\n".join(lines) + "\n"


def ids_text(methods):
    classes = {method.class_name: method.class_id for method in methods}
    lines = [f"{NOTICE}{PRAGMA}\n#include <cstdint>\n\nnamespace {NAMESPACE} {{\n",
             "enum class ClassId : std::uint16_t {",
             *[f"  {name}_class = {number}," for name, number in classes.items()], "};\n",
             "/// A method with its class: the class id in the upper half, the method id in the lower.",
             "enum class Method : std::uint32_t {",
             *[f"  {m.enumerator} = ({m.class_id}U << 16) | {m.method_id}," for m in methods], "};\n",
             f"}}  // namespace {NAMESPACE}"]
    return "\n".join(lines) + "\n"


def visit_text(methods):
    classes = dict.fromkeys(method.class_name for method in methods)
    lines = [f"{NOTICE}{PRAGMA}\n#include <type_traits>\n",
             *[f'#include "wire/amqp091/generated/{name}.h"' for name in sorted(classes)],
             f"\nnamespace {NAMESPACE} {{\n",
             "template <class Struct, class Visit>", "bool visit_as(Visit& visit) {",
             "  visit(std::type_identity<Struct>{});", "  return true;", "}\n"]
    for name in classes:
        lines += ["template <class Visit>", f"bool visit_{name}_method(Method method, Visit& visit) {{",
                  "  switch (method) {"]
        for method in methods:
            if method.class_name == name:
                lines += [f"    case Method::{method.enumerator}:",
                          f"      return visit_as<{method.struct}>(visit);"]
        lines += ["    default:", "      return false;", "  }", "}\n"]
    lines += ["/// Calls visit(std::type_identity<Struct>) for the struct of `method`; false when there is none.",
              "template <class Visit>", "bool visit_method(Method method, Visit&& visit) {",
              "  switch (static_cast<ClassId>(static_cast<std::uint32_t>(method) >> 16)) {"]
    for name in classes:
        lines += [f"    case ClassId::{name}_class:", f"      return visit_{name}_method(method, visit);"]
    lines += ["    default:", "      return false;", "  }", "}\n",
              "/// Every method, in the order of the description.", "inline constexpr Method kAllMethods[] = {",
              *[f"    Method::{method.enumerator}," for method in methods], "};\n", f"}}  // namespace {NAMESPACE}"]
    return "\n".join(lines) + "\n"


def outputs():
    lines = (HERE / "methods.tsv").read_text().splitlines()
    methods = [Method(line) for line in lines if line and not line.startswith("#")]
    result = {"method_ids.h": ids_text(methods), "visit_method.h": visit_text(methods)}
    for name in dict.fromkeys(method.class_name for method in methods):
        result[f"{name}.h"] = class_text([method for method in methods if method.class_name == name])
    return result


def main():
    check = "--check" in sys.argv[1:]
    stale = []
    for name, text in outputs().items():
        path = OUTPUT / name
        if path.exists() and path.read_text() == text:
            continue
        stale.append(name)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if check and stale:
        sys.exit(f"generated files differ from tools/amqp/methods.tsv: {', '.join(stale)}")


if __name__ == "__main__":
    main()
