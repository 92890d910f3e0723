#!/usr/bin/env python3
"""Writes src/wire/kafka/testdata/kafka_python.txt: messages encoded by kafka-python, a codec that is not ours.

Run by hand, with `pip install kafka-python==3.0.12`. One line per message and version:

    NAME VERSION BODY_HEX TEXT

TEXT is what our debug text of the message's fields of that version has to be, so a field that is read into the wrong
place shows. Content is drawn from a fixed seed.
"""

import importlib
import pkgutil
import random
import sys
import uuid
from pathlib import Path

import kafka
import kafka.protocol
from kafka.protocol.api_data import ApiData
from kafka.protocol.api_message import ApiMessage

from schema import load_messages, snake

TOOLS = Path(__file__).resolve().parent
KAFKA_PYTHON = "3.0.12"
# Hidden in our debug text.
SECRET = ("AuthBytes", "Salt", "SaltedPassword")
BITS = {"int8": 8, "int16": 16, "uint16": 16, "int32": 32, "int64": 64}


def error_names():
    names = {}
    for line in (TOOLS / "error_codes.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            code, name, _ = line.split()
            names[int(code)] = name
    return names


def message_classes():
    for module in pkgutil.walk_packages(kafka.protocol.__path__, "kafka.protocol."):
        if ".old" not in module.name and "generate_stubs" not in module.name:
            importlib.import_module(module.name)
    found, open_classes = {}, [ApiData, ApiMessage]
    while open_classes:
        for child in open_classes.pop().__subclasses__():
            open_classes.append(child)
            if getattr(child, "_struct", None) is not None:
                found.setdefault(child.__name__, child)
    return found


class Samples:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.errors = error_names()

    def structure(self, field, version, make):
        """A value of the structure `field` describes, and its text."""
        values, texts = {}, []
        for item in field.fields.values():
            if item.for_version_q(version):
                value, text = self.field(item, version)
                values[item.name] = value
                texts.append(f"{our_name(field._name, item._name)}={text}")
        return make(version=version, **values), "{" + ", ".join(texts) + "}"

    def field(self, item, version):
        nullable = item.nullable_for_version_q(version)
        if nullable and self.random.random() < 0.2:
            return None, "null"
        if item.is_struct_array():
            pairs = [self.structure(item, version, item.data_class) for _ in range(self.random.randint(0, 2))]
        elif item.is_struct():
            return self.structure(item, version, item.data_class)
        elif item.is_array():
            pairs = [self.simple(item.array_of.type_str, item._name) for _ in range(self.random.randint(0, 2))]
        elif type(item._type).__name__ == "BitField" or getattr(item._type, "__name__", "") == "BitField":
            return {1, 3}, "10"
        else:
            return self.simple(item.type_str, item._name)
        return [value for value, _ in pairs], "[" + ", ".join(text for _, text in pairs) + "]"

    def simple(self, kind, name):
        if kind == "bool":
            value = self.random.random() < 0.5
            return value, str(value).lower()
        if kind == "int16" and name.endswith("rrorCode"):
            value = self.random.choice(sorted(self.errors))
            return value, self.errors[value]
        if kind in BITS:
            bits = self.random.choice((3, BITS[kind] - 1))
            value = self.random.randrange(2**bits)
            return value, str(value)
        if kind == "float64":
            value = self.random.randrange(2**20) + 0.5
            return value, str(value)
        if kind == "uuid":
            value = uuid.UUID(int=self.random.getrandbits(128))
            return value, value.hex
        if kind == "string":
            value = "".join(self.random.choices("abcdefghij-._0123456789", k=self.random.randint(0, 12)))
            return value, f'"{value}"'
        value = self.random.randbytes(self.random.randint(0, 20))
        return value, f"<{len(value)} bytes hidden>" if name in SECRET else f"0x{value.hex()}"


def our_name(owner, name):
    """kafka-python shortens the names of three fields."""
    if name == "authorized_operations":
        return {"Topics": "topic_", "Groups": ""}.get(owner, "cluster_") + name
    return {"Enable2Pc": "enable_2pc"}.get(name, snake(name))


def main():
    if kafka.__version__ != KAFKA_PYTHON:
        sys.exit(f"this needs kafka-python {KAFKA_PYTHON}, found {kafka.__version__}")
    samples = Samples(20261123)
    classes = message_classes()
    lines = [f"# Made by tools/kafka/foreign_samples.py with kafka-python {KAFKA_PYTHON}."]
    for message in load_messages(TOOLS / "messages"):
        source = classes.get(message.name)
        if source is None:
            print("kafka-python has no", message.name, file=sys.stderr)
            continue
        for version in range(message.versions.low, message.versions.high + 1):
            low, high = source._valid_versions
            if low <= version <= high:
                value, text = samples.structure(source._struct, version, source)
                lines.append(f"{message.name} {version} {value.encode(version=version, header=False).hex() or '-'} {text}")
    path = TOOLS.parent.parent / "src/wire/kafka/testdata/kafka_python.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
