"""Connections and small moves that the pika suites share."""

import contextlib
import time

import pika

import suite


def parameters(user="guest", password="guest", vhost="/", heartbeat=60):
    return pika.ConnectionParameters(suite.HOST, suite.AMQP_PORT, vhost, pika.PlainCredentials(user, password),
                                     heartbeat=heartbeat, socket_timeout=10, blocked_connection_timeout=30)


@contextlib.contextmanager
def connection(**options):
    opened = pika.BlockingConnection(parameters(**options))
    try:
        yield opened
    finally:
        if opened.is_open:
            # A server that was stopped meanwhile has said so already; the client reads it only now.
            with contextlib.suppress(pika.exceptions.ConnectionClosedByBroker):
                opened.close()


@contextlib.contextmanager
def channel(confirms=True, **options):
    with connection(**options) as opened:
        made = opened.channel()
        if confirms:
            made.confirm_delivery()
        yield made


def publish(ch, queue, *bodies, exchange="", **properties):
    properties.setdefault("delivery_mode", 2)
    for body in bodies:
        ch.basic_publish(exchange, queue, body, pika.BasicProperties(**properties), mandatory=not exchange)


def take(ch, queue, ack=True):
    """Body of the next message, or None."""
    method, _, body = ch.basic_get(queue, auto_ack=ack)
    return None if method is None else body


def take_soon(ch, queue, seconds=10):
    return suite.eventually(lambda: take(ch, queue), seconds, f"a message in {queue}")


def drain(ch, queue):
    bodies = []
    while (body := take(ch, queue)) is not None:
        bodies.append(body)
    return bodies


def count(ch, queue):
    return ch.queue_declare(queue, passive=True).method.message_count


def closes_channel(code, action):
    """The action must close its channel with this reply code."""
    try:
        action()
    except pika.exceptions.ChannelClosedByBroker as closed:
        suite.equal(closed.reply_code, code, closed.reply_text)
        return closed.reply_text
    raise AssertionError(f"nothing closed the channel; {code} was expected")


def consume(ch, queue, wanted, seconds=10, ack=True, **options):
    """The next `wanted` deliveries as (method, properties, body)."""
    got = []

    def on_message(_channel, method, properties, body):
        got.append((method, properties, body))
        if ack:
            ch.basic_ack(method.delivery_tag)

    tag = ch.basic_consume(queue, on_message, **options)
    pump(ch, lambda: len(got) >= wanted, seconds)
    ch.basic_cancel(tag)
    suite.equal(len(got) >= wanted, True, f"{len(got)} of {wanted} deliveries from {queue}")
    return got


def pump(ch, done, seconds=10):
    """Serves the connection until done() or time is up."""
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        ch.connection.process_data_events(0.05)
