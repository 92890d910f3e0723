"""What survives a clean stop and a kill, seen by public clients on a server of its own. needs: server amqp kafka"""

import contextlib
import os
import pathlib
import sys

import pika

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import kafka_topics  # noqa: E402
import pika_helpers  # noqa: E402
import server as servers  # noqa: E402
import suite  # noqa: E402
from suite import equal, eventually, main, name, test  # noqa: E402

ENDINGS = ("stop", "kill")


class Life:
    """A server that is started, ended and started again on its data; the helpers are pointed at it."""

    def __enter__(self):
        self.server = servers.Server(os.environ["MILLRACE_SERVER"])
        self.start()
        return self

    def __exit__(self, *_):
        self.server.kill()
        self.server.remove()

    def start(self):
        self.server.start()
        suite.HOST, suite.AMQP_PORT = "127.0.0.1", self.server.ports["amqp"]
        suite.KAFKA = self.server.address("kafka")

    def restart(self, ending):
        code = getattr(self.server, ending)()
        if ending == "stop":
            equal(code, 0, "exit code of a clean stop")
        self.start()


@test
def delayed_messages_go_on_waiting():
    for ending in ENDINGS:
        with Life() as life:
            queue, exchange = name(), name("x")
            with pika_helpers.channel() as ch:
                ch.exchange_declare(exchange, "x-delayed-message", durable=True, arguments={"x-delayed-type": "fanout"})
                ch.queue_declare(queue, durable=True)
                ch.queue_bind(queue, exchange)
                pika_helpers.publish(ch, "", *(str(i).encode() for i in range(50)), exchange=exchange, headers={"x-delay": 1000})
                pika_helpers.publish(ch, "", b"much later", exchange=exchange, headers={"x-delay": 3600000})
            life.restart(ending)
            with pika_helpers.channel() as ch:
                eventually(lambda: pika_helpers.count(ch, queue) == 50, what="the delayed messages")
                equal(sorted(pika_helpers.drain(ch, queue), key=int), [str(i).encode() for i in range(50)], ending)


@test
def messages_bindings_and_settings_survive():
    for ending in ENDINGS:
        with Life() as life:
            queue, exchange = name(), name("x")
            with pika_helpers.channel() as ch:
                ch.exchange_declare(exchange, "topic", durable=True)
                ch.queue_declare(queue, durable=True, arguments={"x-max-length": 1000})
                ch.queue_bind(queue, exchange, "a.#")
                for number in range(100):
                    ch.basic_publish(exchange, "a.b", str(number).encode(), pika.BasicProperties(delivery_mode=2, headers={"n": number}))
            life.restart(ending)
            with pika_helpers.channel() as ch:
                ch.exchange_declare(exchange, "topic", durable=True)
                equal(ch.queue_declare(queue, durable=True, arguments={"x-max-length": 1000}).method.message_count, 100, ending)
                ch.basic_publish(exchange, "a.c", b"after", pika.BasicProperties(delivery_mode=2))
                got = pika_helpers.consume(ch, queue, 101)
                equal([body for _, _, body in got], [str(n).encode() for n in range(100)] + [b"after"], ending)
                equal([p.headers["n"] for _, p, _ in got[:100]], list(range(100)), ending)


@test
def streams_keep_messages_and_offsets():
    for ending in ENDINGS:
        with Life() as life:
            stream = name()
            arguments = {"x-queue-type": "stream", "x-max-age": "7D"}
            with pika_helpers.channel() as ch:
                ch.queue_declare(stream, durable=True, arguments=arguments)
                for number in range(200):
                    pika_helpers.publish(ch, stream, str(number).encode())
            for more in range(2):
                life.restart(ending)
                with pika_helpers.channel() as ch:
                    ch.queue_declare(stream, durable=True, arguments=arguments)
                    pika_helpers.publish(ch, stream, f"after {more}".encode())
                    ch.basic_qos(prefetch_count=500)
                    got = pika_helpers.consume(ch, stream, 201 + more, arguments={"x-stream-offset": "first"})
                    equal([body for _, _, body in got][:200], [str(n).encode() for n in range(200)], ending)
                    offsets = [p.headers["x-stream-offset"] for _, p, _ in got]
                    equal(offsets[:200], list(range(200)), ending)
                    equal(offsets, sorted(set(offsets)), ending)
                    equal(got[-1][2], f"after {more}".encode(), ending)


@test
def acknowledged_messages_stay_gone_and_others_come_back():
    for ending in ENDINGS:
        with Life() as life:
            queue = name()
            # The server ends while deliveries are open: a clean stop tells the client so.
            with contextlib.suppress(pika.exceptions.AMQPError), pika_helpers.channel() as ch:
                ch.queue_declare(queue, durable=True)
                pika_helpers.publish(ch, queue, *[str(n).encode() for n in range(10)])
                tags = [ch.basic_get(queue)[0].delivery_tag for _ in range(6)]
                for tag in (tags[0], tags[1], tags[4]):
                    ch.basic_ack(tag)
                # A synchronous answer after the acknowledgements, so that they were applied before the end.
                pika_helpers.publish(ch, queue, b"10")
                eventually(lambda: pika_helpers.count(ch, queue) == 5, what="five ready messages")
                life.restart(ending)
            with pika_helpers.channel() as ch:
                equal(pika_helpers.drain(ch, queue), [str(n).encode() for n in (2, 3, 5, 6, 7, 8, 9, 10)], ending)


@test
def purged_and_deleted_queues_stay_so():
    for ending in ENDINGS:
        with Life() as life:
            purged, deleted = name(), name()
            with pika_helpers.channel() as ch:
                for queue in (purged, deleted):
                    ch.queue_declare(queue, durable=True)
                    pika_helpers.publish(ch, queue, b"1", b"2")
                ch.queue_purge(purged)
                ch.queue_delete(deleted)
            life.restart(ending)
            with pika_helpers.connection() as opened:
                equal(pika_helpers.count(opened.channel(), purged), 0, ending)
                pika_helpers.closes_channel(404, lambda: opened.channel().queue_declare(deleted, passive=True))


@test
def transient_things_are_gone():
    for ending in ENDINGS:
        with Life() as life:
            queue, exchange = name(), name("x")
            with pika_helpers.channel() as ch:
                ch.queue_declare(queue, durable=False)
                ch.exchange_declare(exchange, "direct", durable=False)
            life.restart(ending)
            with pika_helpers.connection() as opened:
                pika_helpers.closes_channel(404, lambda: opened.channel().queue_declare(queue, passive=True))
                pika_helpers.closes_channel(404, lambda: opened.channel().exchange_declare(exchange, passive=True))


@test
def dead_letters_survive():
    for ending in ENDINGS:
        with Life() as life:
            work, dead = name("work"), name("dead")
            with pika_helpers.channel() as ch:
                ch.queue_declare(dead, durable=True)
                ch.queue_declare(work, durable=True, arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead})
                pika_helpers.publish(ch, work, b"bad")
                ch.basic_reject(ch.basic_get(work)[0].delivery_tag, requeue=False)
                eventually(lambda: pika_helpers.count(ch, dead) == 1, what="dead letter")
            life.restart(ending)
            with pika_helpers.channel() as ch:
                equal((pika_helpers.drain(ch, work), pika_helpers.drain(ch, dead)), ([], [b"bad"]), ending)


@test
def records_and_offsets_survive():
    for ending in ENDINGS:
        with Life() as life:
            topic = kafka_topics.create(partitions=2)
            sent = [str(n).encode() for n in range(300)]
            kafka_topics.send_all(topic, sent, partition=1)
            life.restart(ending)
            equal([record.value for record in kafka_topics.read(topic, 300, partition=1)], sent, ending)
            equal([r.offset for r in kafka_topics.send_all(topic, [b"next"], partition=1)], [300], ending)


@test
def queues_over_topics_keep_what_was_settled():
    for ending in ENDINGS:
        with Life() as life:
            topic, queue, exchange = kafka_topics.create(partitions=2), name(), name("x")
            arguments = {"x-source-topic": topic}
            with contextlib.suppress(pika.exceptions.AMQPError), pika_helpers.channel() as ch:
                ch.queue_declare(queue, durable=True, arguments=arguments)
                ch.exchange_declare(exchange, "fanout", durable=True)
                ch.queue_bind(topic, exchange)
                for partition in range(2):
                    kafka_topics.send_all(topic, [f"{partition}/{n}".encode() for n in range(50)], partition=partition)
                # A transaction's answer says that its acknowledgements are stored.
                worker = ch.connection.channel()
                worker.tx_select()
                worker.basic_qos(prefetch_count=60)
                got = [(method.delivery_tag, body) for method, _, body in pika_helpers.consume(worker, queue, 60, ack=False)]
                settled = {body for tag, body in got if tag % 3}
                for tag, _ in got:
                    if tag % 3:
                        worker.basic_ack(tag)
                worker.tx_commit()
                pika_helpers.publish(ch, "", b"from amqp", exchange=exchange)
                eventually(lambda: pika_helpers.count(ch, queue) == 41, what="forty old records and the new one")
                life.restart(ending)
            with pika_helpers.channel() as ch:
                left = {f"{p}/{n}".encode() for p in range(2) for n in range(50)} - settled | {b"from amqp"}
                equal(ch.queue_declare(queue, durable=True, arguments=arguments).method.message_count, len(left), ending)
                back = [body for _, _, body in pika_helpers.consume(ch, queue, len(left))]
                equal((len(back), set(back)), (len(left), left), ending)
                pika_helpers.publish(ch, "", b"again", exchange=exchange)
                equal(pika_helpers.take_soon(ch, queue), b"again", ending)


@test
def groups_and_their_offsets_survive():
    for ending in ENDINGS:
        with Life() as life:
            topic, group = kafka_topics.create(), name("group")
            kafka_topics.send_all(topic, [str(n).encode() for n in range(10)])
            consumer = kafka_topics.member(topic, group)
            equal([record.value for record in kafka_topics.take(consumer, 4)], [b"0", b"1", b"2", b"3"], ending)
            consumer.commit()
            life.restart(ending)
            # The member goes on where it is: neither its place nor its position is lost.
            got = [record.value for record in kafka_topics.take(consumer, 3)]
            equal(got, [b"4", b"5", b"6"], ending)
            consumer.commit()
            consumer.close()
            life.restart(ending)
            consumer = kafka_topics.member(topic, group)
            equal([record.value for record in kafka_topics.take(consumer, 3)], [b"7", b"8", b"9"], ending)
            consumer.close()


@test
def the_same_folder_is_not_served_twice():
    with Life() as life:
        second = servers.Server(os.environ["MILLRACE_SERVER"], data=life.server.data, log=f"{life.server.log}.second")
        try:
            second.start()
        except RuntimeError as error:
            equal("before it was ready" in str(error), True, str(error))
        else:
            second.kill()
            raise AssertionError("a second server opened the same data")
        equal(life.server.alive(), True)


if __name__ == "__main__":
    main()
