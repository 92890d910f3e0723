"""AMQP 0-9-1 with pika: queue life, limits, expiry, dead letters, priorities. needs: amqp"""

import time

import pika
from pika_helpers import (channel, closes_channel, connection, consume, count, drain, publish, pump, take, take_soon)
from suite import equal, eventually, main, name, test


def dead_letter_pair(ch, **arguments):
    """A queue whose dead letters go through a direct exchange to another queue."""
    exchange, queue, dead = name("dlx"), name("work"), name("dead")
    ch.exchange_declare(exchange, "direct", durable=True)
    ch.queue_declare(dead, durable=True)
    ch.queue_bind(dead, exchange, "dead")
    settings = {"x-dead-letter-exchange": exchange, "x-dead-letter-routing-key": "dead"}
    settings.update({key.replace("_", "-"): value for key, value in arguments.items()})
    ch.queue_declare(queue, durable=True, arguments=settings)
    return queue, dead


def death_of(ch, queue):
    found = []
    eventually(lambda: found.append(ch.basic_get(queue, auto_ack=True)) or found[-1][0], what=f"dead letter in {queue}")
    _, properties, body = found[-1]
    return properties.headers["x-death"][0], properties, body


@test
def purge_and_delete_count_messages():
    with channel() as ch:
        queue = name()
        ch.queue_declare(queue, durable=True)
        publish(ch, queue, b"1", b"2", b"3")
        equal(ch.queue_purge(queue).method.message_count, 3)
        equal(count(ch, queue), 0)
        publish(ch, queue, b"4", b"5")
        equal(ch.queue_delete(queue).method.message_count, 2)
        equal(ch.queue_delete(queue).method.message_count, 0)


@test
def a_queue_declared_again_after_delete_is_empty():
    with channel() as ch:
        queue = name()
        for _ in range(3):
            ch.queue_declare(queue, durable=True)
            equal(count(ch, queue), 0)
            publish(ch, queue, b"old")
            equal(count(ch, queue), 1)
            ch.queue_delete(queue)


@test
def purge_leaves_unacknowledged_messages():
    with channel() as ch:
        queue = name()
        ch.queue_declare(queue, durable=True)
        publish(ch, queue, b"held", b"gone")
        method, _, _ = ch.basic_get(queue)
        equal(ch.queue_purge(queue).method.message_count, 1)
        ch.basic_nack(method.delivery_tag, requeue=True)
        equal(drain(ch, queue), [b"held"])


@test
def delete_if_unused_and_if_empty():
    with connection() as opened:
        ch = opened.channel()
        queue = name()
        ch.queue_declare(queue, durable=True)
        ch.confirm_delivery()
        publish(ch, queue, b"1")
        closes_channel(406, lambda: opened.channel().queue_delete(queue, if_empty=True))
        tag = ch.basic_consume(queue, lambda *_: None)
        closes_channel(406, lambda: opened.channel().queue_delete(queue, if_unused=True))
        ch.basic_cancel(tag)
        opened.channel().queue_delete(queue, if_unused=True)
        closes_channel(404, lambda: opened.channel().queue_declare(queue, passive=True))


@test
def exclusive_queue_belongs_to_its_connection():
    with connection() as other:
        with connection() as owner:
            queue = name()
            owner.channel().queue_declare(queue, exclusive=True)
            closes_channel(405, lambda: other.channel().queue_declare(queue, passive=True))
            closes_channel(405, lambda: other.channel().basic_consume(queue, lambda *_: None))
        eventually(lambda: other.channel().queue_declare(queue, exclusive=True), what="the name is free again")


@test
def auto_delete_queue_goes_with_its_last_consumer():
    with connection() as opened:
        ch = opened.channel()
        queue = name()
        ch.queue_declare(queue, auto_delete=True)
        first = ch.basic_consume(queue, lambda *_: None)
        second = ch.basic_consume(queue, lambda *_: None)
        ch.basic_cancel(first)
        ch.queue_declare(queue, passive=True)
        ch.basic_cancel(second)
        closes_channel(404, lambda: opened.channel().queue_declare(queue, passive=True))


@test
def auto_delete_exchange_goes_with_its_last_binding():
    with connection() as opened:
        ch = opened.channel()
        exchange = name("x")
        queue = ch.queue_declare("", exclusive=True).method.queue
        ch.exchange_declare(exchange, "fanout", auto_delete=True)
        ch.queue_bind(queue, exchange)
        ch.queue_unbind(queue, exchange)
        closes_channel(404, lambda: opened.channel().exchange_declare(exchange, passive=True))


@test
def rejected_message_is_dead_lettered_with_its_history():
    with channel() as ch:
        queue, dead = dead_letter_pair(ch)
        publish(ch, queue, b"bad", headers={"mine": 1}, message_id="m")
        method, _, _ = ch.basic_get(queue)
        ch.basic_reject(method.delivery_tag, requeue=False)
        death, properties, body = death_of(ch, dead)
        equal((body, properties.message_id, properties.headers["mine"]), (b"bad", "m", 1))
        equal((death["queue"], death["reason"], death["count"], death["exchange"], death["routing-keys"]),
              (queue, "rejected", 1, "", [queue]))
        equal((properties.headers["x-first-death-queue"], properties.headers["x-first-death-reason"]), (queue, "rejected"))
        equal(count(ch, queue), 0)


@test
def dead_letter_count_grows_in_a_retry_loop():
    with channel() as ch:
        queue, retry = name("work"), name("retry")
        ch.queue_declare(queue, durable=True, arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": retry})
        ch.queue_declare(retry, durable=True, arguments={
            "x-dead-letter-exchange": "", "x-dead-letter-routing-key": queue, "x-message-ttl": 20})
        publish(ch, queue, b"again")
        for attempt in range(3):
            got = []
            eventually(lambda: got.append(ch.basic_get(queue)) or got[-1][0], what=f"attempt {attempt}")
            method, properties, _ = got[-1]
            deaths = (properties.headers or {}).get("x-death", [])
            equal(sorted((d["queue"], d["count"]) for d in deaths), sorted([(queue, attempt), (retry, attempt)] if attempt else []))
            ch.basic_nack(method.delivery_tag, requeue=False)


@test
def message_expires_at_the_head_and_is_dead_lettered():
    with channel() as ch:
        queue, dead = dead_letter_pair(ch)
        publish(ch, queue, b"short", expiration="50")
        publish(ch, queue, b"long", expiration="600000")
        death, properties, body = death_of(ch, dead)
        equal((body, death["reason"], death["original-expiration"], properties.expiration), (b"short", "expired", "50", None))
        equal(drain(ch, queue), [b"long"])


@test
def queue_ttl_expires_messages():
    with channel() as ch:
        queue = name()
        ch.queue_declare(queue, durable=True, arguments={"x-message-ttl": 100})
        publish(ch, queue, b"1", b"2")
        eventually(lambda: count(ch, queue) == 0, what="expiry")
        equal(take(ch, queue), None)


@test
def expiration_of_zero_is_gone_unless_a_consumer_waits():
    with connection() as opened:
        ch, sender = opened.channel(), opened.channel()
        queue, got = name(), []
        ch.queue_declare(queue, durable=True)
        sender.confirm_delivery()
        publish(sender, queue, b"missed", expiration="0")
        eventually(lambda: count(ch, queue) == 0, what="expiry")
        ch.basic_consume(queue, lambda _c, _m, _p, body: got.append(body), auto_ack=True)
        publish(sender, queue, b"caught", expiration="0")
        pump(ch, lambda: got)
        equal(got, [b"caught"])


@test
def unused_queue_expires():
    with connection() as opened:
        ch = opened.channel()
        queue = name()
        ch.queue_declare(queue, arguments={"x-expires": 300})
        ch.queue_declare(queue, passive=True)
        time.sleep(1.5)
        closes_channel(404, lambda: opened.channel().queue_declare(queue, passive=True))


@test
def length_limit_drops_the_head():
    with channel() as ch:
        queue, dead = dead_letter_pair(ch, x_max_length=3)
        publish(ch, queue, *[str(n).encode() for n in range(5)])
        equal(drain(ch, queue), [b"2", b"3", b"4"])
        death, _, body = death_of(ch, dead)
        equal((body, death["reason"]), (b"0", "maxlen"))
        equal(take_soon(ch, dead), b"1")


@test
def byte_limit_drops_the_head():
    with channel() as ch:
        queue = name()
        ch.queue_declare(queue, durable=True, arguments={"x-max-length-bytes": 250})
        publish(ch, queue, b"a" * 100, b"b" * 100, b"c" * 100)
        equal([body[:1] for body in drain(ch, queue)], [b"b", b"c"])


@test
def length_limit_can_refuse_publishes():
    with channel() as ch:
        queue = name()
        ch.queue_declare(queue, durable=True, arguments={"x-max-length": 2, "x-overflow": "reject-publish"})
        publish(ch, queue, b"1", b"2")
        try:
            publish(ch, queue, b"3")
        except pika.exceptions.NackError:
            pass
        else:
            raise AssertionError("the third publish was confirmed")
        equal(drain(ch, queue), [b"1", b"2"])
        publish(ch, queue, b"4")
        equal(drain(ch, queue), [b"4"])


@test
def priority_queue_delivers_the_highest_first():
    with channel() as ch:
        queue = name()
        ch.queue_declare(queue, durable=True, arguments={"x-max-priority": 5})
        for body, priority in ((b"low-1", 1), (b"none", None), (b"high", 5), (b"over", 9), (b"low-2", 1)):
            publish(ch, queue, body, priority=priority)
        equal(drain(ch, queue), [b"high", b"over", b"low-1", b"low-2", b"none"])


@test
def quorum_queue_counts_deliveries_and_gives_up():
    with channel() as ch:
        queue, dead = dead_letter_pair(ch, x_queue_type="quorum", x_delivery_limit=2)
        publish(ch, queue, b"poison")
        counts = []
        for _ in range(3):
            got = []
            eventually(lambda: got.append(ch.basic_get(queue)) or got[-1][0], what="delivery")
            method, properties, _ = got[-1]
            counts.append((properties.headers or {}).get("x-delivery-count"))
            ch.basic_reject(method.delivery_tag, requeue=True)
        equal(counts[1:], [1, 2])
        death, _, body = death_of(ch, dead)
        equal((body, death["reason"]), (b"poison", "delivery_limit"))


@test
def expiration_must_be_a_number():
    with connection() as opened:
        for expiration in ("soon", "-1", "10s", str(1 << 40)):
            def action(value=expiration):
                ch = opened.channel()
                ch.basic_publish("", name(), b"", pika.BasicProperties(expiration=value))
                ch.queue_declare(name(), exclusive=True)

            closes_channel(406, action)


@test
def priorities_hold_after_requeue_and_in_deliveries():
    with channel() as ch:
        queue = name()
        ch.queue_declare(queue, durable=True, arguments={"x-max-priority": 10})
        for number in range(10):
            publish(ch, queue, str(number).encode(), priority=number % 3)
        tags = [ch.basic_get(queue)[0].delivery_tag for _ in range(4)]
        ch.basic_nack(tags[-1], multiple=True, requeue=True)
        got = consume(ch, queue, 10)
        equal([body for _, _, body in got], [str(n).encode() for n in (2, 5, 8, 1, 4, 7, 0, 3, 6, 9)])


@test
def length_limit_refuses_message_by_message():
    with channel(confirms=False) as ch:
        queue, nacked = name(), []
        ch.queue_declare(queue, durable=True, arguments={"x-max-length": 3, "x-overflow": "reject-publish"})
        ch.confirm_delivery()
        for number in range(6):
            try:
                publish(ch, queue, str(number).encode())
            except pika.exceptions.NackError:
                nacked.append(number)
        equal((nacked, drain(ch, queue)), ([3, 4, 5], [b"0", b"1", b"2"]))


@test
def refused_publishes_can_be_dead_lettered():
    with channel() as ch:
        queue, dead = dead_letter_pair(ch, x_max_length=1, x_overflow="reject-publish-dlx")
        publish(ch, queue, b"kept")
        try:
            publish(ch, queue, b"refused")
        except pika.exceptions.NackError:
            pass
        else:
            raise AssertionError("the second publish was confirmed")
        death, _, body = death_of(ch, dead)
        equal((body, death["reason"]), (b"refused", "maxlen"))
        equal(drain(ch, queue), [b"kept"])


@test
def deleting_a_queue_tells_its_consumers():
    with connection() as opened:
        ch = opened.channel()
        queue, cancelled = name(), []
        ch.queue_declare(queue, durable=True)
        ch.add_on_cancel_callback(lambda frame: cancelled.append(frame.method.consumer_tag))
        tag = ch.basic_consume(queue, lambda *_: None)
        opened.channel().queue_delete(queue)
        pump(ch, lambda: cancelled)
        equal(cancelled, [tag])
        equal(ch.is_open, True)


@test
def lazy_and_quorum_arguments_are_accepted():
    with channel() as ch:
        for arguments in ({"x-queue-mode": "lazy"}, {"x-queue-type": "classic"}, {"x-queue-type": "quorum"}):
            queue = name()
            ch.queue_declare(queue, durable=True, arguments=arguments)
            publish(ch, queue, b"x")
            equal(take_soon(ch, queue), b"x")
            ch.queue_delete(queue)


@test
def invalid_arguments_are_refused():
    with connection() as opened:
        for arguments in ({"x-message-ttl": -1}, {"x-message-ttl": "soon"}, {"x-max-priority": 1000}, {"x-overflow": "explode"}):
            closes_channel(406, lambda a=arguments: opened.channel().queue_declare(name(), durable=True, arguments=a))


@test
def a_backlog_is_delivered_in_order():
    with channel(confirms=False) as ch:
        queue, total = name(), 20000
        ch.queue_declare(queue, durable=True)
        for number in range(total):
            ch.basic_publish("", queue, number.to_bytes(4, "big"), pika.BasicProperties(delivery_mode=2))
        eventually(lambda: count(ch, queue) == total, 30, "all messages are in the queue")
        got = consume(ch, queue, total, seconds=40, ack=False, auto_ack=True)
        equal([int.from_bytes(body, "big") for _, _, body in got] == list(range(total)), True, "order")


if __name__ == "__main__":
    main()
