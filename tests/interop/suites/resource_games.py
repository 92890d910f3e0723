"""Clients that ask for far too much, seen from outside: they are served or refused, and others as before. needs: amqp"""

import socket
import struct

import suite
from pika_helpers import channel
from suite import equal, main, name, test

BINDINGS = 50_000
AT_ONCE = 10_000
CHANNELS = 65_535


def short(text):
    return struct.pack(">B", len(text)) + text.encode()


def method(number, class_id, method_id, payload=b""):
    return struct.pack(">BHIHH", 1, number, len(payload) + 4, class_id, method_id) + payload + b"\xce"


class Raw:
    """Just enough of the protocol to send what no client would."""

    def __init__(self, channel_max=0):
        self.socket = socket.create_connection((suite.HOST, suite.AMQP_PORT), 30)
        self.data = b""
        self.socket.sendall(b"AMQP\0\0\x09\x01")
        self.expect(10, 10)
        response = b"\0guest\0guest"
        self.socket.sendall(method(0, 10, 11, struct.pack(">I", 0) + short("PLAIN") + struct.pack(">I", len(response)) +
                                   response + short("en_US")))
        _, tune = self.expect(10, 30)
        self.channel_max = struct.unpack_from(">H", tune)[0]
        self.socket.sendall(method(0, 10, 31, struct.pack(">HIH", channel_max or self.channel_max, 131072, 0)) +
                            method(0, 10, 40, short("/") + b"\0\0"))
        self.expect(10, 41)

    def next(self):
        """(channel, class, method, arguments)"""
        while True:
            if len(self.data) >= 7:
                kind, number, size = struct.unpack_from(">BHI", self.data)
                if len(self.data) >= size + 8:
                    payload, self.data = self.data[7:7 + size], self.data[size + 8:]
                    if kind == 1:
                        return (number, *struct.unpack_from(">HH", payload), payload[4:])
                    continue
            more = self.socket.recv(1 << 20)
            assert more, "the connection was closed"
            self.data += more

    def expect(self, class_id, method_id):
        number, *found, arguments = self.next()
        equal(tuple(found), (class_id, method_id), "method")
        return number, arguments

    def close(self):
        self.socket.sendall(method(0, 10, 50, struct.pack(">H", 200) + short("") + b"\0\0\0\0"))
        self.expect(10, 51)
        self.socket.close()


def others_are_served(ch, queue):
    ch.basic_publish("", queue, b"body")
    equal(ch.basic_get(queue, auto_ack=True)[2], b"body")


@test
def many_bindings():
    queue, exchange, mine = name(), name(), name()
    with channel(confirms=False) as ch:
        ch.queue_declare(mine, exclusive=True)
        ch.queue_declare(queue)
        ch.exchange_declare(exchange, "direct")
        raw = Raw()
        raw.socket.sendall(method(1, 20, 10, b"\0"))
        raw.expect(20, 11)
        for begin in range(0, BINDINGS, AT_ONCE):
            no_wait = [1] * (AT_ONCE - 1) + [0]
            raw.socket.sendall(b"".join(
                method(1, 50, 20, b"\0\0" + short(queue) + short(exchange) + short(f"k{begin + i}") + struct.pack(">BI", no_wait[i], 0))
                for i in range(AT_ONCE)))
            raw.expect(50, 21)
            others_are_served(ch, mine)
        for number in (0, 1, BINDINGS // 2, BINDINGS - 1):
            ch.basic_publish(exchange, f"k{number}", str(number).encode())
            equal(ch.basic_get(queue, auto_ack=True)[2], str(number).encode())
        ch.exchange_delete(exchange)
        others_are_served(ch, mine)
        ch.queue_delete(queue)
        raw.close()


@test
def every_channel_that_was_agreed_on():
    mine = name()
    with channel(confirms=False) as ch:
        ch.queue_declare(mine, exclusive=True)
        raw = Raw()
        for number in range(1, raw.channel_max + 1):
            raw.socket.sendall(method(number, 20, 10, b"\0"))
        for number in range(1, raw.channel_max + 1):
            equal(raw.expect(20, 11)[0], number)
        others_are_served(ch, mine)
        raw.socket.sendall(method(CHANNELS, 20, 10, b"\0"))
        _, arguments = raw.expect(10, 50)
        equal(struct.unpack_from(">H", arguments)[0], 504)
        others_are_served(ch, mine)


main()
