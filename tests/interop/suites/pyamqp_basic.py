"""AMQP 0-9-1 with py-amqp (the library under Celery and Kombu): numbers of confirms, returns, floats. needs: amqp"""

import amqp
from suite import AMQP_PORT, HOST, equal, eventually, main, name, test


def connect(**options):
    opened = amqp.Connection(f"{HOST}:{AMQP_PORT}", userid="guest", password="guest", **options)
    opened.connect()
    return opened


def serve(opened, done, seconds=10):
    def step():
        try:
            opened.drain_events(timeout=0.05)
        except OSError:
            pass
        return done()

    eventually(step, seconds, "the events arrived")


@test
def confirms_number_every_publish():
    with connect() as opened:
        ch = opened.channel()
        queue, acknowledged = name(), set()
        ch.queue_declare(queue, durable=True, auto_delete=False)
        ch.confirm_select()

        def on_ack(tag, multiple):
            acknowledged.update(range(1, tag + 1) if multiple else [tag])

        ch.events["basic_ack"].add(on_ack)
        for number in range(200):
            # Past the library's own wait for each confirm.
            ch._basic_publish(amqp.Message(str(number), delivery_mode=2), routing_key=queue)
        serve(opened, lambda: len(acknowledged) == 200)
        equal(acknowledged, set(range(1, 201)))
        equal(ch.queue_declare(queue, passive=True).message_count, 200)


@test
def confirm_follows_the_return_of_an_unroutable_message():
    with connect() as opened:
        ch = opened.channel()
        events = []
        ch.confirm_select()
        ch.events["basic_return"].add(lambda error, exchange, key, message: events.append(("return", error.reply_code, message.body)))
        ch.events["basic_ack"].add(lambda tag, multiple: events.append(("ack", tag)))
        ch._basic_publish(amqp.Message("lost"), exchange="amq.direct", routing_key=name(), mandatory=True)
        serve(opened, lambda: len(events) == 2)
        equal(events, [("return", 312, "lost"), ("ack", 1)])


@test
def headers_of_every_type_it_can_send():
    with connect() as opened:
        ch = opened.channel()
        queue = ch.queue_declare("", exclusive=True).queue
        headers = {"float": 1.5, "int": -3, "long": 2**40, "text": "ü", "bool": False, "list": [1, {"a": "b"}], "none": None}
        ch.basic_publish(amqp.Message(b"\x00\x01", application_headers=headers, content_type="application/octet-stream"),
                         routing_key=queue)
        message = eventually(lambda: ch.basic_get(queue, no_ack=True), what="message")
        equal((bytes(message.body), message.headers), (b"\x00\x01", headers))


@test
def consume_acknowledge_and_cancel():
    with connect() as opened:
        ch = opened.channel()
        queue, got = name(), []
        ch.queue_declare(queue, durable=True, auto_delete=False)
        for number in range(5):
            ch.basic_publish_confirm(amqp.Message(str(number)), routing_key=queue)
        ch.basic_qos(0, 3, False)
        tag = ch.basic_consume(queue, callback=got.append)
        serve(opened, lambda: len(got) == 3)
        for message in got[:3]:
            ch.basic_ack(message.delivery_tag)
        serve(opened, lambda: len(got) == 5)
        ch.basic_cancel(tag)
        equal([message.body for message in got], ["0", "1", "2", "3", "4"])


@test
def channel_error_leaves_the_connection_open():
    with connect() as opened:
        ch = opened.channel()
        try:
            ch.queue_declare(name(), passive=True)
            raise AssertionError("a missing queue was found")
        except amqp.NotFound as error:
            equal((error.reply_code, error.method_name), (404, "Queue.declare"))
        equal(opened.channel().queue_declare("", exclusive=True).message_count, 0)


@test
def wrong_password_is_refused():
    try:
        amqp.Connection(f"{HOST}:{AMQP_PORT}", userid="guest", password="wrong").connect()
    except amqp.AccessRefused:
        return
    raise AssertionError("accepted")


@test
def heartbeats_are_exchanged():
    with connect(heartbeat=2) as opened:
        equal(opened.heartbeat, 2)

        def tick():
            try:
                opened.drain_events(timeout=0.2)
            except OSError:
                pass
            opened.heartbeat_tick(rate=2)
            return opened.bytes_recv > before

        before = opened.bytes_recv
        eventually(tick, 6, "a heartbeat arrived")


if __name__ == "__main__":
    main()
