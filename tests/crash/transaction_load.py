#!/usr/bin/env python3
"""Transactions of the crash tests: transaction_load.py produce|verify BROKER TOPIC LEDGER SEED

produce: one producer writes numbers, each in one transaction to all partitions of TOPIC, and commits or aborts; a loop copies TOPIC to
         TOPIC-copy and commits its offsets with what it writes; a reader notes what it sees. Until it is told to stop or the server is gone.
verify: the loop is started again and copies the rest; then isolation.py judges what is there.
"""

import json
import random
import signal
import sys
import threading
import time

import confluent_kafka as ck
import isolation
from confluent_kafka.admin import AdminClient, NewTopic

PARTITIONS = 3
BASE = {"log_level": 0, "socket.timeout.ms": 5000}
WAIT_SECONDS = 10


def producer(broker, name, wait=WAIT_SECONDS):
    made = ck.Producer({**BASE, "bootstrap.servers": broker, "transactional.id": name, "linger.ms": 1,
                        "transaction.timeout.ms": 20000, "message.timeout.ms": 15000})
    made.init_transactions(wait)
    return made


def reader(broker, group, **options):
    return ck.Consumer({**BASE, "bootstrap.servers": broker, "group.id": group, "enable.auto.commit": False, "check.crcs": True,
                        "isolation.level": "read_committed", "auto.offset.reset": "earliest", **options})


def value_of(message):
    if message.error():
        raise ck.KafkaException(message.error())
    return int(message.value())


class Worker(threading.Thread):
    """Goes on until it is told to stop or something fails: then the server is gone."""

    def __init__(self):
        super().__init__(daemon=True)
        self.stopping = False
        self.problem = None

    def run(self):
        try:
            self.work()
        except ck.KafkaException as problem:
            self.problem = problem


class Feed(Worker):
    def __init__(self, broker, topic, seed):
        super().__init__()
        self.broker, self.topic, self.chance = broker, topic, random.Random(seed)
        self.outcomes = {}

    def work(self):
        sender = producer(self.broker, f"{self.topic}-feed")
        number = 0
        while not self.stopping:
            commit = self.chance.random() < 0.7
            # What nobody confirms may still come to pass, but only a commit that was asked for.
            self.outcomes[number] = isolation.UNKNOWN if commit else isolation.ABORTED
            sender.begin_transaction()
            for partition in range(PARTITIONS):
                sender.produce(self.topic, str(number).encode(), partition=partition)
            if commit:
                sender.commit_transaction(WAIT_SECONDS)
                self.outcomes[number] = isolation.COMMITTED
            else:
                sender.abort_transaction(WAIT_SECONDS)
            number += 1
            if number % 20 == 0:
                print(f"confirmed {number}", flush=True)


class Copy(Worker):
    """The read-process-write loop. It ends by itself when everything up to `ends` is copied."""

    def __init__(self, broker, topic, ends=None):
        super().__init__()
        self.broker, self.topic, self.ends = broker, topic, ends
        self.done = False

    def work(self):
        source = reader(self.broker, f"{self.topic}-group", **{"session.timeout.ms": 6000, "enable.partition.eof": True})
        source.assign(self.start_offsets(source))
        sender = producer(self.broker, f"{self.topic}-copy")
        finished = set()
        while not self.stopping and len(finished) < PARTITIONS:
            messages = source.consume(20, 0.1)
            if self.ends is not None:
                finished |= {message.partition() for message in messages if message.error()}
            messages = [message for message in messages
                        if not message.error() or message.error().code() != ck.KafkaError._PARTITION_EOF]
            if not messages:
                continue
            sender.begin_transaction()
            offsets = {}
            for message in messages:
                sender.produce(f"{self.topic}-copy", str(value_of(message)).encode(), partition=message.partition())
                offsets[message.partition()] = message.offset() + 1
            sender.send_offsets_to_transaction([ck.TopicPartition(self.topic, *each) for each in offsets.items()],
                                               source.consumer_group_metadata(), WAIT_SECONDS)
            sender.commit_transaction(WAIT_SECONDS)
        source.close()
        self.done = len(finished) == PARTITIONS

    def start_offsets(self, source):
        wanted = [ck.TopicPartition(self.topic, partition) for partition in range(PARTITIONS)]
        deadline = time.monotonic() + 30
        while True:
            # Offsets of an open transaction have to be waited for.
            found = source.committed(wanted, WAIT_SECONDS)
            errors = [part.error for part in found if part.error]
            if not errors:
                break
            if time.monotonic() > deadline:
                raise ck.KafkaException(errors[0])
            time.sleep(0.2)
        return [ck.TopicPartition(self.topic, part.partition, max(part.offset, 0)) for part in found]


class Watch(Worker):
    def __init__(self, broker, topic):
        super().__init__()
        self.broker, self.topic = broker, topic
        self.seen = [[] for _ in range(PARTITIONS)]

    def work(self):
        source = reader(self.broker, f"{self.topic}-watch")
        source.assign([ck.TopicPartition(self.topic, partition, 0) for partition in range(PARTITIONS)])
        while not self.stopping:
            for message in source.consume(100, 0.1):
                if not message.error():
                    self.seen[message.partition()].append(value_of(message))
        source.close()


def produce(broker, topic, ledger, seed):
    admin = AdminClient({"bootstrap.servers": broker})
    for future in admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in (topic, f"{topic}-copy")]).values():
        future.result(30)
    workers = [Feed(broker, topic, seed), Copy(broker, topic), Watch(broker, topic)]
    for worker in workers:
        worker.start()
    print("created", flush=True)
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    while not stopping:
        time.sleep(0.02)
    for worker in workers:
        worker.stopping = True
    for worker in workers:
        worker.join(30)
    with open(ledger, "w") as file:
        json.dump({"outcomes": list(workers[0].outcomes.items()), "seen": workers[2].seen}, file)


def read_all(broker, topic):
    source = reader(broker, f"{topic}-verify", **{"enable.partition.eof": True})
    source.assign([ck.TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
    found = [[] for _ in range(PARTITIONS)]
    ended = set()
    deadline = time.monotonic() + 90
    while len(ended) < PARTITIONS:
        if time.monotonic() > deadline:
            raise SystemExit(f"error: {topic} has no end within 90 s")
        for message in source.consume(1000, 0.1):
            if message.error() and message.error().code() == ck.KafkaError._PARTITION_EOF:
                ended.add(message.partition())
            else:
                found[message.partition()].append(value_of(message))
    source.close()
    return found


def verify(broker, topic, ledger, _seed):
    with open(ledger) as file:
        history = json.load(file)
    # Takes the name over: what was left open is aborted before anything is read.
    producer(broker, f"{topic}-feed", 30)
    copy = Copy(broker, topic, ends=True)
    copy.work()
    outcomes = dict(history["outcomes"])
    final = read_all(broker, topic)
    found = isolation.judge(outcomes, final, history["seen"], read_all(broker, f"{topic}-copy"))
    if found:
        raise SystemExit(f"error: {dict(found)}; {len(outcomes)} transactions")
    print(f"{len(outcomes)} transactions, {len(final[0])} committed, {sum(map(len, history['seen']))} read meanwhile")


if __name__ == "__main__":
    {"produce": produce, "verify": verify}[sys.argv[1]](sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
