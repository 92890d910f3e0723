"""AMQP 0-9-1 with pika: connections, exchanges, publishing and getting. needs: amqp"""

import datetime
import decimal
import time

import pika
from pika_helpers import (channel, closes_channel, connection, consume, count, drain, parameters, publish, pump, take,
                          take_soon)
from suite import Skip, equal, main, name, test


@test
def publish_and_get_by_the_default_exchange():
    with channel() as ch:
        queue = name()
        equal(ch.queue_declare(queue, durable=True).method.queue, queue)
        publish(ch, queue, b"one", b"", b"three")
        equal(count(ch, queue), 3)
        method, _, body = ch.basic_get(queue)
        equal((body, method.message_count, method.routing_key, method.exchange, method.redelivered),
              (b"one", 2, queue, "", False))
        ch.basic_ack(method.delivery_tag)
        equal(drain(ch, queue), [b"", b"three"])
        equal(take(ch, queue), None)


@test
def properties_and_headers_arrive_as_sent():
    sent = pika.BasicProperties(
        content_type="application/json", content_encoding="utf-8", delivery_mode=2, priority=7, correlation_id="c-1",
        reply_to="back", expiration="600000", message_id="m-1", timestamp=1700000000, type="order", user_id="guest",
        app_id="shop", headers={
            "text": "grüße", "int": 42, "negative": -7, "long": 2**40, "true": True, "none": None, "bytes": b"\x00\xff",
            "time": datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=datetime.timezone.utc),
            "decimal": decimal.Decimal("3.14"), "list": [1, "two", [3]], "table": {"a": {"b": "c"}}})
    with channel() as ch:
        queue = name()
        ch.queue_declare(queue, durable=True)
        ch.basic_publish("", queue, b"body", sent, mandatory=True)
        _, got, body = ch.basic_get(queue, auto_ack=True)
        equal(body, b"body")
        for field in ("content_type", "content_encoding", "delivery_mode", "priority", "correlation_id", "reply_to",
                      "expiration", "message_id", "timestamp", "type", "user_id", "app_id", "cluster_id"):
            equal(getattr(got, field), getattr(sent, field), field)
        for key, value in sent.headers.items():
            found = got.headers[key]
            if isinstance(value, datetime.datetime):
                value, found = value.timestamp(), found.replace(tzinfo=datetime.timezone.utc).timestamp()
            equal(found, value, key)
        equal(set(got.headers), set(sent.headers))


@test
def large_and_binary_bodies():
    with channel() as ch:
        queue = name()
        ch.queue_declare(queue, durable=True)
        bodies = [bytes(range(256)) * (size // 256) for size in (4096, 131072, 131072 * 3, 8 << 20)]
        publish(ch, queue, *bodies)
        for body in bodies:
            equal(take(ch, queue) == body, True, f"body of {len(body)} bytes")


@test
def direct_exchange_follows_bindings():
    with channel() as ch:
        exchange, red, both = name("x"), name(), name()
        ch.exchange_declare(exchange, "direct", durable=True)
        for queue, keys in ((red, ["red"]), (both, ["red", "blue"])):
            ch.queue_declare(queue, durable=True)
            for key in keys:
                ch.queue_bind(queue, exchange, key)
        publish(ch, "red", b"r", exchange=exchange)
        publish(ch, "blue", b"b", exchange=exchange)
        publish(ch, "green", b"g", exchange=exchange)
        equal((drain(ch, red), drain(ch, both)), ([b"r"], [b"r", b"b"]))
        ch.queue_unbind(both, exchange, "red")
        publish(ch, "red", b"r2", exchange=exchange)
        equal((drain(ch, red), drain(ch, both)), ([b"r2"], []))
        ch.exchange_delete(exchange)


@test
def fanout_copies_to_each_queue_once():
    with channel() as ch:
        exchange, queues = name("x"), [name() for _ in range(3)]
        ch.exchange_declare(exchange, "fanout", durable=True)
        for queue in queues:
            ch.queue_declare(queue, durable=True)
            ch.queue_bind(queue, exchange, "")
            ch.queue_bind(queue, exchange, "again")
        publish(ch, "whatever", b"1", b"2", exchange=exchange)
        equal([drain(ch, queue) for queue in queues], [[b"1", b"2"]] * 3)


@test
def topic_exchange_words_and_wildcards():
    with channel() as ch:
        exchange = name("x")
        ch.exchange_declare(exchange, "topic", durable=True)
        patterns = {"*.orange.*": name(), "*.*.rabbit": name(), "lazy.#": name(), "#": name(), "a.#.z": name(), "exact": name()}
        for pattern, queue in patterns.items():
            ch.queue_declare(queue, durable=True)
            ch.queue_bind(queue, exchange, pattern)
        keys = ["quick.orange.rabbit", "lazy.orange.fox", "lazy", "a.z", "a.b.c.z", "exact", "orange", "quick.orange.male.rabbit", ""]
        for key in keys:
            publish(ch, key, key.encode(), exchange=exchange)
        expected = {"*.orange.*": keys[0:2], "*.*.rabbit": keys[0:1], "lazy.#": keys[1:3], "#": keys, "a.#.z": keys[3:5],
                    "exact": keys[5:6]}
        for pattern, queue in patterns.items():
            equal(drain(ch, queue), [key.encode() for key in expected[pattern]], pattern)


@test
def headers_exchange_all_and_any():
    with channel() as ch:
        exchange, every, some = name("x"), name(), name()
        ch.exchange_declare(exchange, "headers", durable=True)
        for queue, match in ((every, "all"), (some, "any")):
            ch.queue_declare(queue, durable=True)
            ch.queue_bind(queue, exchange, "", {"x-match": match, "kind": "pdf", "pages": 3})
        for body, headers in ((b"both", {"kind": "pdf", "pages": 3, "other": 1}), (b"one", {"kind": "pdf", "pages": 4}),
                              (b"none", {"kind": "txt"}), (b"bare", None)):
            publish(ch, "", body, exchange=exchange, headers=headers)
        equal((drain(ch, every), drain(ch, some)), ([b"both"], [b"both", b"one"]))


@test
def exchange_bound_to_exchange():
    with channel() as ch:
        source, target, queue = name("x"), name("x"), name()
        ch.exchange_declare(source, "topic", durable=True)
        ch.exchange_declare(target, "fanout", durable=True)
        ch.queue_declare(queue, durable=True)
        ch.queue_bind(queue, target)
        ch.exchange_bind(target, source, "a.*")
        publish(ch, "a.b", b"yes", exchange=source)
        publish(ch, "b.a", b"no", exchange=source)
        equal(drain(ch, queue), [b"yes"])
        ch.exchange_unbind(target, source, "a.*")
        publish(ch, "a.b", b"late", exchange=source)
        equal(drain(ch, queue), [])


@test
def alternate_exchange_catches_what_nobody_wanted():
    with channel() as ch:
        spare, exchange, caught, wanted = name("x"), name("x"), name(), name()
        ch.exchange_declare(spare, "fanout", durable=True)
        ch.exchange_declare(exchange, "direct", durable=True, arguments={"alternate-exchange": spare})
        ch.queue_declare(caught, durable=True)
        ch.queue_bind(caught, spare)
        ch.queue_declare(wanted, durable=True)
        ch.queue_bind(wanted, exchange, "k")
        publish(ch, "k", b"wanted", exchange=exchange)
        publish(ch, "other", b"stray", exchange=exchange)
        equal((drain(ch, wanted), drain(ch, caught)), ([b"wanted"], [b"stray"]))


@test
def predeclared_exchanges_and_their_protection():
    with connection() as opened:
        ch = opened.channel()
        for exchange, kind in (("amq.direct", "direct"), ("amq.fanout", "fanout"), ("amq.topic", "topic"),
                               ("amq.headers", "headers"), ("amq.match", "headers")):
            ch.exchange_declare(exchange, kind, passive=True)
            ch.exchange_declare(exchange, kind, durable=True)
        closes_channel(403, lambda: ch.exchange_declare(name("amq.x"), "direct"))
        closes_channel(403, lambda: opened.channel().exchange_delete("amq.direct"))
        closes_channel(403, lambda: opened.channel().queue_bind(*[opened.channel().queue_declare("", exclusive=True).method.queue, ""]))


@test
def missing_and_different_declarations():
    with connection() as opened:
        queue, exchange = name(), name("x")
        closes_channel(404, lambda: opened.channel().queue_declare(queue, passive=True))
        closes_channel(404, lambda: opened.channel().exchange_declare(exchange, passive=True))
        closes_channel(404, lambda: opened.channel().basic_get(queue))
        closes_channel(404, lambda: opened.channel().queue_bind(queue, "amq.direct", "k"))
        ch = opened.channel()
        ch.queue_declare(queue, durable=True)
        ch.exchange_declare(exchange, "direct", durable=True)
        ch.queue_declare(queue, durable=True)
        ch.exchange_declare(exchange, "direct", durable=True)
        closes_channel(406, lambda: opened.channel().queue_declare(queue, durable=False))
        closes_channel(406, lambda: opened.channel().queue_declare(queue, durable=True, arguments={"x-max-length": 5}))
        closes_channel(406, lambda: opened.channel().exchange_declare(exchange, "topic", durable=True))
        equal(ch.is_open, True)


@test
def publish_to_a_missing_exchange_closes_the_channel():
    with connection() as opened:
        ch = opened.channel()

        def action():
            ch.basic_publish(name("x"), "k", b"lost")
            ch.queue_declare(name(), exclusive=True)

        closes_channel(404, action)


@test
def mandatory_message_without_a_queue_comes_back():
    with channel() as ch:
        key = name()
        try:
            ch.basic_publish("amq.direct", key, b"nowhere", pika.BasicProperties(message_id="id-1"), mandatory=True)
        except pika.exceptions.UnroutableError as error:
            back = error.messages[0]
            equal((back.method.reply_code, back.method.exchange, back.method.routing_key, back.body, back.properties.message_id),
                  (312, "amq.direct", key, b"nowhere", "id-1"))
        else:
            raise AssertionError("no basic.return")
        ch.basic_publish("amq.direct", key, b"dropped silently", mandatory=False)


@test
def rpc_over_reply_to_queue():
    with connection() as opened:
        server, client = opened.channel(), opened.channel()
        requests = name("rpc")
        server.queue_declare(requests, durable=False)
        server.basic_consume(requests, lambda _c, m, p, body: (
            server.basic_publish("", p.reply_to, body.upper(), pika.BasicProperties(correlation_id=p.correlation_id)),
            server.basic_ack(m.delivery_tag)))
        replies = client.queue_declare("", exclusive=True).method.queue
        equal(replies.startswith("amq."), True, replies)
        client.basic_publish("", requests, b"hello", pika.BasicProperties(reply_to=replies, correlation_id="7"))
        got = consume(client, replies, 1)
        equal((got[0][2], got[0][1].correlation_id), (b"HELLO", "7"))


@test
def rpc_over_direct_reply_to():
    with connection() as opened:
        server, client = opened.channel(), opened.channel()
        requests, got = name("rpc"), []
        server.queue_declare(requests)
        server.basic_consume(requests, lambda _c, m, p, body: server.basic_publish(
            "", p.reply_to, body[::-1], pika.BasicProperties(correlation_id=p.correlation_id)), auto_ack=True)
        client.basic_consume("amq.rabbitmq.reply-to", lambda _c, _m, p, body: got.append((p.correlation_id, body)), auto_ack=True)
        client.basic_publish("", requests, b"abc", pika.BasicProperties(reply_to="amq.rabbitmq.reply-to", correlation_id="9"))
        pump(client, lambda: got)
        equal(got, [("9", b"cba")])


@test
def transactions_commit_and_roll_back():
    with connection() as opened:
        ch, other = opened.channel(), opened.channel()
        queue = name()
        ch.queue_declare(queue, durable=True)
        ch.tx_select()
        publish(ch, queue, b"gone")
        ch.tx_rollback()
        publish(ch, queue, b"kept", b"kept too")
        equal(count(other, queue), 0)
        ch.tx_commit()
        equal(drain(other, queue), [b"kept", b"kept too"])


@test
def wrong_password_and_unknown_vhost_are_refused():
    for options, expected in (({"password": "wrong"}, pika.exceptions.ProbableAuthenticationError),
                              ({"user": "nobody"}, pika.exceptions.ProbableAuthenticationError),
                              ({"vhost": name("vhost")}, pika.exceptions.ConnectionClosedByBroker)):
        try:
            pika.BlockingConnection(parameters(**options)).close()
        except pika.exceptions.AMQPConnectionError as error:
            found = error
        else:
            raise AssertionError(f"accepted {options}")
        equal(isinstance(found, (expected, pika.exceptions.ProbableAccessDeniedError)), True, f"{options}: {found!r}")


@test
def heartbeats_keep_an_idle_connection():
    with connection(heartbeat=1) as opened:
        ch = opened.channel()
        opened.process_data_events(4)
        equal(opened.is_open, True)
        ch.queue_declare(name(), exclusive=True)


@test
def silent_client_is_dropped():
    opened = pika.BlockingConnection(parameters(heartbeat=1))
    ch = opened.channel()
    queue = name()
    ch.queue_declare(queue, exclusive=True)
    time.sleep(5)
    try:
        ch.queue_declare(queue, passive=True)
        raise AssertionError("the server kept a client that was silent for five heartbeats")
    except pika.exceptions.AMQPError:
        pass
    with connection() as fresh:
        closes_channel(404, lambda: fresh.channel().queue_declare(queue, passive=True))


@test
def many_channels_on_one_connection():
    with connection() as opened:
        queue = name()
        channels = [opened.channel() for _ in range(100)]
        channels[0].queue_declare(queue, durable=True)
        for number, ch in enumerate(channels):
            ch.basic_publish("", queue, str(number).encode())
        for ch in channels[1:]:
            ch.close()
        bodies = sorted(int(body) for _, _, body in consume(channels[0], queue, 100))
        equal(bodies, list(range(100)))


@test
def server_tells_its_properties():
    with connection() as opened:
        properties = opened._impl.server_properties
        for capability in ("publisher_confirms", "exchange_exchange_bindings", "basic.nack", "consumer_cancel_notify",
                           "connection.blocked", "authentication_failure_close"):
            equal(properties["capabilities"].get(capability), True, capability)
        if "product" not in properties:
            raise Skip("no product")


if __name__ == "__main__":
    main()
