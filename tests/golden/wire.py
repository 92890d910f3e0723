"""AMQP 0-9-1 as bytes: frames, methods, field tables and content headers, both ways, with every type kept visible.

The methods come from tools/amqp/methods.tsv. Values read from the wire keep their type tag, because a client can see it.
"""

import pathlib
import struct

METHODS_FILE = pathlib.Path(__file__).resolve().parents[2] / "tools" / "amqp" / "methods.tsv"
METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
FRAME_END = 0xCE
NUMBERS = {"u8": ">B", "u16": ">H", "u32": ">I", "u64": ">Q"}
# The properties of class basic in the order of their flag bits, from bit 15 down.
PROPERTIES = [("content_type", "shortstr"), ("content_encoding", "shortstr"), ("headers", "table"), ("delivery_mode", "u8"),
              ("priority", "u8"), ("correlation_id", "shortstr"), ("reply_to", "shortstr"), ("expiration", "shortstr"),
              ("message_id", "shortstr"), ("timestamp", "u64"), ("type", "shortstr"), ("user_id", "shortstr"),
              ("app_id", "shortstr"), ("cluster_id", "shortstr")]
FIELD_NUMBERS = {"b": ">b", "B": ">B", "s": ">h", "u": ">H", "I": ">i", "i": ">I", "l": ">q", "L": ">q", "f": ">f",
                 "d": ">d", "T": ">Q"}


class Value:
    """A field value of a chosen type: Value("I", 5)."""

    def __init__(self, tag, value=None):
        self.tag, self.value = tag, value

    def __eq__(self, other):
        return isinstance(other, Value) and (self.tag, self.value) == (other.tag, other.value)

    def __repr__(self):
        return show(self)


def typed(value):
    """The usual type of a Python value."""
    if isinstance(value, Value):
        return value
    if value is None:
        return Value("V")
    for kind, tag in ((bool, "t"), (float, "d"), (str, "S"), (bytes, "x"), (list, "A"), (dict, "F")):
        if isinstance(value, kind):
            return Value(tag, value)
    return Value("I" if -2**31 <= value < 2**31 else "l", value)


def show(value):
    """How a value looks in a transcript."""
    value = typed(value)
    if value.tag == "F":
        return "F{" + ", ".join(f"{name}={show(inner)}" for name, inner in sorted(value.value.items())) + "}"
    if value.tag == "A":
        return "A[" + ", ".join(show(inner) for inner in value.value) + "]"
    return "V" if value.tag == "V" else f"{value.tag}:{value.value!r}"


def shortstr(text):
    raw = text if isinstance(text, bytes) else text.encode()
    return struct.pack(">B", len(raw)) + raw


def longstr(text):
    raw = text if isinstance(text, bytes) else text.encode()
    return struct.pack(">I", len(raw)) + raw


def write_value(value):
    value = typed(value)
    tag, content = value.tag.encode(), value.value
    if value.tag in FIELD_NUMBERS:
        return tag + struct.pack(FIELD_NUMBERS[value.tag], content)
    if value.tag == "t":
        return tag + bytes([bool(content)])
    if value.tag in "Sx":
        return tag + longstr(content)
    if value.tag == "D":
        return tag + struct.pack(">BI", *content)
    if value.tag == "A":
        return tag + longstr(b"".join(write_value(inner) for inner in content))
    if value.tag == "F":
        return tag + write_table(content)
    # Void, or a type that nobody knows with whatever bytes were given.
    return tag + (content or b"")


def write_table(table):
    if isinstance(table, bytes):
        return longstr(table)
    return longstr(b"".join(shortstr(name) + write_value(value) for name, value in (table or {}).items()))


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        piece = self.data[self.at:self.at + count]
        assert len(piece) == count, "the frame is too short"
        self.at += count
        return piece

    def number(self, kind):
        return struct.unpack(kind, self.take(struct.calcsize(kind)))[0]

    def text(self, raw):
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return raw

    def shortstr(self):
        return self.text(self.take(self.number(">B")))

    def longstr(self):
        return self.text(self.take(self.number(">I")))

    def value(self):
        tag = chr(self.number(">B"))
        if tag in FIELD_NUMBERS:
            return Value(tag, self.number(FIELD_NUMBERS[tag]))
        if tag == "t":
            return Value(tag, self.number(">B") != 0)
        if tag == "S":
            return Value(tag, self.longstr())
        if tag == "x":
            return Value(tag, self.take(self.number(">I")))
        if tag == "D":
            return Value(tag, (self.number(">B"), self.number(">I")))
        if tag == "F":
            return Value(tag, self.table())
        if tag == "A":
            inner, found = Reader(self.take(self.number(">I"))), []
            while inner.at < len(inner.data):
                found.append(inner.value())
            return Value(tag, found)
        assert tag == "V", f"field type {tag!r}"
        return Value(tag)

    def table(self):
        inner, found = Reader(self.take(self.number(">I"))), {}
        while inner.at < len(inner.data):
            name = inner.shortstr()
            found[name] = inner.value()
        return found

    def typed(self, kind):
        if kind in NUMBERS:
            return self.number(NUMBERS[kind])
        return {"shortstr": self.shortstr, "prose": self.shortstr, "longstr": self.longstr, "table": self.table}[kind]()


class Method:
    """A row of the methods file."""

    def __init__(self, line):
        class_name, class_id, name, method_id, traits, arguments = line.split("\t")
        self.name = f"{class_name}.{name}"
        self.key = (int(class_id), int(method_id))
        self.sync, self.content = "sync" in traits, "content" in traits
        self.fields = []
        for field in [] if arguments == "-" else arguments.split(" "):
            left, _, default = field.partition("=")
            name, kind = left.split(":")
            self.fields.append((name, kind, default))

    def default(self, kind, text):
        if kind == "table":
            return {}
        if kind == "bit":
            return text == "true"
        return int(text or 0) if kind in NUMBERS else text

    def encode(self, arguments):
        known = [name for name, _, _ in self.fields]
        assert set(arguments) <= set(known), f"{self.name} has {known}, not {sorted(arguments)}"
        out, bits, count = struct.pack(">HH", *self.key), 0, 0
        for name, kind, default in self.fields:
            value = arguments.get(name, self.default(kind, default))
            if kind == "bit":
                bits, count = bits | bool(value) << count, count + 1
                continue
            if count:
                out, bits, count = out + bytes([bits]), 0, 0
            if kind in NUMBERS:
                out += struct.pack(NUMBERS[kind], value)
            else:
                out += {"table": write_table, "longstr": longstr}.get(kind, shortstr)(value)
        return out + bytes([bits]) if count else out

    def decode(self, reader):
        values, bits, count = {}, 0, 0
        for name, kind, _ in self.fields:
            if kind != "bit":
                values[name], count = reader.typed(kind), 0
                continue
            if count % 8 == 0:
                bits = reader.number(">B")
            values[name], count = bool(bits >> count % 8 & 1), count + 1
        assert reader.at == len(reader.data), f"{self.name} has {len(reader.data) - reader.at} octets too many"
        return values


METHODS = {method.name: method for method in
           (Method(line) for line in METHODS_FILE.read_text().splitlines() if not line.startswith("#"))}
BY_KEY = {method.key: method for method in METHODS.values()}


def frame(kind, channel, payload):
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + bytes([FRAME_END])


def method_frame(channel, name, arguments):
    return frame(METHOD, channel, METHODS[name].encode(arguments))


def write_header(body_size, properties, class_id=60):
    flags, block = 0, b""
    for bit, (name, kind) in enumerate(PROPERTIES):
        if name not in properties:
            continue
        flags |= 1 << (15 - bit)
        value = properties[name]
        if kind in NUMBERS:
            block += struct.pack(NUMBERS[kind], value)
        else:
            block += write_table(value) if kind == "table" else shortstr(value)
    return struct.pack(">HHQH", class_id, 0, body_size, flags) + block


def read_header(payload):
    reader = Reader(payload)
    _, _, size, flags = reader.number(">H"), reader.number(">H"), reader.number(">Q"), reader.number(">H")
    return size, {name: reader.typed(kind) for bit, (name, kind) in enumerate(PROPERTIES) if flags & 1 << (15 - bit)}
