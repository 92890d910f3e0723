"""Kafka with kafka-python: topics, producing, offsets, fetching by assign(). needs: kafka"""

import kafka
from kafka.admin import NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError
from kafka_topics import admin, create, producer, read, send_all
from suite import KAFKA, equal, main, name, test


@test
def produce_and_fetch_in_order():
    topic = create()
    sent = [f"value-{n}".encode() for n in range(1000)]
    equal([record.offset for record in send_all(topic, sent)], list(range(1000)))
    got = read(topic, 1000)
    equal([record.value for record in got], sent)
    equal([record.offset for record in got], list(range(1000)))
    equal([record.value for record in read(topic, 3, offset=500)], sent[500:503])


@test
def keys_headers_null_values_and_timestamps():
    topic = create()
    made = producer()
    made.send(topic, b"v", key=b"k", headers=[("a", b"1"), ("a", b"2"), ("empty", b"")], timestamp_ms=1700000000123, partition=0)
    made.send(topic, None, key=b"tombstone", partition=0)
    made.send(topic, b"", partition=0)
    made.flush(20)
    made.close()
    got = read(topic, 3)
    equal((got[0].key, got[0].value, got[0].timestamp, got[0].timestamp_type), (b"k", b"v", 1700000000123, 0))
    equal([(key, value) for key, value in got[0].headers], [("a", b"1"), ("a", b"2"), ("empty", b"")])
    equal((got[1].key, got[1].value, got[2].key, got[2].value), (b"tombstone", None, None, b""))


@test
def every_compression():
    topic = create()
    sent = [b"compress me " * 100 + str(n).encode() for n in range(50)]
    total = 0
    for kind in (None, "gzip"):
        send_all(topic, sent, compression_type=kind)
        total += len(sent)
    equal([record.value for record in read(topic, total)], sent * 2)


@test
def acknowledgement_levels():
    topic = create()
    for acks in (0, 1, "all"):
        send_all(topic, [b"x"], acks=acks)
    equal(len(read(topic, 3)), 3)


@test
def idempotent_producer():
    topic = create()
    sent = [str(n).encode() for n in range(500)]
    send_all(topic, sent, enable_idempotence=True)
    equal([record.value for record in read(topic, 500)], sent)


@test
def partitions_are_separate():
    topic = create(partitions=3)
    for partition in range(3):
        send_all(topic, [f"{partition}-{n}".encode() for n in range(10)], partition)
    for partition in range(3):
        got = read(topic, 10, partition)
        equal([record.value for record in got], [f"{partition}-{n}".encode() for n in range(10)])
        equal({record.partition for record in got}, {partition})
    consumer = kafka.KafkaConsumer(bootstrap_servers=KAFKA)
    equal(consumer.partitions_for_topic(topic), {0, 1, 2})
    consumer.close()


@test
def the_same_key_goes_to_the_same_partition():
    topic = create(partitions=4)
    made = producer()
    found = {}
    for number in range(40):
        key = f"key-{number % 8}".encode()
        found.setdefault(key, set()).add(made.send(topic, b"v", key=key).get(20).partition)
    made.close()
    equal({len(partitions) for partitions in found.values()}, {1})


@test
def beginning_end_and_time_offsets():
    topic = create()
    made = producer()
    for number, when in enumerate((1000, 2000, 3000)):
        made.send(topic, str(number).encode(), timestamp_ms=1700000000000 + when, partition=0).get(20)
    made.close()
    where = kafka.TopicPartition(topic, 0)
    consumer = kafka.KafkaConsumer(bootstrap_servers=KAFKA)
    equal((consumer.beginning_offsets([where]), consumer.end_offsets([where])), ({where: 0}, {where: 3}))
    equal(consumer.offsets_for_times({where: 1700000001500})[where].offset, 1)
    equal(consumer.offsets_for_times({where: 1700000003000})[where].offset, 2)
    equal(consumer.offsets_for_times({where: 1800000000000})[where], None)
    consumer.close()


@test
def waiting_fetch_sees_a_late_record():
    topic = create()
    where = kafka.TopicPartition(topic, 0)
    consumer = kafka.KafkaConsumer(bootstrap_servers=KAFKA, fetch_max_wait_ms=5000, enable_auto_commit=False)
    consumer.assign([where])
    consumer.seek_to_beginning(where)
    equal(consumer.poll(timeout_ms=300), {})
    send_all(topic, [b"late"])
    got = consumer.poll(timeout_ms=10000)
    equal([record.value for record in got[where]], [b"late"])
    consumer.close()


@test
def topics_are_created_listed_and_deleted_once():
    client = admin()
    topic = name("topic")
    client.create_topics([NewTopic(topic, 2, 1)])
    equal(topic in client.list_topics(), True)
    try:
        client.create_topics([NewTopic(topic, 2, 1)])
        raise AssertionError("the topic was created twice")
    except TopicAlreadyExistsError:
        pass
    client.delete_topics([topic])
    equal(topic in client.list_topics(), False)
    client.close()


@test
def record_larger_than_allowed_is_refused():
    topic = create(configs={"max.message.bytes": "2000"})
    made = producer(retries=0)
    try:
        made.send(topic, b"x" * 10000, partition=0).get(20)
        raise AssertionError("accepted")
    except KafkaError as error:
        equal("MessageSizeTooLarge" in type(error).__name__ or "RecordTooLarge" in type(error).__name__, True, repr(error))
    made.close()
    send_all(topic, [b"small"])
    equal([record.value for record in read(topic, 1)], [b"small"])


@test
def large_records():
    topic = create()
    sent = [bytes([n]) * 900_000 for n in range(5)]
    send_all(topic, sent)
    equal([record.value == value for record, value in zip(read(topic, 5), sent)], [True] * 5)


@test
def scram_login():
    topic = create()
    for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
        login = {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": mechanism, "sasl_plain_username": "guest",
                 "sasl_plain_password": "guest"}
        equal(len(send_all(topic, [mechanism.encode()], **login)), 1)
    equal([record.value for record in read(topic, 2)], [b"SCRAM-SHA-256", b"SCRAM-SHA-512"])


if __name__ == "__main__":
    main()
