#!/usr/bin/env python3
"""Stream load of the crash tests: stream_load.py produce|verify BROKER STREAM LEDGER SEED

produce: publishes to a stream with confirms (AMQP) until it is told to stop or the server is gone, while a reader follows; the
         ledger has the number of each confirmed message, and offset and number of each that the reader saw.
verify: readers that resume behind the last offset seen, and behind one before, must get what follows, and one that begins anew everything: offsets
        without a gap, each number once and in order, every confirmed one among them, and what was seen where it was seen.
"""

import random
import signal
import struct
import sys
import threading
import time
import zlib

import pika

PREFETCH = 2000
MARK = struct.Struct("<BQQ")
CONFIRMED, SEEN = 0, 1
HEADER = struct.Struct("<QI")
SILENCE_SECONDS = 20
LOST = (pika.exceptions.AMQPError, OSError)


def connect(broker):
    host, port = broker.rsplit(":", 1)
    return pika.BlockingConnection(pika.ConnectionParameters(host, int(port), heartbeat=0, blocked_connection_timeout=60))


def make_body(number, filling):
    return HEADER.pack(number, zlib.crc32(filling, number & 0xFFFFFFFF)) + filling


def read_body(body):
    number, checksum = HEADER.unpack_from(body)
    if zlib.crc32(body[HEADER.size:], number & 0xFFFFFFFF) != checksum:
        raise SystemExit(f"error: damaged message {number}")
    return number


def consume(channel, stream, offset, take, silence):
    """take(offset, number) for each message from there on, until it says so or nothing came for so long."""
    channel.basic_qos(prefetch_count=PREFETCH)
    arguments = {"x-stream-offset": offset}
    for method, properties, body in channel.consume(stream, arguments=arguments, inactivity_timeout=silence):
        if method is None or take(properties.headers["x-stream-offset"], read_body(body)):
            return
        channel.basic_ack(method.delivery_tag)


class Reader(threading.Thread):
    """Follows the stream from its beginning until the server is gone or somebody says stop."""

    def __init__(self, broker, stream):
        super().__init__(daemon=True)
        self.connection = connect(broker)
        self.stream = stream
        self.seen = []
        self.stopping = False

    def take(self, offset, number):
        self.seen.append((offset, number))
        return self.stopping

    def run(self):
        try:
            while not self.stopping:
                channel = self.connection.channel()
                consume(channel, self.stream, self.seen[-1][0] + 1 if self.seen else "first", self.take, 0.2)
                channel.close()
        except LOST:
            pass


def produce(broker, stream, ledger, seed):
    connection = connect(broker)
    channel = connection.channel()
    channel.queue_declare(stream, durable=True, arguments={"x-queue-type": "stream"})
    channel.confirm_delivery()
    print("created", flush=True)
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    reader = Reader(broker, stream)
    reader.start()
    chance = random.Random(seed)
    fillings = [chance.randbytes(chance.randrange(10, 2000)) for _ in range(64)]
    confirmed = []
    try:
        while not stopping:
            number = len(confirmed)
            channel.basic_publish("", stream, make_body(number, fillings[number % 64]))
            confirmed.append(number)
            if number % 500 == 0:
                print(f"confirmed {number}", flush=True)
    except LOST:
        pass
    # It may come while the interpreter ends, which would take its default effect.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    reader.stopping = True
    reader.join(30)
    with open(ledger, "wb") as file:
        for number in confirmed:
            file.write(MARK.pack(CONFIRMED, 0, number))
        for offset, number in reader.seen:
            file.write(MARK.pack(SEEN, offset, number))


def read_from(broker, stream, offset):
    """(offset, number) of everything from there on. A last message of our own tells the end."""
    connection = connect(broker)
    channel = connection.channel()
    channel.confirm_delivery()
    end = time.time_ns()
    channel.basic_publish("", stream, make_body(end, b""))
    found = []

    def take(at, number):
        found.append((at, number))
        return number == end

    consume(channel, stream, offset, take, SILENCE_SECONDS)
    connection.close()
    if not found or found[-1][1] != end:
        raise SystemExit(f"error: nothing came for {SILENCE_SECONDS} s after {len(found)} messages")
    return [(at, number) for at, number in found if number < 1 << 40]


def verify(broker, stream, ledger, seed):
    with open(ledger, "rb") as file:
        entries = list(MARK.iter_unpack(file.read()))
    confirmed = [number for mark, _, number in entries if mark == CONFIRMED]
    seen = [(offset, number) for mark, offset, number in entries if mark == SEEN]
    everything = read_from(broker, stream, "first")
    offsets, numbers = [at for at, _ in everything], [number for _, number in everything]
    if any(right != left + 1 for left, right in zip(offsets, offsets[1:])):
        raise SystemExit("error: offsets have a gap, or come twice")
    if any(right <= left for left, right in zip(numbers, numbers[1:])):
        raise SystemExit("error: out of order or twice")
    if missing := set(confirmed) - set(numbers):
        raise SystemExit(f"error: {len(missing)} confirmed messages are not there, among them {min(missing)}")
    if everything[:len(seen)] != seen:
        raise SystemExit("error: what the reader saw is not what is there")
    # A reader goes on behind what it had seen, or behind what it remembers of that.
    for taken in (len(seen), random.Random(seed).randrange(len(seen) + 1)):
        resumed = read_from(broker, stream, seen[taken - 1][0] + 1 if taken else "first")
        if resumed != everything[taken:]:
            raise SystemExit(f"error: a reader that resumes gets {len(resumed)} messages, not the {len(everything) - taken} that follow")
    print(f"{len(confirmed)} confirmed, {len(seen)} read before, {len(resumed)} again or after")


if __name__ == "__main__":
    {"produce": produce, "verify": verify}[sys.argv[1]](sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
