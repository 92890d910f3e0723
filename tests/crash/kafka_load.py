#!/usr/bin/env python3
"""Kafka load of the crash tests: kafka_load.py produce|verify BROKER TOPIC LEDGER SEED

produce: sends with acks=all until it is told to stop; the ledger has partition, offset and number of each acknowledged record.
verify: reads everything; each acknowledged record must be at its offset with its content, once and in order.
"""

import random
import signal
import struct
import sys
import time
import zlib

import confluent_kafka as ck
from confluent_kafka.admin import AdminClient, NewTopic

PARTITIONS = 4
OUTSTANDING_MAX = 20000
ENTRY = struct.Struct("<IQQ")
HEADER = struct.Struct("<IQI")


def make_value(partition, number, filling):
    return HEADER.pack(partition, number, zlib.crc32(filling, number & 0xFFFFFFFF)) + filling


def read_value(value):
    """(partition, number) of an undamaged value."""
    partition, number, checksum = HEADER.unpack_from(value)
    if zlib.crc32(value[HEADER.size:], number & 0xFFFFFFFF) != checksum:
        raise SystemExit(f"error: damaged record {partition}/{number}")
    return partition, number


def produce(broker, topic, ledger, seed):
    admin = AdminClient({"bootstrap.servers": broker})
    for future in admin.create_topics([NewTopic(topic, PARTITIONS, 1)]).values():
        future.result(30)
    print("created", flush=True)
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    # One attempt each: a record that was sent twice could be there twice.
    producer = ck.Producer({"bootstrap.servers": broker, "acks": "all", "linger.ms": 2, "message.send.max.retries": 0,
                            "compression.type": "none", "log_level": 0, "message.timeout.ms": 60000})
    chance = random.Random(seed)
    acknowledged = []
    fillings = [chance.randbytes(chance.randrange(20, 900)) for _ in range(64)]

    def report(partition, number):
        return lambda error, message: None if error else acknowledged.append((partition, message.offset(), number))

    number = 0
    while not stopping:
        partition = number % PARTITIONS
        try:
            producer.produce(topic, make_value(partition, number, fillings[number % 64]), partition=partition,
                             on_delivery=report(partition, number))
            number += 1
        except BufferError:
            producer.poll(0.01)
        producer.poll(0 if len(producer) < OUTSTANDING_MAX else 0.01)
        if number % 5000 == 0:
            print(f"confirmed {len(acknowledged)}", flush=True)
    producer.purge()
    producer.flush(10)
    with open(ledger, "wb") as file:
        for entry in acknowledged:
            file.write(ENTRY.pack(*entry))


def read_partition(broker, topic, partition):
    """offset -> number, in the order in which the records came."""
    consumer = ck.Consumer({"bootstrap.servers": broker, "group.id": "crash-verify", "enable.auto.commit": False,
                            "enable.partition.eof": True, "check.crcs": True, "auto.offset.reset": "error", "log_level": 0})
    consumer.assign([ck.TopicPartition(topic, partition, 0)])
    found = {}
    last = time.monotonic()
    while True:
        # It waits until there are that many or the time is up, so the time is short.
        messages = consumer.consume(5000, 0.1)
        if messages:
            last = time.monotonic()
        elif time.monotonic() - last > 20:
            raise SystemExit(f"error: partition {partition} gave nothing for 20 s after {len(found)} records")
        for message in messages:
            if message.error():
                if message.error().code() == ck.KafkaError._PARTITION_EOF:
                    consumer.close()
                    return found
                raise SystemExit(f"error: {message.error()}")
            owner, number = read_value(message.value())
            if owner != partition:
                raise SystemExit(f"error: record of partition {owner} in {partition}")
            found[message.offset()] = number


def verify(broker, topic, ledger, _seed):
    with open(ledger, "rb") as file:
        acknowledged = list(ENTRY.iter_unpack(file.read()))
    total = 0
    for partition in range(PARTITIONS):
        found = read_partition(broker, topic, partition)
        numbers = list(found.values())
        if any(left >= right for left, right in zip(numbers, numbers[1:])):
            raise SystemExit(f"error: partition {partition}: out of order or twice")
        total += len(found)
        for owner, offset, number in acknowledged:
            if owner == partition and found.get(offset) != number:
                raise SystemExit(f"error: partition {partition}: offset {offset} has {found.get(offset)}, {number} was acknowledged there")
    print(f"{len(acknowledged)} acknowledged, {total} found")


if __name__ == "__main__":
    {"produce": produce, "verify": verify}[sys.argv[1]](sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
