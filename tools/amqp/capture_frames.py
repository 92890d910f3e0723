#!/usr/bin/env python3
"""Prints src/wire/amqp091/captured_frames.h: frames as other implementations write them, for the codec's tests.

Needs `pip install pika==1.4.4 amqp==5.4.2`. Argument values follow a rule that methods_test.cc knows: a text is
its own name and "-value", numbers are consecutive octets by width, every other bit is set.
"""
import datetime
import decimal
import pathlib

import amqp
import amqp.basic_message
import amqp.serialization
import pika
import pika.data
import pika.frame
import pika.spec

HERE = pathlib.Path(__file__).resolve().parent
NUMBERS = {"u8": 0x11, "u16": 0x1213, "u32": 0x14151617, "u64": 0x18191A1B1C1D1E1F}
CHANNEL = 0x0102


def sample(fields):
    values, bits = [], 0
    for field in fields:
        name, kind = field.split("=")[0].split(":")
        if kind == "bit":
            values.append(bits % 2 == 0)
            bits += 1
        elif kind == "table":
            values.append({"key": "value", "number": 5})
        else:
            values.append(NUMBERS.get(kind, f"{name}-value"))
    return values


def pika_methods():
    for line in (HERE / "methods.tsv").read_text().splitlines():
        if line.startswith("#"):
            continue
        class_name, _, name, _, _, arguments = line.split("\t")
        pascal = "".join(part.capitalize() for part in name.split("-"))
        method_class = getattr(getattr(pika.spec, class_name.capitalize()), pascal)
        values = sample([] if arguments == "-" else arguments.split(" "))
        yield f"{class_name}.{name}", pika.frame.Method(CHANNEL, method_class(*values)).marshal()


def samples():
    when = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    yield "pika_protocol_header", pika.frame.ProtocolHeader().marshal()
    yield "pika_heartbeat", pika.frame.Heartbeat().marshal()
    yield "pika_body", pika.frame.Body(CHANNEL, b"hello").marshal()
    everything = pika.BasicProperties(
        content_type="application/json", content_encoding="gzip", headers={"key": "value"}, delivery_mode=2, priority=9,
        correlation_id="correlation", reply_to="reply", expiration="60000", message_id="message", timestamp=1767323045,
        type="type", user_id="user", app_id="app", cluster_id="cluster")
    yield "pika_header_all", pika.frame.Header(CHANNEL, 5, everything).marshal()
    yield "pika_header_none", pika.frame.Header(CHANNEL, 0, pika.BasicProperties()).marshal()
    yield "pika_header_persistent", pika.frame.Header(CHANNEL, 16, pika.BasicProperties(delivery_mode=2)).marshal()
    pieces = []
    pika.data.encode_table(pieces, {
        "bool": True, "int": -5, "long": 1 << 40, "decimal": decimal.Decimal("3.14"), "bytes": b"\x00\xff",
        "text": "grün", "time": when.replace(tzinfo=None), "nothing": None, "array": [1, "two", [3]],
        "table": {"inner": {"deep": False}}})
    yield "pika_table", b"".join(pieces)
    yield "pyamqp_table", amqp.serialization.dumps("F", [{
        "bool": False, "int": 7, "long": -(1 << 40), "float": -0.25, "decimal": decimal.Decimal("12.5"),
        "bytes": b"\x01\x02", "text": "text", "time": when, "nothing": None, "array": [True, {"a": 1}], "table": {}}])
    message = amqp.basic_message.Message(
        "x", content_type="text/plain", application_headers={"n": 1}, delivery_mode=2, correlation_id="c", reply_to="r",
        expiration="10", message_id="m", type="t", user_id="u", app_id="a", priority=4)
    yield "pyamqp_properties", message._serialize_properties()


def emit(name, data):
    text = data.hex()
    pieces = [text[i:i + 96] for i in range(0, len(text), 96)]
    print(f'    {{"{name}",')
    for index, piece in enumerate(pieces):
        print(f'     "{piece}"' + ("}," if index + 1 == len(pieces) else ""))


def main():
    print(f"""// Printed by tools/amqp/capture_frames.py with pika {pika.__version__} and py-amqp {amqp.__version__}.
#pragma once

#include <string_view>

namespace millrace::wire::amqp091::captured {{

struct Capture {{
  std::string_view name;
  std::string_view hex;
}};

// clang-format off
/// Every method as a whole frame on channel 0x0102, written by pika.
inline constexpr Capture kMethodFrames[] = {{""")
    for name, data in pika_methods():
        emit(name, data)
    print("};\n\n/// Other frames, tables (with their length) and property blocks.")
    print("inline constexpr Capture kSamples[] = {")
    for name, data in samples():
        emit(name, data)
    print("};\n// clang-format on\n\n}  // namespace millrace::wire::amqp091::captured")


if __name__ == "__main__":
    main()
