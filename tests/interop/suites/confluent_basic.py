"""Kafka with confluent-kafka (librdkafka): batches, compression, idempotence, metadata, errors. needs: kafka"""

import confluent_kafka as ck
from confluent_helpers import BASE, create, read, send
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions
from suite import equal, eventually, main, name, test

@test
def produce_and_fetch_in_order():
    topic = create()
    sent = [f"value-{n}".encode() for n in range(5000)]
    reports = send(topic, sent)
    equal([error for error, _ in reports if error], [])
    equal([message.offset() for _, message in reports], list(range(5000)))
    equal([message.value() for message in read(topic, 5000)] == sent, True, "values in order")


@test
def every_compression():
    for kind in ("gzip", "snappy", "lz4", "zstd"):
        topic = create()
        sent = [b"compress me " * 50 + str(n).encode() for n in range(300)]
        equal([error for error, _ in send(topic, sent, **{"compression.type": kind}) if error], [], kind)
        equal([message.value() for message in read(topic, 300)] == sent, True, kind)


@test
def checksums_are_right():
    topic = create()
    sent = [bytes([n % 256]) * n for n in range(200)]
    send(topic, sent)
    equal([message.value() or b"" for message in read(topic, 200, **{"check.crcs": True})] == sent, True)


@test
def idempotent_producer():
    topic = create(partitions=2)
    for partition in (0, 1):
        sent = [str(n).encode() for n in range(2000)]
        equal([e for e, _ in send(topic, sent, partition, **{"enable.idempotence": True, "batch.size": 2000}) if e], [])
        equal([message.value() for message in read(topic, 2000, partition)] == sent, True)


@test
def headers_keys_and_timestamps():
    topic = create()
    producer = ck.Producer(BASE)
    producer.produce(topic, b"v", b"k", 0, timestamp=1700000000123, headers=[("a", b"1"), ("a", b"2"), ("none", None)])
    producer.produce(topic, None, b"tombstone", 0)
    equal(producer.flush(20), 0)
    first, second = read(topic, 2)
    equal((first.key(), first.value(), first.timestamp()), (b"k", b"v", (ck.TIMESTAMP_CREATE_TIME, 1700000000123)))
    equal(first.headers(), [("a", b"1"), ("a", b"2"), ("none", None)])
    equal((second.key(), second.value()), (b"tombstone", None))


@test
def append_time_is_the_servers_when_asked_for():
    topic = create(config={"message.timestamp.type": "LogAppendTime"})
    producer = ck.Producer(BASE)
    producer.produce(topic, b"v", timestamp=1000, partition=0)
    equal(producer.flush(20), 0)
    kind, when = read(topic, 1)[0].timestamp()
    equal((kind, when > 1700000000000), (ck.TIMESTAMP_LOG_APPEND_TIME, True))


@test
def watermarks_and_offsets_for_times():
    topic = create()
    producer = ck.Producer(BASE)
    for number in range(3):
        producer.produce(topic, b"v", timestamp=1700000000000 + 1000 * number, partition=0)
    equal(producer.flush(20), 0)
    consumer = ck.Consumer({**BASE, "group.id": name("unused")})
    equal(consumer.get_watermark_offsets(ck.TopicPartition(topic, 0), 10), (0, 3))
    found = consumer.offsets_for_times([ck.TopicPartition(topic, 0, 1700000000500)], 10)
    equal(found[0].offset, 1)
    consumer.close()


@test
def metadata_names_brokers_and_partitions():
    topic = create(partitions=3)
    client = AdminClient(BASE)
    metadata = client.list_topics(topic, 10)
    equal(sorted(metadata.topics[topic].partitions), [0, 1, 2])
    equal(len(metadata.brokers) >= 1, True)
    for partition in metadata.topics[topic].partitions.values():
        equal(partition.leader in metadata.brokers, True)
        equal(partition.leader in partition.replicas and partition.leader in partition.isrs, True)


@test
def end_of_partition_is_reported():
    topic = create()
    send(topic, [b"1"])
    consumer = ck.Consumer({**BASE, "group.id": name("unused"), "enable.partition.eof": True})
    consumer.assign([ck.TopicPartition(topic, 0, 0)])
    equal(eventually(lambda: consumer.poll(0.5)).value(), b"1")
    equal(eventually(lambda: consumer.poll(0.5)).error().code(), ck.KafkaError._PARTITION_EOF)
    consumer.close()


@test
def offset_out_of_range_resets_as_configured():
    topic = create()
    send(topic, [b"1", b"2"])
    equal([m.value() for m in read(topic, 2, offset=900, **{"auto.offset.reset": "earliest"})], [b"1", b"2"])


@test
def unknown_topic_is_an_error():
    consumer = ck.Consumer({**BASE, "group.id": name("unused"), "allow.auto.create.topics": False})
    topic = name("missing")
    equal(consumer.list_topics(topic, 10).topics[topic].error.code(), ck.KafkaError.UNKNOWN_TOPIC_OR_PART)
    consumer.close()


@test
def topic_settings_can_be_read():
    topic = create(config={"retention.ms": "123456789"})
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    client = AdminClient(BASE)
    found = next(iter(client.describe_configs([resource]).values())).result(20)
    equal(found["retention.ms"].value, "123456789")


@test
def partitions_can_be_added():
    topic = create()
    client = AdminClient(BASE)
    next(iter(client.create_partitions([NewPartitions(topic, 3)]).values())).result(20)
    eventually(lambda: len(client.list_topics(topic, 10).topics[topic].partitions) == 3, what="three partitions")
    equal([error for error, _ in send(topic, [b"x"], 2) if error], [])


@test
def every_sasl_mechanism_lets_in_who_knows_the_password():
    topic = create()
    for mechanism in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"):
        login = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": mechanism, "sasl.username": "guest"}
        equal([error for error, _ in send(topic, [mechanism.encode()], **login, **{"sasl.password": "guest"}) if error], [])
        problems = []
        refused = AdminClient({**BASE, **login, "sasl.password": "wrong", "error_cb": problems.append})
        eventually(lambda: refused.poll(0.1) and False or any(
            error.code() == ck.KafkaError._AUTHENTICATION for error in problems), what=f"{mechanism} is refused")
    equal([m.value() for m in read(topic, 3)], [b"PLAIN", b"SCRAM-SHA-256", b"SCRAM-SHA-512"])


if __name__ == "__main__":
    main()
