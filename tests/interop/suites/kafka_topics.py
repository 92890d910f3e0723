"""Topics, producing and fetching with kafka-python, shared by several suites."""

import kafka
from kafka.admin import KafkaAdminClient, NewTopic

import suite


def admin():
    return KafkaAdminClient(bootstrap_servers=suite.KAFKA)


def create(partitions=1, configs=None):
    topic = suite.name("topic")
    client = admin()
    client.create_topics([NewTopic(topic, partitions, 1, topic_configs=configs or {})])
    client.close()
    return topic


def producer(**options):
    options.setdefault("acks", "all")
    return kafka.KafkaProducer(bootstrap_servers=suite.KAFKA, **options)


def send_all(topic, values, partition=0, **options):
    with_producer = producer(**options)
    futures = [with_producer.send(topic, value, partition=partition) for value in values]
    with_producer.flush(20)
    found = [future.get(20) for future in futures]
    with_producer.close()
    return found


def read(topic, wanted, partition=0, offset=0, seconds=15, **options):
    consumer = kafka.KafkaConsumer(bootstrap_servers=suite.KAFKA, consumer_timeout_ms=seconds * 1000, enable_auto_commit=False, **options)
    where = kafka.TopicPartition(topic, partition)
    consumer.assign([where])
    consumer.seek(where, offset)
    got = []
    for record in consumer:
        got.append(record)
        if len(got) >= wanted:
            break
    consumer.close()
    return got


def member(topic, group):
    return kafka.KafkaConsumer(topic, bootstrap_servers=suite.KAFKA, group_id=group, auto_offset_reset="earliest",
                               enable_auto_commit=False, consumer_timeout_ms=20000, max_poll_records=1)


def take(consumer, wanted):
    """The next records of a member."""
    got = []
    for record in consumer:
        got.append(record)
        if len(got) == wanted:
            break
    return got
