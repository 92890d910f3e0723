"""Reads the message descriptions in tools/kafka/messages/*.txt.

One file describes one API (a request and a response) or one data structure:

    # comment
    api KEY Name                 or: data Name
    versions LOW-HIGH            versions this codec reads and writes
    flexible N | none            first version with compact types and tagged fields

    struct request|response Name     a structure that several fields share (optional)
      FIELD...
    request                      then: response          (data: fields)
      FIELD...

A field is one line, its structure's fields follow with two more spaces of indentation:

    name type versions [nullable[=versions]] [tag=N] [default=X] [secret]

type: bool int8 int16 uint16 int32 uint32 int64 float64 uuid string bytes records error (an int16 error code) or the
name of a structure, all but records with [] before them for an array. versions: `*` (every version of the enclosing
structure), `3+`, `3-7` or `3`. default: absent means zero, empty or false; `null` for nullable fields.
A tagged field is written only when it differs from its default. `secret` keeps a field out of debug output.
A structure that is no array is tagged or nullable in all its versions; null is its default then.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

PRIMITIVES = {
    "bool", "int8", "int16", "uint16", "int32", "uint32", "int64", "float64",
    "uuid", "string", "bytes", "records", "error",
}
FIXED_SIZE = {"bool": 1, "int8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "int64": 8, "float64": 8,
              "uuid": 16, "error": 2}
# Words that cannot be a C++ member's name, and names the generated code uses itself.
RESERVED = {"default", "operator", "delete", "new", "class", "struct", "in", "out", "self", "visitor", "decode",
            "encode", "visit", "to_text", "namespace", "register", "union", "protected", "private", "public"}


class SchemaError(Exception):
    """A description that cannot be read; the text names the file and line."""


@dataclass(frozen=True)
class Versions:
    low: int
    high: int

    def covers(self, other):
        return self.low <= other.low and self.high >= other.high

    def __contains__(self, version):
        return self.low <= version <= self.high


@dataclass
class Field:
    name: str
    type: str
    is_array: bool
    versions: Versions
    nullable: Versions | None = None
    tag: int | None = None
    default: str | None = None
    secret: bool = False

    @property
    def is_struct(self):
        return self.type not in PRIMITIVES

    @property
    def can_be_null(self):
        return self.nullable is not None


@dataclass
class Struct:
    name: str
    versions: Versions
    fields: list = field(default_factory=list)


@dataclass
class Message:
    """A top structure with the structures it uses, in an order where each comes before its users."""
    name: str
    kind: str  # request, response or data
    api_name: str
    api_key: int | None
    versions: Versions
    flexible: int | None
    root: Struct
    structs: dict


def snake(name):
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name).lower()


def parse_versions(text, all_versions, high):
    if text == "*":
        return all_versions
    match = re.fullmatch(r"(\d+)(\+|-(\d+))?", text)
    if not match:
        raise ValueError(f"bad versions {text!r}")
    low = int(match[1])
    if match[2] == "+":
        return Versions(low, high)
    return Versions(low, int(match[3]) if match[3] else low)


class Parser:
    """Reads one description file."""

    def __init__(self, path):
        self.path = path
        self.lines = []
        for number, line in enumerate(Path(path).read_text().splitlines(), 1):
            line = line.split("#", 1)[0].rstrip()
            if line:
                self.lines.append((number, line))
        self.at = 0
        self.versions = None

    def error(self, text):
        number = self.lines[min(self.at, len(self.lines) - 1)][0]
        raise SchemaError(f"{self.path}:{number}: {text}")

    def next_words(self, first):
        if self.at >= len(self.lines):
            self.error(f"expected {first}, found the end of the file")
        words = self.lines[self.at][1].split()
        if words[0] != first:
            self.error(f"expected {first!r}, found {words[0]!r}")
        self.at += 1
        return words[1:]

    def parse(self):
        kind = self.lines[0][1].split()[0]
        if kind == "api":
            key, name = self.next_words("api")
        elif kind == "data":
            key, (name,) = None, self.next_words("data")
        else:
            self.error("a description begins with `api KEY Name` or `data Name`")
        low, high = self.next_words("versions")[0].split("-")
        self.versions = Versions(int(low), int(high))
        flexible = self.next_words("flexible")[0]
        flexible = None if flexible == "none" else int(flexible)
        shared = {"request": {}, "response": {}}
        messages = []
        while self.at < len(self.lines):
            words = self.lines[self.at][1].split()
            self.at += 1
            if words[0] == "struct":
                target = shared[words[1]]
                target[words[2]] = Struct(words[2], self.versions)
                self.parse_fields(1, target[words[2]], target)
            elif words[0] in ("request", "response", "fields"):
                message_kind = "data" if words[0] == "fields" else words[0]
                message_name = name if message_kind == "data" else name + words[0].capitalize()
                structs = shared.get(words[0], {})
                root = Struct(message_name, self.versions)
                self.parse_fields(1, root, structs)
                messages.append(Message(message_name, message_kind, name, None if key is None else int(key),
                                        self.versions, flexible, root, structs))
            else:
                self.at -= 1
                self.error(f"unexpected {words[0]!r}")
        return messages

    def parse_fields(self, depth, struct, structs):
        indentation = "  " * depth
        while self.at < len(self.lines):
            line = self.lines[self.at][1]
            if not line.startswith(indentation):
                return
            if line[len(indentation)] == " ":
                self.error("too much indentation")
            item = self.parse_field(line.split(), struct)
            self.at += 1
            nested = "  " * (depth + 1)
            if self.at < len(self.lines) and self.lines[self.at][1].startswith(nested):
                if not item.is_struct or item.type in structs:
                    self.error(f"{item.type} cannot be described here")
                inner = Struct(item.type, item.versions)
                self.parse_fields(depth + 1, inner, structs)
                structs[item.type] = inner
            elif item.is_struct and item.type not in structs:
                self.error(f"structure {item.type} is not described")
            struct.fields.append(item)

    def parse_field(self, words, struct):
        if len(words) < 3:
            self.error("a field needs a name, a type and versions")
        name, type_name, versions = words[:3]
        if name in RESERVED or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            self.error(f"bad field name {name!r}")
        is_array = type_name.startswith("[]")
        try:
            item = Field(name, type_name.removeprefix("[]"), is_array,
                         parse_versions(versions, struct.versions, struct.versions.high))
            for option in words[3:]:
                self.parse_option(item, option, struct)
        except ValueError as failure:
            self.error(str(failure))
        if not struct.versions.covers(item.versions) or item.versions.low > item.versions.high:
            self.error(f"{name}: versions outside those of its structure")
        if item.type == "records" and (item.is_array or item.tag is not None):
            self.error(f"{name}: records can be neither array nor tagged")
        if item.can_be_null and not item.is_array:
            self.check_nullable(item)
        if item.default == "null" and not item.can_be_null:
            self.error(f"{name}: default null needs nullable")
        return item

    def check_nullable(self, item):
        if item.is_struct:
            if item.nullable != item.versions or item.default != "null":
                self.error(f"{item.name}: a structure is null in all versions or none, and by default")
        elif item.type not in ("string", "bytes", "records"):
            self.error(f"{item.name}: this type cannot be null")

    def parse_option(self, item, option, struct):
        key, _, value = option.partition("=")
        if key == "nullable":
            item.nullable = parse_versions(value or "*", item.versions, struct.versions.high)
            if not item.versions.covers(item.nullable):
                raise ValueError("nullable outside the field's versions")
        elif key == "tag":
            item.tag = int(value)
        elif key == "default":
            item.default = value
        elif key == "secret":
            item.secret = True
        else:
            raise ValueError(f"unknown option {option!r}")


def load_messages(folder):
    """Every message of every description, in the order of API key; data structures last."""
    messages = []
    for path in sorted(Path(folder).glob("*.txt")):
        messages += Parser(path).parse()
    order = {"request": 0, "response": 1, "data": 2}
    messages.sort(key=lambda m: (m.api_key is None, m.api_key or 0, order[m.kind], m.name))
    return messages


def minimum_size(message, struct):
    """Fewest bytes the structure can take on the wire in any version: a bound for array counts."""
    sizes = []
    for version in range(struct.versions.low, struct.versions.high + 1):
        flexible = message.flexible is not None and version >= message.flexible
        size = 1 if flexible else 0
        for item in struct.fields:
            if version in item.versions and item.tag is None:
                size += field_minimum(message, item, flexible)
        sizes.append(size)
    return max(1, min(sizes))


def field_minimum(message, item, flexible):
    if item.is_array or item.type in ("bytes", "records"):
        return 1 if flexible else 4
    if item.type == "string":
        return 1 if flexible else 2
    if item.is_struct:
        return 1 if item.can_be_null else minimum_size(message, message.structs[item.type])
    return FIXED_SIZE[item.type]
