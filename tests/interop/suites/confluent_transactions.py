"""Transactions with librdkafka. needs: kafka"""

import confluent_kafka as ck
from confluent_helpers import BASE, create
from suite import equal, eventually, main, name, test


def producer(transactional_id, **options):
    made = ck.Producer({**BASE, "transactional.id": transactional_id, "linger.ms": 2, **options})
    made.init_transactions(20)
    return made


def values(topic, partition=0, isolation="read_committed"):
    """What may be read up to the end that this level of isolation has."""
    consumer = ck.Consumer({**BASE, "group.id": name("unused"), "enable.auto.commit": False, "isolation.level": isolation,
                            "enable.partition.eof": True})
    consumer.assign([ck.TopicPartition(topic, partition, 0)])
    got = []

    def at_end():
        message = consumer.poll(0.2)
        if message is None:
            return False
        if message.error():
            equal(message.error().code(), ck.KafkaError._PARTITION_EOF)
            return True
        got.append(message.value().decode())
        return False

    eventually(at_end, 25, "the end")
    consumer.close()
    return got


@test
def committed_records_are_read_and_aborted_ones_are_not():
    topic = create(partitions=2)
    sender = producer(name("id"))
    sender.begin_transaction()
    sender.produce(topic, b"a0", partition=0)
    sender.produce(topic, b"a1", partition=1)
    sender.flush(20)
    equal(values(topic), [])
    equal(values(topic, isolation="read_uncommitted"), ["a0"])
    sender.commit_transaction(20)
    sender.begin_transaction()
    sender.produce(topic, b"b0", partition=0)
    sender.flush(20)
    sender.abort_transaction(20)
    sender.begin_transaction()
    sender.produce(topic, b"c0", partition=0)
    sender.commit_transaction(20)
    equal(values(topic), ["a0", "c0"])
    equal(values(topic, 1), ["a1"])
    equal(values(topic, isolation="read_uncommitted"), ["a0", "b0", "c0"])


@test
def one_after_the_other():
    topic = create(partitions=2)
    sender = producer(name("id"))
    expected = []
    for i in range(60):
        sender.begin_transaction()
        for n in range(4):
            sender.produce(topic, f"{i}-{n}".encode(), partition=n % 2)
        if i % 3 == 1:
            sender.abort_transaction(20)
        else:
            sender.commit_transaction(20)
            expected += [f"{i}-0", f"{i}-2"]
    equal(values(topic), expected)


@test
def another_producer_of_the_same_name_takes_over():
    topic, key = create(), name("id")
    old = producer(key)
    old.begin_transaction()
    old.produce(topic, b"old")
    old.flush(20)
    following = producer(key)
    following.begin_transaction()
    following.produce(topic, b"new")
    following.commit_transaction(20)
    try:
        old.commit_transaction(20)
        raise AssertionError("the old producer could commit")
    except ck.KafkaException as error:
        equal(error.args[0].fatal(), True)
    equal(values(topic), ["new"])


@test
def offsets_are_committed_with_the_results():
    source, target, group = create(), create(), name("group")
    sender = producer(name("id"))
    sender.begin_transaction()
    for n in range(20):
        sender.produce(source, str(n).encode())
    sender.commit_transaction(20)
    key = name("id")
    for attempt in range(3):
        worker = producer(key)
        reader = ck.Consumer({**BASE, "group.id": group, "enable.auto.commit": False, "auto.offset.reset": "earliest",
                              "isolation.level": "read_committed", "session.timeout.ms": 6000})
        reader.subscribe([source])
        taken = 0

        def process(limit=8 + attempt):
            nonlocal taken
            message = reader.poll(0.2)
            if message is None:
                return False
            equal(message.error(), None)
            if taken == 0:
                worker.begin_transaction()
            worker.produce(target, str(2 * int(message.value())).encode())
            taken += 1
            if taken < limit and message.offset() < 19:
                return False
            worker.send_offsets_to_transaction([ck.TopicPartition(source, 0, message.offset() + 1)],
                                               reader.consumer_group_metadata(), 20)
            return True

        eventually(process, 30, "work")
        if attempt == 1:
            worker.flush(20)  # gone without an end: the next one aborts it
        else:
            worker.commit_transaction(20)
        reader.close()
    equal(values(target), [str(2 * n) for n in range(18)])


main()
