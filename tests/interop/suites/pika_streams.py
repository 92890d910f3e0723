"""Stream queues with pika, alone and together with Kafka clients. needs: amqp kafka"""

import datetime
import time

import pika
from kafka_topics import create, read, send_all
from pika_helpers import channel, closes_channel, connection, consume, count, publish, pump
from suite import equal, eventually, main, name, test


def stream_in(ch, **arguments):
    stream = name("stream")
    declare(ch, stream, **arguments)
    return stream


def declare(ch, stream, **arguments):
    named = {key.replace("_", "-"): value for key, value in arguments.items()}
    ch.queue_declare(stream, durable=True, arguments={"x-queue-type": "stream", **named})


def numbers(first, last):
    return [str(n).encode() for n in range(first, last)]


def read_stream(ch, stream, wanted, offset=None, prefetch=100, **arguments):
    """The next deliveries as (offset, body)."""
    ch.basic_qos(prefetch_count=prefetch)
    if offset is not None:
        arguments["x-stream-offset"] = offset
    got = consume(ch, stream, wanted, arguments=arguments)
    return [(properties.headers["x-stream-offset"], body) for _, properties, body in got]


@test
def every_consumer_reads_everything():
    with channel() as ch:
        stream = stream_in(ch)
        publish(ch, stream, *numbers(0, 300))
        equal(count(ch, stream), 300)
        for prefetch in (1, 7, 1000):
            got = read_stream(ch, stream, 300, "first", prefetch)
            equal(got[:300], list(enumerate(numbers(0, 300))), prefetch)
        equal(count(ch, stream), 300)


@test
def places_to_begin():
    with channel() as ch:
        stream = stream_in(ch)
        publish(ch, stream, *numbers(0, 10))
        equal(read_stream(ch, stream, 3, 7)[:3], [(7, b"7"), (8, b"8"), (9, b"9")])
        equal(read_stream(ch, stream, 1, "last")[0][1], b"9")
        equal(read_stream(ch, stream, 1, "1h")[0], (0, b"0"))
        equal(read_stream(ch, stream, 1, datetime.datetime(2020, 1, 1))[0], (0, b"0"))
        for later in ("next", None, datetime.datetime(2100, 1, 1)):
            got = []
            ch.basic_qos(prefetch_count=10)
            tag = ch.basic_consume(stream, lambda *m, got=got: got.append(m[3]),
                                   arguments={} if later is None else {"x-stream-offset": later})
            pump(ch, lambda got=got: bool(got), 0.3)
            equal(got, [])
            publish(ch, stream, b"new")
            pump(ch, lambda got=got: bool(got))
            equal(got, [b"new"], str(later))
            ch.basic_cancel(tag)


@test
def consumers_wait_for_room():
    with channel() as ch:
        stream = stream_in(ch)
        publish(ch, stream, *numbers(0, 20))
        ch.basic_qos(prefetch_count=5)
        got = []
        ch.basic_consume(stream, lambda _ch, method, _properties, body: got.append((method.delivery_tag, body)),
                         arguments={"x-stream-offset": "first"})
        pump(ch, lambda: len(got) > 5, 0.5)
        equal([body for _, body in got], numbers(0, 5))
        ch.basic_ack(got[2][0], multiple=True)
        ch.basic_nack(got[3][0], requeue=True)
        pump(ch, lambda: len(got) > 9, 0.5)
        equal([body for _, body in got], numbers(0, 9))


@test
def filters_choose_messages():
    with channel() as ch:
        stream = stream_in(ch)
        for n in range(30):
            headers = {} if n % 3 == 2 else {"x-stream-filter-value": ("even", "odd")[n % 2]}
            publish(ch, stream, str(n).encode(), headers=headers)
        even = [n for n in range(30) if n % 3 != 2 and n % 2 == 0]
        rest = [n for n in range(30) if n % 3 == 2]
        got = read_stream(ch, stream, len(even), "first", **{"x-stream-filter": "even"})
        equal([offset for offset, _ in got], even)
        got = read_stream(ch, stream, len(even) + len(rest), "first",
                          **{"x-stream-filter": ["even", "other"], "x-stream-match-unfiltered": True})
        equal([offset for offset, _ in got], sorted(even + rest))


@test
def what_streams_refuse():
    with connection() as opened:
        ch = opened.channel()
        stream = stream_in(ch)
        closes_channel(406, lambda: opened.channel().basic_consume(stream, lambda *_: None))
        for arguments in ({"x-dead-letter-exchange": ""}, {"x-message-ttl": 5}, {"x-max-age": "soon"}):
            closes_channel(406, lambda arguments=arguments: opened.channel().queue_declare(
                name(), durable=True, arguments={"x-queue-type": "stream", **arguments}))
        for options in ({"durable": False}, {"durable": True, "exclusive": True}, {"durable": True, "auto_delete": True}):
            closes_channel(406, lambda options=options: opened.channel().queue_declare(
                name(), arguments={"x-queue-type": "stream"}, **options))
    for action in (lambda ch: ch.basic_get(stream), lambda ch: ch.queue_purge(stream),
                   lambda ch: (ch.basic_qos(prefetch_count=1), ch.basic_consume(stream, lambda *_: None, auto_ack=True))):
        with connection() as opened:
            try:
                action(opened.channel())
                raise AssertionError("it was not refused")
            except pika.exceptions.ConnectionClosedByBroker as closed:
                equal(closed.reply_code, 540, closed.reply_text)


@test
def a_stream_is_bound_like_any_queue():
    with channel() as ch:
        stream, exchange = stream_in(ch), name("x")
        ch.exchange_declare(exchange, "topic")
        ch.queue_bind(stream, exchange, "a.#")
        for key in ("a.b", "b.a", "a"):
            ch.basic_publish(exchange, key, key.encode())
        equal(count(ch, stream), 2)
        ch.basic_qos(prefetch_count=10)
        got = consume(ch, stream, 2, arguments={"x-stream-offset": "first"})
        equal([(m.exchange, m.routing_key, m.redelivered) for m, _, _ in got], [(exchange, "a.b", False), (exchange, "a", False)])


@test
def old_segments_go():
    with channel() as ch:
        stream = stream_in(ch, x_max_length_bytes=2_000_000, x_stream_max_segment_size_bytes=200_000)
        for _ in range(60):
            publish(ch, stream, b"x" * 100_000)
        eventually(lambda: count(ch, stream) < 40, 30, "old segments are gone")
        first, _ = read_stream(ch, stream, 1, "first", 1)[0]
        assert first > 10, first
        equal(read_stream(ch, stream, 1, 0, 1)[0][0] >= first, True)


@test
def deleting_a_stream_cancels_its_consumers():
    with connection() as opened:
        ch = opened.channel()
        stream = stream_in(ch)
        ch.basic_qos(prefetch_count=1)
        cancelled = []
        ch.add_on_cancel_callback(cancelled.append)
        ch.basic_consume(stream, lambda *_: None)
        opened.channel().queue_delete(stream, if_unused=True)
        pump(ch, lambda: bool(cancelled))
        equal(len(cancelled), 1)


@test
def kafka_clients_read_and_write_streams():
    with channel() as ch:
        stream = stream_in(ch)
        publish(ch, stream, *numbers(0, 50))
        equal([record.value for record in read(stream, 50)], numbers(0, 50))
        send_all(stream, numbers(50, 100))
        got = read_stream(ch, stream, 100, "first")
        equal(got, list(enumerate(numbers(0, 100))))


@test
def a_topic_is_read_as_a_stream():
    topic = create(1)
    send_all(topic, numbers(0, 100))
    with channel() as ch:
        equal(count(ch, topic), 100)
        equal(read_stream(ch, topic, 40, 60)[:40], [(n, str(n).encode()) for n in range(60, 100)])
        got = []
        ch.basic_consume(topic, lambda _ch, _method, _properties, body: got.append(body))
        pump(ch, lambda: False, 0.2)
        send_all(topic, [b"live"])
        pump(ch, lambda: bool(got))
        equal(got, [b"live"])


@test
def many_readers_at_the_end_get_what_comes():
    with connection() as opened:
        sender = opened.channel()
        sender.confirm_delivery()
        stream = stream_in(sender)
        got = [[] for _ in range(50)]
        ch = opened.channel()
        ch.basic_qos(prefetch_count=100)
        for mine in got:
            ch.basic_consume(stream, lambda _ch, method, _properties, body, mine=mine: (mine.append(body), _ch.basic_ack(method.delivery_tag)))
        for n in range(20):
            publish(sender, stream, str(n).encode())
        pump(ch, lambda: all(len(mine) == 20 for mine in got), 20)
        for mine in got:
            equal(mine, numbers(0, 20))


if __name__ == "__main__":
    main()
