#!/usr/bin/env python3
"""Kafka load of the crash tests: kafka_load.py produce|verify BROKER TOPIC LEDGER SEED

produce: sends with acks=all until it is told to stop; the ledger has partition, offset and number of each acknowledged record.
         Meanwhile it commits growing offsets of a group; LEDGER.offsets has the last that was answered and the last that was sent.
verify: reads everything; each acknowledged record must be at its offset with its content, once and in order. The group's offset
        must be one that was sent, and not before the last that was answered.
"""

import random
import signal
import struct
import sys
import threading
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


class Commits(threading.Thread):
    """Commits one offset after the other for all partitions at once, until it fails or is told to stop."""

    def __init__(self, broker, topic):
        super().__init__(daemon=True)
        self.consumer = ck.Consumer({"bootstrap.servers": broker, "group.id": f"crash-{topic}", "log_level": 0,
                                     "enable.auto.commit": False, "socket.timeout.ms": 5000})
        self.topic = topic
        self.answered = self.sent = 0
        self.stopping = False

    def run(self):
        while not self.stopping:
            self.sent += 1
            try:
                self.consumer.commit(offsets=[ck.TopicPartition(self.topic, partition, self.sent, str(self.sent))
                                              for partition in range(PARTITIONS)], asynchronous=False)
            except ck.KafkaException:
                return
            self.answered = self.sent


def check_commits(broker, topic, ledger):
    with open(f"{ledger}.offsets") as file:
        answered, sent = (int(word) for word in file.read().split())
    consumer = ck.Consumer({"bootstrap.servers": broker, "group.id": f"crash-{topic}", "log_level": 0})
    found = consumer.committed([ck.TopicPartition(topic, partition) for partition in range(PARTITIONS)], 20)
    offsets = {0 if part.offset == ck.OFFSET_INVALID else part.offset for part in found}
    consumer.close()
    if len(offsets) != 1:
        raise SystemExit(f"error: a commit is there in part: {offsets}")
    if not answered <= min(offsets) <= sent:
        raise SystemExit(f"error: committed offset {offsets}; {answered} was answered, {sent} was sent")
    return answered


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

    commits = Commits(broker, topic)
    commits.start()
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
    commits.stopping = True
    producer.purge()
    producer.flush(10)
    commits.join(10)
    with open(f"{ledger}.offsets", "w") as file:
        file.write(f"{commits.answered} {commits.sent}")
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
    if not acknowledged:
        raise SystemExit("error: nothing was acknowledged before the kill")
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
    commits = check_commits(broker, topic, ledger)
    print(f"{len(acknowledged)} acknowledged, {total} found, {commits} commits")


if __name__ == "__main__":
    {"produce": produce, "verify": verify}[sys.argv[1]](sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
