"""Kafka consumer groups with confluent-kafka and kafka-python: joining, sharing, committing. needs: kafka"""

import confluent_kafka as ck
import kafka
from confluent_kafka.admin import AdminClient
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


def settled(consumers, counts, what):
    """Polls until the members have so many partitions."""
    def shared():
        for consumer in consumers:
            message = consumer.poll(0.1)
            equal(message and message.error(), None)
        return [len(consumer.assignment()) for consumer in consumers] == counts
    eventually(shared, 30, what)


@test
def cooperative_members_give_up_only_what_moves():
    topic, group = create(partitions=4), name("group")
    options = {"partition.assignment.strategy": "cooperative-sticky"}
    first = member(group, topic, **options)
    settled([first], [4], "all for the first")
    second = member(group, topic, **options)
    settled([first, second], [2, 2], "two partitions each")
    first.close()
    settled([second], [4], "the rest takes over")
    second.close()


@test
def a_static_member_comes_back_to_its_partitions():
    topic, group = create(partitions=4), name("group")
    members = [member(group, topic, **{"group.instance.id": f"i{n}"}) for n in range(2)]
    settled(members, [2, 2], "two partitions each")
    before = {part.partition for part in members[1].assignment()}
    members[1].close()
    again = member(group, topic, **{"group.instance.id": "i1"})
    settled([again], [2], "its two partitions")
    equal({part.partition for part in again.assignment()}, before)
    equal(len(members[0].assignment()), 2)
    for consumer in (members[0], again):
        consumer.close()


@test
def a_second_member_of_the_same_instance_fences_the_first():
    topic, group = create(), name("group")
    first = member(group, topic, **{"group.instance.id": "same"})
    settled([first], [1], "the partition")
    second = member(group, topic, **{"group.instance.id": "same"})

    def fenced():
        second.poll(0.1)
        message = first.poll(0.1)
        return message is not None and message.error() is not None and message.error().code() == ck.KafkaError._FATAL

    eventually(fenced, 30, "the first is told")
    second.close()


@test
def groups_are_listed_described_and_deleted():
    topic, group = create(), name("group")
    send(topic, [b"1", b"2"])
    consumer = member(group, topic)
    take(consumer, 2)
    consumer.commit(asynchronous=False)
    admin = AdminClient(BASE)

    def listed():
        return {found.group_id: found for found in admin.list_consumer_groups().result(20).valid}

    equal(listed()[group].state, ck.ConsumerGroupState.STABLE)
    described = admin.describe_consumer_groups([group])[group].result(20)
    equal(described.partition_assignor, "range")
    equal([part.topic for part in described.members[0].assignment.topic_partitions], [topic])
    try:
        admin.delete_consumer_groups([group])[group].result(20)
        raise AssertionError("deleted with a member in it")
    except ck.KafkaException as error:
        equal(error.args[0].code(), ck.KafkaError.NON_EMPTY_GROUP)
    consumer.close()
    equal(listed()[group].state, ck.ConsumerGroupState.EMPTY)
    wanted = ck.ConsumerGroupTopicPartitions(group, [ck.TopicPartition(topic, 0, 1)])
    admin.alter_consumer_group_offsets([wanted])[group].result(20)
    found = admin.list_consumer_group_offsets([ck.ConsumerGroupTopicPartitions(group)])[group].result(20)
    equal([(part.topic, part.partition, part.offset) for part in found.topic_partitions], [(topic, 0, 1)])
    admin.delete_consumer_groups([group])[group].result(20)
    assert group not in listed()


if __name__ == "__main__":
    main()
