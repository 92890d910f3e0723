#!/usr/bin/env python3
"""A queue over a topic in the crash tests: topic_queue_load.py produce|verify KAFKA,AMQP TOPIC LEDGER SEED

produce: sends to a topic with acks=all (Kafka) until it is told to stop, while a consumer of a queue whose source is the topic (AMQP)
         acknowledges, rejects and requeues; LEDGER has what was sent and acknowledged, LEDGER.settled what became of the deliveries.
verify: the queue is emptied: each acknowledged record that was not settled must come from it once, with its content and in the
        order of its partition; what was rejected must be a dead letter. A Kafka consumer finds all of them in the topic, settled or not.
"""

import random
import signal
import sys
import threading
import time
import zlib

import confluent_kafka as ck
import kafka_load
import pika
import verdict
from confluent_kafka.admin import AdminClient, NewTopic

PARTITIONS = 3
PREFETCH = 300
OUTSTANDING_MAX = 2000
PATIENCE_SECONDS = 30
LOST = (pika.exceptions.AMQPError, OSError)


def connect(address):
    host, port = address.rsplit(":", 1)
    return pika.BlockingConnection(pika.ConnectionParameters(host, int(port), heartbeat=0, blocked_connection_timeout=60))


def names(topic):
    """The queue over the topic, and its dead letters."""
    return f"{topic}-queue", f"{topic}-dead"


class Consumer(threading.Thread):
    """Settles so many deliveries, and holds what comes then, until the server is gone or somebody says stop."""

    def __init__(self, address, topic, chance, limit):
        super().__init__(daemon=True)
        self.channel = connect(address).channel()
        self.queue, self.chance, self.limit = names(topic)[0], chance, limit
        self.settled = {}
        self.stopping = False

    def run(self):
        try:
            self.channel.basic_qos(prefetch_count=PREFETCH)
            for method, _, body in self.channel.consume(self.queue, inactivity_timeout=0.2):
                if self.stopping:
                    return
                if method is not None:
                    self.take(method, body)
        except LOST:
            pass

    def take(self, method, body):
        partition, number = kafka_load.read_value(body)
        mark, dice = verdict.DELIVERED, self.chance.randrange(100)
        if len(self.settled) >= self.limit:
            pass
        elif dice < 5:
            mark = verdict.REJECTED
            self.channel.basic_reject(method.delivery_tag, requeue=False)
        elif dice < 15 and not method.redelivered:
            mark = verdict.REQUEUED
            self.channel.basic_reject(method.delivery_tag, requeue=True)
        else:
            mark = verdict.ACKNOWLEDGED
            self.channel.basic_ack(method.delivery_tag)
        self.settled[partition, number] = mark, zlib.crc32(body)


def declare(kafka, amqp, topic):
    admin = AdminClient({"bootstrap.servers": kafka})
    for future in admin.create_topics([NewTopic(topic, PARTITIONS, 1)]).values():
        future.result(30)
    connection = connect(amqp)
    queue, dead = names(topic)
    channel = connection.channel()
    channel.queue_declare(dead, durable=True)
    channel.queue_declare(queue, durable=True, arguments={"x-source-topic": topic, "x-dead-letter-exchange": "",
                                                          "x-dead-letter-routing-key": dead})
    connection.close()


def write_ledger(path, entries):
    """entries: (partition, number) -> (mark, checksum)."""
    with open(path, "wb") as file:
        for (partition, number), (mark, checksum) in entries.items():
            file.write(verdict.ENTRY.pack(mark, partition, number, checksum))


def produce(addresses, topic, ledger, seed):
    kafka, amqp = addresses.split(",")
    declare(kafka, amqp, topic)
    print("created", flush=True)
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    chance = random.Random(seed)
    consumer = Consumer(amqp, topic, random.Random(seed), chance.randrange(500, 10000))
    consumer.start()
    # One attempt each: a record that was sent twice could be there twice.
    producer = ck.Producer({"bootstrap.servers": kafka, "acks": "all", "linger.ms": 2, "message.send.max.retries": 0,
                            "log_level": 0, "message.timeout.ms": 60000})
    fillings = [chance.randbytes(chance.randrange(20, 600)) for _ in range(64)]
    sent, confirmed = {}, 0

    def report(key, checksum):
        def acknowledged(error, _message):
            if not error:
                sent[key] = verdict.CONFIRMED, checksum
        return acknowledged

    number = 0
    while not stopping:
        partition = number % PARTITIONS
        value = kafka_load.make_value(partition, number, fillings[number % 64])
        key, checksum = (partition, number), zlib.crc32(value)
        try:
            producer.produce(topic, value, partition=partition, on_delivery=report(key, checksum))
            sent[key] = verdict.SENT, checksum
            number += 1
        except BufferError:
            producer.poll(0.01)
        producer.poll(0 if len(producer) < OUTSTANDING_MAX else 0.01)
        if number % 2000 == 0:
            print(f"confirmed {number - len(producer)}", flush=True)
    producer.purge()
    producer.flush(10)
    # It may come while the interpreter ends, which would take its default effect.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    consumer.stopping = True
    consumer.join(30)
    write_ledger(f"{ledger}.settled", consumer.settled)
    write_ledger(ledger, sent)


def empty(channel, queue, least):
    """((partition, number), checksum) of everything in the queue, in order. Ends when nothing is left and at least so many came, or
    nothing changed for a long time."""
    found, last = [], time.monotonic()
    channel.basic_qos(prefetch_count=PREFETCH)
    for method, _, body in channel.consume(queue, inactivity_timeout=0.2):
        if method is not None:
            found.append((kafka_load.read_value(body), zlib.crc32(body)))
            channel.basic_ack(method.delivery_tag)
            last = time.monotonic()
        elif len(found) >= least and channel.queue_declare(queue, passive=True).method.message_count == 0:
            break
        elif time.monotonic() - last > PATIENCE_SECONDS:
            print(f"note: {queue} gave nothing for {PATIENCE_SECONDS} s after {len(found)} of at least {least}", flush=True)
            break
    channel.cancel()
    return found


def least_in(published, settled):
    """How many records must be in the queue, and how many among the dead letters or still in the queue."""
    waiting = dead = 0
    for mark, partition, number, _ in published:
        (in_work, _), _, least = verdict.expected_places(mark, settled.get((partition, number)))
        waiting += in_work
        dead += least - in_work
    return waiting, dead


def verify(addresses, topic, ledger, _seed):
    kafka, amqp = addresses.split(",")
    published, consumed = verdict.read_ledger(ledger), verdict.read_ledger(f"{ledger}.settled")
    settled = {(partition, number): mark for mark, partition, number, _ in consumed}
    waiting, rejected = least_in(published, settled)
    queue, dead = names(topic)
    channel = connect(amqp).channel()
    work = empty(channel, queue, waiting)
    back = sum(1 for key, _ in work if settled.get(key) == verdict.REJECTED)
    buried = empty(channel, dead, rejected - back)
    found = [(mark, *key, checksum) for mark, entries in ((verdict.FOUND, work), (verdict.FOUND_DEAD, buried)) for key, checksum in entries]
    judged = verdict.judge(published, consumed, found)
    if judged:
        raise SystemExit("error: " + "; ".join(judged.lines()))
    stored = set()
    for partition in range(PARTITIONS):
        stored |= {(partition, number) for number in kafka_load.read_partition(kafka, topic, partition).values()}
    acknowledged = {(partition, number) for mark, partition, number, _ in published if mark == verdict.CONFIRMED}
    if missing := (acknowledged | {key for key, _ in work + buried}) - stored:
        raise SystemExit(f"error: {len(missing)} records are not in the topic any more, among them {min(missing)}")
    print(f"{len(acknowledged)} acknowledged, {len(consumed)} delivered before, {len(work)} left, {len(buried)} dead letters")


if __name__ == "__main__":
    {"produce": produce, "verify": verify}[sys.argv[1]](sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
