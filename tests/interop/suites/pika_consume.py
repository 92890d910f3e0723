"""AMQP 0-9-1 with pika: consuming, prefetch, acknowledging, redelivery. needs: amqp"""

import socket
import time

import pika
from pika_helpers import channel, closes_channel, connection, consume, count, drain, publish, pump
from suite import equal, eventually, main, name, test


def filled(ch, total):
    queue = name()
    ch.queue_declare(queue, durable=True)
    publish(ch, queue, *[str(number).encode() for number in range(total)])
    return queue


def open_consumer(ch, queue, **options):
    got = []
    ch.basic_consume(queue, lambda _c, method, _p, body: got.append((method, body)), **options)
    return got


def bodies(got):
    return [body for _, body in got]


@test
def deliveries_carry_tag_exchange_and_key():
    with channel() as ch:
        queue = filled(ch, 2)
        got = consume(ch, queue, 2, consumer_tag="me")
        equal([(m.consumer_tag, m.delivery_tag, m.redelivered, m.exchange, m.routing_key) for m, _, _ in got],
              [("me", 1, False, "", queue), ("me", 2, False, "", queue)])
        equal(count(ch, queue), 0)


@test
def prefetch_holds_back_until_acknowledged():
    with channel() as ch:
        queue = filled(ch, 6)
        ch.basic_qos(prefetch_count=2)
        got = open_consumer(ch, queue)
        pump(ch, lambda: len(got) > 2, 0.5)
        equal(bodies(got), [b"0", b"1"])
        ch.basic_ack(got[0][0].delivery_tag)
        pump(ch, lambda: len(got) > 3, 0.5)
        equal(bodies(got), [b"0", b"1", b"2"])
        ch.basic_ack(got[2][0].delivery_tag, multiple=True)
        pump(ch, lambda: len(got) > 5, 0.5)
        equal(bodies(got), [b"0", b"1", b"2", b"3", b"4"])


@test
def global_prefetch_is_shared_by_the_channel():
    with channel() as ch:
        first, second = filled(ch, 3), filled(ch, 3)
        ch.basic_qos(prefetch_count=2, global_qos=True)
        one, two = open_consumer(ch, first), open_consumer(ch, second)
        pump(ch, lambda: False, 0.5)
        equal(len(one) + len(two), 2)


@test
def competing_consumers_share_the_work():
    with connection() as opened:
        sender = opened.channel()
        sender.confirm_delivery()
        queue = filled(sender, 0)
        channels = [opened.channel() for _ in range(2)]
        got = []
        for ch in channels:
            ch.basic_qos(prefetch_count=1)
            got.append(open_consumer(ch, queue))
        publish(sender, queue, *[str(number).encode() for number in range(10)])
        for _ in range(60):
            opened.process_data_events(0.05)
            for ch, mine in zip(channels, got):
                if mine and not getattr(mine[-1][0], "acknowledged", False):
                    ch.basic_ack(mine[-1][0].delivery_tag)
                    mine[-1][0].acknowledged = True
            if len(got[0]) + len(got[1]) == 10:
                break
        equal(sorted(bodies(got[0]) + bodies(got[1])), [str(n).encode() for n in range(10)])
        equal(min(len(got[0]), len(got[1])) >= 2, True, f"shares {len(got[0])} and {len(got[1])}")


@test
def requeued_messages_return_to_their_place():
    with channel() as ch:
        queue = filled(ch, 5)
        tags = [ch.basic_get(queue)[0].delivery_tag for _ in range(3)]
        ch.basic_nack(tags[1], requeue=True)
        ch.basic_reject(tags[0], requeue=True)
        ch.basic_nack(tags[2], requeue=True)
        got = [ch.basic_get(queue, auto_ack=True) for _ in range(5)]
        equal([(body, method.redelivered) for method, _, body in got],
              [(b"0", True), (b"1", True), (b"2", True), (b"3", False), (b"4", False)])


@test
def nack_multiple_requeues_all_below():
    with channel() as ch:
        queue = filled(ch, 4)
        tags = [ch.basic_get(queue)[0].delivery_tag for _ in range(4)]
        ch.basic_ack(tags[0])
        ch.basic_nack(tags[2], multiple=True, requeue=True)
        equal(count(ch, queue), 2)
        ch.basic_ack(tags[3])
        equal(drain(ch, queue), [b"1", b"2"])


@test
def unacknowledged_messages_return_when_the_channel_closes():
    with connection() as opened:
        ch = opened.channel()
        ch.confirm_delivery()
        queue = filled(ch, 3)
        doomed = opened.channel()
        got = open_consumer(doomed, queue)
        pump(doomed, lambda: len(got) == 3)
        doomed.basic_ack(got[1][0].delivery_tag)
        doomed.close()
        eventually(lambda: count(ch, queue) == 2, what="requeue")
        again = [ch.basic_get(queue, auto_ack=True) for _ in range(2)]
        equal([(body, method.redelivered) for method, _, body in again], [(b"0", True), (b"2", True)])


@test
def unacknowledged_messages_return_when_the_connection_drops():
    with channel() as ch:
        queue = filled(ch, 2)
        other = pika.BlockingConnection(ch.connection._impl.params)
        other.channel().basic_get(queue)
        other._impl._transport._sock.shutdown(socket.SHUT_RDWR)
        eventually(lambda: count(ch, queue) == 2, what="requeue")


@test
def recover_redelivers():
    with channel() as ch:
        queue = filled(ch, 2)
        got = open_consumer(ch, queue)
        pump(ch, lambda: len(got) == 2)
        ch.basic_recover(requeue=True)
        pump(ch, lambda: len(got) == 4)
        equal([(body, method.redelivered) for method, body in got],
              [(b"0", False), (b"1", False), (b"0", True), (b"1", True)])


@test
def acknowledging_an_unknown_tag_closes_the_channel():
    with connection() as opened:
        ch = opened.channel()

        def action():
            ch.basic_ack(99)
            ch.queue_declare(name(), exclusive=True)

        closes_channel(406, action)


@test
def acknowledging_twice_closes_the_channel():
    with connection() as opened:
        ch = opened.channel()
        ch.confirm_delivery()
        queue = filled(ch, 1)
        tag = ch.basic_get(queue)[0].delivery_tag
        ch.basic_ack(tag)

        def action():
            ch.basic_ack(tag)
            ch.queue_declare(name(), exclusive=True)

        closes_channel(406, action)


@test
def automatic_acknowledgement_needs_no_answer():
    with channel() as ch:
        queue = filled(ch, 3)
        got = consume(ch, queue, 3, ack=False, auto_ack=True)
        equal([body for _, _, body in got], [b"0", b"1", b"2"])
        equal(count(ch, queue), 0)


@test
def exclusive_consumer_keeps_others_away():
    with connection() as opened:
        ch = opened.channel()
        ch.confirm_delivery()
        queue = filled(ch, 0)
        tag = ch.basic_consume(queue, lambda *_: None, exclusive=True)
        closes_channel(403, lambda: opened.channel().basic_consume(queue, lambda *_: None))
        ch.basic_cancel(tag)
        open_consumer(opened.channel(), queue)


@test
def late_acknowledgement_closes_the_channel():
    with connection() as opened:
        sender = opened.channel()
        sender.confirm_delivery()
        queue = name()
        sender.queue_declare(queue, durable=True, arguments={"x-consumer-timeout": 500})
        publish(sender, queue, b"stuck")
        ch = opened.channel()
        got = open_consumer(ch, queue)
        pump(ch, lambda: got)

        def action():
            for _ in range(50):
                time.sleep(0.1)
                ch.basic_qos(prefetch_count=0)

        closes_channel(406, action)
        eventually(lambda: count(sender, queue) == 1, what="requeue")


@test
def higher_priority_consumer_goes_first():
    with connection() as opened:
        sender = opened.channel()
        sender.confirm_delivery()
        queue = filled(sender, 0)
        low, high = opened.channel(), opened.channel()
        high.basic_qos(prefetch_count=2)
        got_low = open_consumer(low, queue, arguments={"x-priority": -1})
        got_high = open_consumer(high, queue, arguments={"x-priority": 10})
        publish(sender, queue, *[str(number).encode() for number in range(4)])
        pump(low, lambda: len(got_low) + len(got_high) == 4)
        equal((bodies(got_high), bodies(got_low)), ([b"0", b"1"], [b"2", b"3"]))


@test
def single_active_consumer_is_followed_by_the_next():
    with connection() as opened:
        sender = opened.channel()
        sender.confirm_delivery()
        queue = name()
        sender.queue_declare(queue, durable=True, arguments={"x-single-active-consumer": True})
        first, second = opened.channel(), opened.channel()
        got_first, got_second = open_consumer(first, queue), open_consumer(second, queue)
        publish(sender, queue, b"0", b"1", b"2")
        pump(first, lambda: len(got_first) == 3)
        equal((bodies(got_first), bodies(got_second)), ([b"0", b"1", b"2"], []))
        first.basic_ack(got_first[0][0].delivery_tag)
        first.close()
        pump(second, lambda: len(got_second) == 2)
        equal([(body, method.redelivered) for method, body in got_second], [(b"1", True), (b"2", True)])
        closes_channel(403, lambda: opened.channel().basic_consume(queue, lambda *_: None, exclusive=True))


@test
def cancelled_consumer_keeps_what_it_holds():
    with channel() as ch:
        queue = filled(ch, 2)
        ch.basic_qos(prefetch_count=1)
        got = []
        tag = ch.basic_consume(queue, lambda _c, method, _p, body: got.append((method, body)), consumer_tag="c")
        pump(ch, lambda: got)
        ch.basic_cancel(tag)
        pump(ch, lambda: False, 0.3)
        ch.basic_ack(got[0][0].delivery_tag)
        pump(ch, lambda: len(got) > 1, 0.3)
        equal((bodies(got), count(ch, queue)), ([b"0"], 1))


@test
def a_publish_reaches_a_waiting_consumer():
    with connection() as opened:
        receiver, sender = opened.channel(), opened.channel()
        queue = receiver.queue_declare("", exclusive=True).method.queue
        got = open_consumer(receiver, queue, auto_ack=True)
        for number in range(50):
            sender.basic_publish("", queue, str(number).encode())
        pump(receiver, lambda: len(got) == 50)
        equal(bodies(got), [str(n).encode() for n in range(50)])


if __name__ == "__main__":
    main()
