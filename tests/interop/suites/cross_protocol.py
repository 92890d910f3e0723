"""One message, two protocols: what AMQP clients publish Kafka clients read, and the other way round. needs: amqp kafka"""

import kafka
import pika
from kafka_topics import create, read, send_all
from pika_helpers import channel, consume, count, drain, publish, take, take_soon
from suite import KAFKA, equal, eventually, main, name, test


def queue_in(ch, **options):
    queue = name("both")
    ch.queue_declare(queue, durable=True, **options)
    return queue


@test
def kafka_reads_what_amqp_published():
    with channel() as ch:
        queue = queue_in(ch)
        sent = [f"order {n}".encode() for n in range(200)]
        publish(ch, queue, *sent)
        equal([record.value for record in read(queue, 200)], sent)
        equal(count(ch, queue), 200)


@test
def amqp_consumes_what_kafka_produced():
    with channel() as ch:
        queue = queue_in(ch)
        sent = [f"order {n}".encode() for n in range(200)]
        send_all(queue, sent)
        eventually(lambda: count(ch, queue) == 200, what="200 messages")
        equal([body for _, _, body in consume(ch, queue, 200)], sent)
        equal(count(ch, queue), 0)


@test
def both_producers_share_one_order():
    with channel() as ch:
        queue = queue_in(ch)
        for n in range(10):
            publish(ch, queue, f"amqp {n}".encode())
            send_all(queue, [f"kafka {n}".encode()])
        expected = [f"{who} {n}".encode() for n in range(10) for who in ("amqp", "kafka")]
        equal([record.value for record in read(queue, 20)], expected)
        equal(drain(ch, queue), expected)


@test
def string_headers_cross_both_ways():
    with channel() as ch:
        queue = queue_in(ch)
        publish(ch, queue, b"from amqp", headers={"tenant": "blue", "step": "grün"})
        got = dict(read(queue, 1)[0].headers)
        equal((got["tenant"], got["step"]), (b"blue", "grün".encode()))
        take(ch, queue)
        made = kafka.KafkaProducer(bootstrap_servers=KAFKA, acks="all")
        made.send(queue, b"from kafka", key=b"key", headers=[("tenant", b"red")], partition=0).get(20)
        made.close()
        method, properties, body = eventually(lambda: (lambda got: got if got[0] else None)(ch.basic_get(queue, auto_ack=True)))
        value = properties.headers["tenant"]
        equal((body, value if isinstance(value, bytes) else value.encode()), (b"from kafka", b"red"))


@test
def properties_become_headers_and_the_key_too():
    with channel() as ch:
        queue, exchange = queue_in(ch), name("x")
        ch.exchange_declare(exchange, "direct", durable=True)
        ch.queue_bind(queue, exchange, "key")
        publish(ch, "key", b"x", exchange=exchange, content_type="text/plain", correlation_id="c-1", message_id="m-1", type="order",
                app_id="shop", priority=4, reply_to="answers", headers={"count": 7, "yes": True})
        got = dict(read(queue, 1)[0].headers)
        expected = {"content-type": b"text/plain", "correlation-id": b"c-1", "message-id": b"m-1", "type": b"order",
                    "app-id": b"shop", "priority": b"4", "reply-to": b"answers", "exchange": exchange.encode(), "routing-key": b"key",
                    "count": b"7", "yes": b"true"}
        equal({key: got.get(key) for key in expected}, expected)
        take(ch, queue)
        made = kafka.KafkaProducer(bootstrap_servers=KAFKA, acks="all")
        made.send(queue, b"v", key=b"customer 5", timestamp_ms=1700000000000, partition=0).get(20)
        made.close()
        method, properties, _ = eventually(lambda: (lambda found: found if found[0] else None)(ch.basic_get(queue, auto_ack=True)))
        key = properties.headers["x-record-key"]
        equal((method.exchange, method.routing_key, properties.timestamp), ("", queue, 1700000000))
        equal(key if isinstance(key, bytes) else key.encode(), b"customer 5")


@test
def private_blocks_do_not_leak():
    with channel() as ch:
        queue = queue_in(ch)
        publish(ch, queue, b"plain", content_type="text/plain", correlation_id="c")
        keys = [key for key, _ in read(queue, 1)[0].headers]
        equal([key for key in keys if any(ord(char) < 32 for char in key) or "millrace" in key.lower()], [])


@test
def acknowledged_messages_are_gone_for_both():
    with channel() as ch:
        queue = queue_in(ch)
        publish(ch, queue, b"0", b"1", b"2")
        equal(take(ch, queue), b"0")
        publish(ch, queue, b"3")
        where = kafka.TopicPartition(queue, 0)
        consumer = kafka.KafkaConsumer(bootstrap_servers=KAFKA)
        equal(consumer.end_offsets([where])[where], 4)
        consumer.close()
        equal(read(queue, 1, offset=3)[0].value, b"3")
        equal(drain(ch, queue), [b"1", b"2", b"3"])


@test
def a_queue_over_a_topic_leaves_the_stream_alone():
    topic = create()
    send_all(topic, [b"a", b"b", b"c"])
    with channel() as ch:
        queue = queue_in(ch, arguments={"x-source-topic": topic})
        eventually(lambda: count(ch, queue) == 3, what="three records")
        method, _, body = ch.basic_get(queue)
        equal(body, b"a")
        ch.basic_nack(method.delivery_tag, requeue=True)
        got = consume(ch, queue, 3)
        equal([(m.redelivered, body) for m, _, body in got], [(True, b"a"), (False, b"b"), (False, b"c")])
        send_all(topic, [b"d"])
        equal(take_soon(ch, queue), b"d")
        equal([record.value for record in read(topic, 4)], [b"a", b"b", b"c", b"d"])


@test
def two_queues_over_one_topic_each_see_everything():
    topic = create()
    with channel() as ch:
        queues = [queue_in(ch, arguments={"x-source-topic": topic}) for _ in range(2)]
        send_all(topic, [b"1", b"2"])
        for queue in queues:
            eventually(lambda q=queue: count(ch, q) == 2, what=f"two records in {queue}")
            equal(drain(ch, queue), [b"1", b"2"])


@test
def amqp_publishes_into_a_kafka_topic_through_an_exchange():
    with channel() as ch:
        queue, exchange = queue_in(ch), name("x")
        ch.exchange_declare(exchange, "topic", durable=True)
        ch.queue_bind(queue, exchange, "order.*")
        ch.basic_publish(exchange, "order.new", b"routed", pika.BasicProperties(delivery_mode=2))
        ch.basic_publish(exchange, "other", b"not routed", pika.BasicProperties(delivery_mode=2))
        equal([record.value for record in read(queue, 1)], [b"routed"])
        equal(count(ch, queue), 1)


@test
def a_group_reads_everything_while_a_queue_settles_one_by_one():
    topic, dead, partitions = create(partitions=3), name("dead"), 3
    with channel() as ch:
        ch.queue_declare(dead, durable=True)
        queue = queue_in(ch, arguments={"x-source-topic": topic, "x-queue-type": "quorum", "x-delivery-limit": 1,
                                        "x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead})
        for partition in range(partitions):
            send_all(topic, [f"{partition}/{n}".encode() for n in range(20)], partition=partition)
        ch.basic_qos(prefetch_count=5)
        seen, done, tries = {}, set(), {}

        def on_message(_channel, method, _properties, body):
            tries[body] = tries.get(body, 0) + 1
            if body.endswith(b"/7"):
                ch.basic_reject(method.delivery_tag, requeue=True)  # until it is given up
            elif body.endswith(b"/9"):
                ch.basic_reject(method.delivery_tag, requeue=False)
            else:
                seen.setdefault(body.split(b"/")[0], []).append(int(body.split(b"/")[1]))
                done.add(body)
                ch.basic_ack(method.delivery_tag)

        ch.basic_consume(queue, on_message)

        def all_done():
            ch.connection.process_data_events(0.05)
            return len(done) == partitions * 18 and count(ch, dead) == partitions * 2

        eventually(all_done, 20, "every record settled")
        for order in seen.values():
            equal(order, sorted(order), "order of a partition")
        equal(sorted(tries[f"{p}/7".encode()] for p in range(partitions)), [2, 2, 2], "deliveries of what failed")
        equal(count(ch, queue), 0)
        letters = sorted(drain(ch, dead))
        equal(letters, sorted(f"{p}/{n}".encode() for p in range(partitions) for n in (7, 9)))
        member = kafka.KafkaConsumer(topic, bootstrap_servers=KAFKA, group_id=name("group"), auto_offset_reset="earliest",
                                     consumer_timeout_ms=20000)
        got = []
        for record in member:
            got.append(record.value)
            if len(got) == partitions * 20:
                break
        member.close()
        equal(sorted(got), sorted(f"{p}/{n}".encode() for p in range(partitions) for n in range(20)))


@test
def a_queue_over_a_topic_shows_committed_records_with_key_and_headers():
    topic = create()
    with channel() as ch:
        queue = queue_in(ch, arguments={"x-source-topic": topic})
        made = kafka.KafkaProducer(bootstrap_servers=KAFKA, acks="all")
        made.send(topic, b"v", key=b"customer 5", headers=[("tenant", b"red")], timestamp_ms=1700000000000).get(20)
        made.close()
        method, properties, body = consume(ch, queue, 1)[0]
        text = {key: value if isinstance(value, str) else value.decode() for key, value in properties.headers.items()}
        equal((body, text, properties.timestamp), (b"v", {"tenant": "red", "x-record-key": "customer 5"}, 1700000000))
        equal((method.exchange, method.routing_key), ("", queue))


@test
def an_exchange_bound_to_a_topic_appends_to_the_partition_of_the_key():
    topic, exchange = create(partitions=4), name("x")
    with channel() as ch:
        ch.exchange_declare(exchange, "topic", durable=True)
        ch.queue_bind(topic, exchange, "order.*")
        for n in range(40):
            publish(ch, "order.new", f"{n}".encode(), exchange=exchange, content_type="text/plain",
                    headers={"x-record-key": f"key {n % 8}", "count": n})
        publish(ch, "other", b"nowhere", exchange=exchange)
        consumer = kafka.KafkaConsumer(bootstrap_servers=KAFKA, consumer_timeout_ms=10000)
        where = [kafka.TopicPartition(topic, p) for p in range(4)]
        consumer.assign(where)
        consumer.seek_to_beginning()
        got = []
        for record in consumer:
            got.append(record)
            if len(got) == 40:
                break
        ends = consumer.end_offsets(where)
        consumer.close()
        equal(sum(ends.values()), 40)
        equal(sorted(int(record.value) for record in got), list(range(40)))
        by_key = {}
        for record in got:
            by_key.setdefault(record.key, set()).add(record.partition)
            headers = dict(record.headers)
            equal((headers["content-type"], headers["routing-key"], headers["count"]), (b"text/plain", b"order.new", record.value))
        equal({key: len(partitions) for key, partitions in by_key.items()}, {f"key {n}".encode(): 1 for n in range(8)})
        # A Kafka producer with the same key writes to the same partition.
        made = kafka.KafkaProducer(bootstrap_servers=KAFKA, acks="all")
        for n in range(8):
            sent = made.send(topic, b"from kafka", key=f"key {n}".encode()).get(20)
            equal({sent.partition}, by_key[f"key {n}".encode()], f"partition of key {n}")
        made.close()
        ch.queue_unbind(topic, exchange, "order.*")
        publish(ch, "order.new", b"late", exchange=exchange)
        queue = queue_in(ch, arguments={"x-source-topic": topic})
        equal(count(ch, queue), 48)


@test
def topics_and_queues_are_listed_to_kafka():
    with channel() as ch:
        queue = queue_in(ch)
        consumer = kafka.KafkaConsumer(bootstrap_servers=KAFKA)
        eventually(lambda: queue in consumer.topics(), what="the queue is a topic")
        equal(consumer.partitions_for_topic(queue), {0})
        consumer.close()


if __name__ == "__main__":
    main()
