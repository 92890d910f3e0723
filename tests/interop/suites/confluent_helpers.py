"""Topics, producing and fetching with librdkafka, shared by the confluent suites."""

import confluent_kafka as ck
from confluent_kafka.admin import AdminClient, NewTopic
from suite import KAFKA, equal, eventually, name

BASE = {"bootstrap.servers": KAFKA, "socket.timeout.ms": 15000}


def create(partitions=1, config=None):
    topic = name("topic")
    admin = AdminClient(BASE)
    for future in admin.create_topics([NewTopic(topic, partitions, 1, config=config or {})]).values():
        future.result(20)
    return topic


def send(topic, values, partition=0, **options):
    reports = []
    producer = ck.Producer({**BASE, "acks": "all", "linger.ms": 5, **options})
    for value in values:
        producer.produce(topic, value, partition=partition, on_delivery=lambda error, message: reports.append((error, message)))
        producer.poll(0)
    equal(producer.flush(20), 0, "messages left")
    return reports


def read(topic, wanted, partition=0, offset=0, seconds=15, **options):
    consumer = ck.Consumer({**BASE, "group.id": name("unused"), "enable.auto.commit": False, **options})
    consumer.assign([ck.TopicPartition(topic, partition, offset)])
    got = []

    def more():
        for message in consumer.consume(wanted - len(got), 0.2):
            equal(message.error(), None)
            got.append(message)
        return len(got) >= wanted

    eventually(more, seconds, f"{wanted} records")
    consumer.close()
    return got
