"""Kafka consumer groups with confluent-kafka and kafka-python: joining, sharing, committing. needs: kafka"""

import confluent_kafka as ck
import kafka
from confluent_helpers import BASE, create, send
from suite import KAFKA, equal, eventually, main, name, test


def member(group, topic, **options):
    consumer = ck.Consumer({**BASE, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False,
                            "session.timeout.ms": 6000, "heartbeat.interval.ms": 500, **options})
    consumer.subscribe([topic])
    return consumer


def take(consumer, wanted, seconds=25):
    got = []

    def more():
        message = consumer.poll(0.2)
        if message is not None:
            equal(message.error(), None)
            got.append(message)
        return len(got) >= wanted

    eventually(more, seconds, f"{wanted} records")
    return got


@test
def a_group_reads_everything_and_goes_on_where_it_committed():
    topic, group = create(), name("group")
    send(topic, [str(n).encode() for n in range(10)])
    first = member(group, topic)
    got = take(first, 4)
    first.commit(message=got[-1], asynchronous=False)
    first.close()
    second = member(group, topic)
    equal([message.value() for message in take(second, 6)], [str(n).encode() for n in range(4, 10)])
    second.close()


@test
def two_members_share_the_partitions():
    topic, group = create(partitions=4), name("group")
    members = [member(group, topic) for _ in range(2)]

    def shared():
        for consumer in members:
            message = consumer.poll(0.1)
            equal(message and message.error(), None)
        return [len(consumer.assignment()) for consumer in members] == [2, 2]

    eventually(shared, 30, "two partitions each")
    owned = [{part.partition for part in consumer.assignment()} for consumer in members]
    equal(owned[0] | owned[1], {0, 1, 2, 3})
    members[0].close()
    eventually(lambda: members[1].poll(0.1) is None and len(members[1].assignment()) == 4, 30, "the rest takes over")
    members[1].close()


@test
def committed_offsets_can_be_read():
    topic, group = create(partitions=2), name("group")
    consumer = member(group, topic)
    consumer.commit(offsets=[ck.TopicPartition(topic, 1, 42)], asynchronous=False) if eventually(
        lambda: consumer.poll(0.1) is None and consumer.assignment(), 25, "assignment") else None
    found = consumer.committed([ck.TopicPartition(topic, 0), ck.TopicPartition(topic, 1)], 10)
    equal([part.offset for part in found], [ck.OFFSET_INVALID, 42])
    consumer.close()


@test
def kafka_python_group():
    topic, group = create(), name("group")
    send(topic, [b"1", b"2", b"3"])

    def run(wanted):
        consumer = kafka.KafkaConsumer(topic, bootstrap_servers=KAFKA, group_id=group, auto_offset_reset="earliest",
                                       enable_auto_commit=False, consumer_timeout_ms=20000)
        got = []
        for record in consumer:
            got.append(record.value)
            if len(got) == wanted:
                break
        consumer.commit()
        consumer.close()
        return got

    equal(run(2), [b"1", b"2"])
    equal(run(1), [b"3"])


if __name__ == "__main__":
    main()
