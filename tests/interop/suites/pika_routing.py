"""AMQP 0-9-1 with pika: where messages go. needs: amqp"""

import datetime
import time

import pika
from pika_helpers import channel, closes_channel, connection, consume, count, drain, publish
from suite import equal, main, name, test


def queues(ch, number):
    made = [name() for _ in range(number)]
    for queue in made:
        ch.queue_declare(queue, durable=True)
    return made


@test
def headers_bindings_of_every_kind():
    with channel() as ch:
        exchange = name("x")
        ch.exchange_declare(exchange, "headers", durable=True)
        every, some, present, hidden, all_x, any_x, empty = queues(ch, 7)
        ch.queue_bind(every, exchange, "", {"a": 1, "b": "two"})
        ch.queue_bind(some, exchange, "", {"x-match": "any", "a": 1, "b": "two"})
        ch.queue_bind(present, exchange, "", {"c": None})
        ch.queue_bind(hidden, exchange, "", {"x-match": "all", "a": 1, "x-kind": "k"})
        ch.queue_bind(all_x, exchange, "", {"x-match": "all-with-x", "a": 1, "x-kind": "k"})
        ch.queue_bind(any_x, exchange, "", {"x-match": "any-with-x", "z": 1, "x-kind": "k"})
        ch.queue_bind(empty, exchange, "")
        for body, headers in ((b"1", {"a": 1, "b": "two"}), (b"2", {"a": 1}), (b"3", {"b": "two", "c": False}),
                              (b"4", {"a": 1, "x-kind": "k"}), (b"5", {"c": "anything"}), (b"6", None)):
            publish(ch, "ignored", body, exchange=exchange, headers=headers)
        equal([drain(ch, q) for q in (every, some, present, hidden, all_x, any_x, empty)],
              [[b"1"], [b"1", b"2", b"3", b"4"], [b"3", b"5"], [b"1", b"2", b"4"], [b"4"], [b"4"],
               [b"1", b"2", b"3", b"4", b"5", b"6"]])


@test
def headers_are_compared_by_value():
    at = datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=datetime.timezone.utc)
    values = [1, 2**40, True, "text", ["a", 1], {"k": "v"}, at]
    with channel() as ch:
        for value in values:
            [queue] = queues(ch, 1)
            ch.queue_bind(queue, "amq.match", "", {"queue": queue, "v": value})
            for sent in values:
                publish(ch, "", repr(sent).encode(), exchange="amq.match", headers={"queue": queue, "v": sent})
            equal(drain(ch, queue), [repr(value).encode()])


@test
def an_unknown_match_is_refused():
    with channel() as ch:
        [queue] = queues(ch, 1)
        closes_channel(406, lambda: ch.queue_bind(queue, "amq.headers", "", {"x-match": "most"}))


@test
def copies_go_to_further_queues():
    with channel() as ch:
        first, copy, blind = queues(ch, 3)
        publish(ch, first, b"m", headers={"CC": [copy, first], "BCC": [blind], "n": 1})
        for queue in (first, copy, blind):
            method, properties, body = ch.basic_get(queue, auto_ack=True)
            equal((body, method.routing_key, properties.headers), (b"m", first, {"CC": [copy, first], "n": 1}))
            equal(count(ch, queue), 0)


@test
def copies_by_a_topic_exchange():
    with channel() as ch:
        one, two = queues(ch, 2)
        prefix = name("k")
        ch.queue_bind(one, "amq.topic", prefix + ".one.#")
        ch.queue_bind(two, "amq.topic", prefix + ".two.#")
        publish(ch, prefix + ".one.x", b"m", exchange="amq.topic", headers={"CC": [prefix + ".two.y", prefix + ".one.z"]})
        equal((drain(ch, one), drain(ch, two)), ([b"m"], [b"m"]))


@test
def a_message_with_a_routable_copy_is_not_returned():
    with channel() as ch:
        [queue] = queues(ch, 1)
        ch.basic_publish("", name("nowhere"), b"m", pika.BasicProperties(headers={"BCC": [queue]}), mandatory=True)
        equal(drain(ch, queue), [b"m"])
        try:
            ch.basic_publish("", name("nowhere"), b"m", pika.BasicProperties(headers={"CC": [name()]}), mandatory=True)
        except pika.exceptions.UnroutableError as error:
            equal([m.body for m in error.messages], [b"m"])
        else:
            raise AssertionError("not returned")


@test
def copies_that_are_no_list_are_refused():
    for header in ("CC", "BCC"):
        with channel() as ch:
            properties = pika.BasicProperties(headers={header: "queue"})
            text = closes_channel(406, lambda: ch.basic_publish("", name(), b"m", properties))
            equal(text, f'PRECONDITION_FAILED - invalid message: {{unacceptable_type_in_header,"{header}",longstr}}')


@test
def copies_stay_with_a_dead_letter_unless_the_queue_names_a_key():
    with channel() as ch:
        exchange, dead, copy, blind = name("dlx"), name(), name(), name()
        ch.exchange_declare(exchange, "direct", durable=True)
        for arguments, expected in (({}, {"dead": True, "CC": True}), ({"x-dead-letter-routing-key": "key"}, {})):
            source = name()
            ch.queue_declare(source, durable=True, arguments={"x-dead-letter-exchange": exchange} | arguments)
            targets = {key: name() for key in (source, copy, blind, "key")}
            for key, target in targets.items():
                ch.queue_declare(target, durable=True)
                ch.queue_bind(target, exchange, key)
            publish(ch, source, b"m", headers={"CC": [copy], "BCC": [blind]})
            method, _, _ = ch.basic_get(source)
            ch.basic_reject(method.delivery_tag, requeue=False)
            reached = (source, copy, blind) if expected else ("key",)
            for key in reached:
                take_headers(ch, targets[key], source, copy, expected)
            for key, target in targets.items():
                equal(count(ch, target), 0, key)
                ch.queue_delete(target)


def take_headers(ch, target, source, copy, expected):
    for _ in range(500):
        _, properties, _ = ch.basic_get(target, auto_ack=True)
        if properties is not None:
            break
        ch.connection.process_data_events(0.01)
    equal(properties.headers["x-death"][0]["routing-keys"], [source, copy])
    equal("CC" in properties.headers, "CC" in expected)
    equal("BCC" in properties.headers, False)


@test
def settlements_of_a_transaction():
    with channel(confirms=False) as ch, channel() as other:
        [queue] = queues(other, 1)
        publish(other, queue, b"1", b"2", b"3")
        ch.tx_select()
        tags = [ch.basic_get(queue)[0].delivery_tag for _ in range(3)]
        ch.basic_ack(tags[0])
        ch.basic_reject(tags[1], requeue=False)
        ch.tx_rollback()
        ch.basic_ack(tags[1], multiple=True)
        ch.basic_nack(tags[2], requeue=True)
        equal(drain(other, queue), [])
        ch.tx_commit()
        equal(drain(other, queue), [b"3"])


@test
def unroutable_messages_of_a_transaction_are_returned_by_the_commit():
    with channel(confirms=False) as ch:
        returned = []
        ch.add_on_return_callback(lambda _ch, method, _properties, body: returned.append((method.reply_code, body)))
        ch.tx_select()
        ch.basic_publish("", name("nowhere"), b"gone", mandatory=True)
        ch.tx_rollback()
        ch.basic_publish("", name("nowhere"), b"lost", mandatory=True)
        ch.connection.process_data_events(0.2)
        equal(returned, [])
        ch.tx_commit()
        ch.connection.process_data_events(0.2)
        equal(returned, [(312, b"lost")])


@test
def transactions_and_confirms_do_not_mix():
    with channel(confirms=True) as ch:
        equal(closes_channel(406, ch.tx_select), "PRECONDITION_FAILED - cannot switch from confirm to tx mode")
    with channel(confirms=False) as ch:
        ch.tx_select()
        equal(closes_channel(406, ch.confirm_delivery), "PRECONDITION_FAILED - cannot switch from tx to confirm mode")
    with channel(confirms=False) as ch:
        equal(closes_channel(406, ch.tx_commit), "PRECONDITION_FAILED - channel is not transactional")


@test
def a_consistent_hash_keeps_a_key_in_one_queue():
    with channel() as ch:
        for arguments, properties in (({}, None), ({"hash-header": "customer"}, "header"),
                                      ({"hash-property": "message_id"}, "property")):
            exchange, one, two = name("x"), *queues(ch, 2)
            ch.exchange_declare(exchange, "x-consistent-hash", durable=True, arguments=arguments)
            ch.queue_bind(one, exchange, "5")
            ch.queue_bind(two, exchange, "15")
            for i in range(200):
                key = str(i % 50)
                publish(ch, key if properties is None else "same", key.encode(), exchange=exchange, message_id=key,
                        headers={"customer": key})
            got = [drain(ch, one), drain(ch, two)]
            equal(len(got[0]) + len(got[1]), 200)
            equal(set(got[0]) & set(got[1]), set())
            equal(len(got[1]) > len(got[0]) > 0, True)


@test
def random_and_modulus_exchanges_choose_one_queue():
    with channel() as ch:
        for kind in ("x-random", "x-modulus-hash"):
            exchange, one, two = name("x"), *queues(ch, 2)
            ch.exchange_declare(exchange, kind, durable=True)
            ch.queue_bind(one, exchange, "a")
            ch.queue_bind(two, exchange, "b")
            for i in range(100):
                publish(ch, str(i), b"m", exchange=exchange)
            got = [len(drain(ch, one)), len(drain(ch, two))]
            equal((sum(got), min(got) > 0), (100, True))


@test
def declarations_that_differ_are_told_how():
    with connection() as opened:
        def refused(code, text, action):
            equal(closes_channel(code, lambda: action(opened.channel())), text)

        ch = opened.channel()
        x, q = name("x"), name()
        ch.exchange_declare(x, "direct", durable=True)
        ch.queue_declare(q, durable=True, arguments={"x-max-length": 10})
        where = f"for exchange '{x}' in vhost '/'"
        refused(406, f"PRECONDITION_FAILED - inequivalent arg 'type' {where}: received 'fanout' but current is 'direct'",
                lambda c: c.exchange_declare(x, "fanout", durable=True))
        for flag, received, current in (("durable", "false", "true"), ("auto_delete", "true", "false"),
                                        ("internal", "true", "false")):
            refused(406, f"PRECONDITION_FAILED - inequivalent arg '{flag}' {where}: received '{received}' but current is "
                    f"'{current}'", lambda c, f=flag: c.exchange_declare(x, "direct", **({"durable": True} | {f: f != "durable"})))
        refused(406, f"PRECONDITION_FAILED - inequivalent arg 'alternate-exchange' {where}: received the value 'y' of type "
                "'longstr' but current is none",
                lambda c: c.exchange_declare(x, "direct", durable=True, arguments={"alternate-exchange": "y"}))
        refused(406, f"PRECONDITION_FAILED - invalid type 'signedint' for arg 'alternate-exchange' in exchange '{x}2' in "
                "vhost '/'", lambda c: c.exchange_declare(x + "2", "direct", arguments={"alternate-exchange": 5}))
        refused(406, f"PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue '{q}' in vhost '/': received '11' "
                "but current is '10'", lambda c: c.queue_declare(q, durable=True, arguments={"x-max-length": 11}))


@test
def what_is_not_there_can_be_unbound():
    with connection() as opened:
        ch = opened.channel()
        x, q = name("x"), name()
        ch.exchange_declare(x, "direct", durable=True)
        ch.queue_declare(q, durable=True)
        ch.queue_unbind(name(), name(), "k")
        ch.queue_unbind(name(), x, "k")
        ch.queue_unbind(q, x, "k")
        ch.exchange_unbind(name(), x, "k")
        for action in (lambda c: c.queue_bind(q, name(), "k"), lambda c: c.queue_bind(name(), x, "k"),
                       lambda c: c.exchange_bind(x, name(), "k")):
            closes_channel(404, lambda a=action: a(opened.channel()))


@test
def circles_of_exchanges_end():
    with channel() as ch:
        [queue] = queues(ch, 1)
        ring = [name("x") for _ in range(10)]
        for exchange in ring:
            ch.exchange_declare(exchange, "fanout", durable=True, arguments={"alternate-exchange": ring[0]})
        for source, destination in zip(ring, ring[1:] + ring[:1]):
            ch.exchange_bind(destination, source)
        ch.queue_bind(queue, ring[5])
        publish(ch, "k", b"once", exchange=ring[0])
        equal(drain(ch, queue), [b"once"])
        for exchange in ring:
            ch.exchange_delete(exchange)


@test
def delayed_messages_wait_each_for_its_time():
    with channel() as ch:
        exchange = name("later")
        ch.exchange_declare(exchange, "x-delayed-message", durable=True, arguments={"x-delayed-type": "direct"})
        ch.exchange_declare(exchange, passive=True)
        [queue] = queues(ch, 1)
        ch.queue_bind(queue, exchange, "k")
        started = time.monotonic()
        for body, delay in ((b"last", 1500), (b"first", 500), (b"middle", 1000)):
            publish(ch, "k", body, exchange=exchange, headers={"x-delay": delay})
        publish(ch, "k", b"at once", exchange=exchange)
        got = consume(ch, queue, 4)
        equal([body for _, _, body in got], [b"at once", b"first", b"middle", b"last"])
        equal(time.monotonic() - started >= 1.5, True, "the last one came too early")
        equal([properties.headers["x-delay"] for _, properties, _ in got[1:]], [-500, -1000, -1500])
        ch.exchange_delete(exchange)


if __name__ == "__main__":
    main()
