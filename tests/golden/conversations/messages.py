"""Publishing, getting, consuming, settling, confirms and transactions."""

import itertools

from book import add, conversation
from wire import Value, show

PROPERTY_VALUES = {
    "content_type": ["text/plain", "", "ü"], "content_encoding": ["gzip"], "delivery_mode": [0, 1, 2, 3, 255],
    "priority": [0, 1, 9, 255], "correlation_id": ["c", "x" * 255], "reply_to": ["r", "amq.direct"], "message_id": ["m"],
    "timestamp": [0, 1, 2**63 - 1], "type": ["t"], "app_id": ["a"], "cluster_id": ["k"],
    "user_id": ["guest", "other", ""], "expiration": ["60000", "0", "", "-1", "1.5", "abc", "4294967295", "4294967296",
                                                      "315360000000", "315360000001", "00060000", "+60000", " 60000", "60000 "]}
HEADER_VALUES = [True, False, Value("b", -5), Value("B", 5), Value("s", -300), Value("u", 300), -70000, Value("i", 70000),
                 Value("l", -2**40), Value("L", 2**40), Value("f", 0.5), 1.5, Value("D", (2, 314)), "text", "", "ü", b"\x00\xff",
                 [1, "two", [True]], {"a": {"b": []}}, Value("T", 1000), None, Value("x", b""), {}, []]


def prepared(t, queue="q", confirms=True, **arguments):
    t.declare(t.n(queue), arguments=arguments)
    if confirms:
        t.call("confirm.select")
    return t.n(queue)


def a_property(t, name, value):
    q = prepared(t)
    t.confirmed(q, "body", **{name: value})
    t.get(q)


for property_name, values in PROPERTY_VALUES.items():
    for number, property_value in enumerate(values):
        add(a_property, property_name, property_value, name=f"{property_name}-{number}")


def a_header(t, value):
    q = prepared(t)
    t.confirmed(q, "body", headers={"h": value, "other": 1})
    t.get(q)


for number, header_value in enumerate(HEADER_VALUES):
    add(a_header, header_value, name=f"{number}-{show(header_value)[:1]}")


@conversation
def header_of_unknown_type(t):
    q = prepared(t)
    t.confirmed(q, "body", headers={"h": Value("Z", b"1234")})
    t.get(q)


@conversation
def header_names(t):
    q = prepared(t)
    t.confirmed(q, "body", headers={"": 1, "x" * 128: 2, "x" * 255: 3, "ü": 4})
    t.get(q)
    t.confirmed(q, "body", headers={})
    t.get(q)


@conversation
def bodies(t):
    q = prepared(t)
    for size in (0, 1, 4088, 131063, 131064, 131065, 300000):
        t.confirmed(q, bytes(number % 251 for number in range(size)))
        t.get(q)


def all_flags(t, no_ack, mandatory, redeliver):
    q = prepared(t)
    for number in range(3):
        t.confirmed(q, f"m{number}", mandatory=mandatory)
    t.get(q, no_ack=no_ack)
    t.get(q, no_ack=no_ack)
    if redeliver:
        t.call("basic.recover", requeue=True)
        t.until_count(q, 1 if no_ack else 3)
        t.get(q, no_ack=no_ack)
        t.get(q, no_ack=no_ack)
    t.send("basic.ack", delivery_tag=1, multiple=True)
    t.call("basic.qos")
    t.until_count(q, {(False, False): 1, (False, True): 3, (True, False): 1, (True, True): 0}[no_ack, redeliver])
    t.call("queue.purge", queue=q)


for combination in itertools.product((False, True), repeat=3):
    add(all_flags, *combination, name="".join("ny"[flag] for flag in combination))


@conversation
def get_from_empty(t):
    q = prepared(t)
    t.get(q)
    t.get(q, no_ack=False)
    t.call("queue.purge", queue=q)


@conversation
def returns(t):
    t.call("confirm.select")
    t.confirmed("nowhere", "lost")
    t.confirmed("nowhere", "lost", mandatory=True, content_type="text/plain", headers={"a": 1})
    t.confirmed("k", "lost", "amq.direct", mandatory=True)
    t.confirmed("k", "lost", "amq.fanout", mandatory=True)
    t.confirmed("k" * 255, b"", "amq.topic", mandatory=True)
    t.publish("k", "unconfirmed", "amq.topic", ch=2, mandatory=True)
    t.events(1, ch=2)
    t.publish("k", "x", "amq.direct", ch=3, immediate=True)
    t.reply(ch=3, about="immediate")


@conversation
def publish_errors(t):
    t.publish("k", "x", "missing")
    t.reply(about="missing exchange")
    t.exchange(t.n("internal"), "fanout", internal=True)
    t.publish("k", "x", t.n("internal"))
    t.reply(about="internal exchange")
    t.publish("k", "x", headers={"CC": "no list"})
    t.reply(about="CC")
    t.publish("k", "x", headers={"BCC": 5})
    t.reply(about="BCC")
    t.publish("k", "x", headers={"CC": [1]})
    t.declare("missing", passive=True)
    t.publish("k", "x", "amq.direct", user_id="nobody")
    t.reply(about="user-id")


def settlements(t, method, multiple, requeue, tag):
    q = prepared(t)
    for number in range(4):
        t.confirmed(q, f"m{number}")
    for _ in range(3):
        t.get(q, no_ack=False)
    more = {"basic.ack": {"multiple": multiple}, "basic.nack": {"multiple": multiple, "requeue": requeue},
            "basic.reject": {"requeue": requeue}}[method]
    t.send(method, delivery_tag=tag, **more)
    t.declare(q, passive=True)
    t.send(method, delivery_tag=tag, **more)
    t.declare(q, passive=True)
    t.drain(q)


for settle in ("basic.ack", "basic.nack", "basic.reject"):
    for flags in itertools.product((False, True), repeat=2):
        if settle == "basic.ack" and flags[1] or settle == "basic.reject" and flags[0]:
            continue
        for delivery_tag in (0, 1, 2, 3, 4, 99):
            add(settlements, settle, *flags, delivery_tag, name=f"{settle}-{flags[0]:d}{flags[1]:d}-{delivery_tag}")


def recover(t, method, requeue, consumers):
    q = prepared(t)
    for number in range(3):
        t.confirmed(q, f"m{number}")
    if consumers:
        t.call("basic.consume", queue=q, consumer_tag="c")
        t.events(3)
    else:
        for _ in range(3):
            t.get(q, no_ack=False)
    t.send("basic.ack", delivery_tag=2)
    if method == "basic.recover":
        t.call(method, requeue=requeue)
    else:
        t.send(method, requeue=requeue)
    if consumers:
        t.events(2)
    t.until_count(q, 2 if requeue and not consumers else 0)


for recovery in itertools.product(("basic.recover", "basic.recover-async"), (False, True), (False, True)):
    add(recover, *recovery, name=f"{recovery[0]}-{recovery[1]:d}{recovery[2]:d}")


@conversation
def the_channel_gives_back(t):
    q = prepared(t)
    for number in range(4):
        t.confirmed(q, f"m{number}")
    t.get(q, ch=2, no_ack=False)
    t.get(q, ch=2, no_ack=False)
    t.call("channel.close", ch=2, reply_code=200)
    t.links[0].open_channels.discard(2)
    t.get(q, ch=3, no_ack=False)
    t.get(q, ch=3, no_ack=False)
    t.get(q, ch=3, no_ack=False)
    t.send("basic.reject", ch=3, delivery_tag=2, requeue=True)
    t.send("basic.nack", ch=3, delivery_tag=3, multiple=True, requeue=True)
    t.drain(q)


def qos(t, count, size, no_ack):
    q = prepared(t)
    for number in range(6):
        t.confirmed(q, f"m{number}")
    t.call("basic.qos", ch=2, prefetch_count=count, prefetch_size=size)
    t.call("basic.consume", ch=2, queue=q, consumer_tag="c", no_ack=no_ack)
    if size:
        return
    expected = 6 if no_ack or not count else min(count, 6)
    t.events(expected, ch=2)
    t.quiet(ch=2)
    if not no_ack:
        t.send("basic.ack", ch=2, delivery_tag=1, multiple=False)
        t.events(min(1, 6 - expected), ch=2)
        t.send("basic.ack", ch=2, delivery_tag=0, multiple=True)
        t.events(min(count, 5 - expected) if expected < 5 else 0, ch=2)
    t.declare(q, passive=True)


for qos_arguments in itertools.product((0, 1, 2, 65535), (0, 1), (False, True)):
    add(qos, *qos_arguments, name="-".join(str(int(argument)) for argument in qos_arguments))


@conversation
def qos_changes(t):
    q = prepared(t)
    for number in range(8):
        t.confirmed(q, f"m{number}")
    t.call("basic.qos", ch=2, prefetch_count=1)
    t.call("basic.consume", ch=2, queue=q, consumer_tag="one")
    t.events(1, ch=2)
    t.call("basic.qos", ch=2, prefetch_count=3)
    t.quiet(ch=2)
    t.call("basic.consume", ch=2, queue=q, consumer_tag="three")
    t.events(3, ch=2)
    t.call("basic.cancel", ch=2, consumer_tag="one")
    t.send("basic.ack", ch=2, delivery_tag=1)
    t.quiet(ch=2)
    t.send("basic.ack", ch=2, delivery_tag=2)
    t.events(1, ch=2)


@conversation
def consumer_tags(t):
    q = prepared(t)
    t.call("basic.consume", queue=q, consumer_tag="c")
    t.call("basic.consume", queue=q, consumer_tag="c", ch=2)
    t.call("basic.consume", queue=q, consumer_tag="")
    t.call("basic.consume", queue=q, consumer_tag="x" * 255)
    t.call("basic.consume", queue=q, consumer_tag="ü")
    t.declare(q, passive=True)
    t.call("basic.cancel", consumer_tag="missing")
    t.call("basic.cancel", consumer_tag="")
    t.call("basic.cancel", consumer_tag="c")
    t.call("basic.cancel", consumer_tag="c")
    t.call("basic.cancel", consumer_tag="c", ch=2)
    t.declare(q, passive=True)
    t.call("basic.consume", queue=q, consumer_tag="twice")
    t.call("basic.consume", queue=q, consumer_tag="twice")


def exclusive_consumers(t, first, second):
    q = prepared(t)
    t.call("basic.consume", queue=q, consumer_tag="a", exclusive=first)
    t.call("basic.consume", queue=q, consumer_tag="b", exclusive=second, ch=2)
    t.call("basic.consume", queue=q, consumer_tag="c", link=1)
    t.declare(q, passive=True)
    t.call("basic.cancel", consumer_tag="a")
    t.call("basic.consume", queue=q, consumer_tag="b", exclusive=second, ch=3)
    t.declare(q, passive=True)


for pair in itertools.product((False, True), repeat=2):
    add(exclusive_consumers, *pair, name=f"{pair[0]:d}{pair[1]:d}")


def consume_arguments(t, arguments):
    q = prepared(t)
    t.call("basic.consume", queue=q, consumer_tag="c", arguments=arguments)
    t.declare(q, passive=True)


for number, consumer_arguments in enumerate([
        {"x-priority": value} for value in (0, 10, -10, Value("l", 2**40), "5", True, 1.5, None)] + [
        {"x-cancel-on-ha-failover": value} for value in (True, 1, "yes")] + [
        {"x-stream-offset": "first"}, {"unknown": 1}, {"x-unknown": [1]}, {"x-credit": {"credit": 1, "drain": False}}]):
    add(consume_arguments, consumer_arguments, name=f"{number}-{next(iter(consumer_arguments))}")


@conversation
def consumer_priorities(t):
    q = prepared(t)
    t.call("basic.qos", ch=2, prefetch_count=1)
    t.call("basic.qos", ch=3, prefetch_count=2)
    t.call("basic.consume", queue=q, ch=2, consumer_tag="low")
    t.call("basic.consume", queue=q, ch=3, consumer_tag="high", arguments={"x-priority": 5})
    for number in range(4):
        t.confirmed(q, f"m{number}")
    t.events(2, ch=3)
    t.events(1, ch=2)
    t.declare(q, passive=True)
    t.send("basic.ack", ch=3, delivery_tag=1)
    t.events(1, ch=3)


@conversation
def round_robin(t):
    q = prepared(t)
    for tag in "abc":
        t.call("basic.consume", ch=2, queue=q, consumer_tag=tag, no_ack=True)
    for number in range(7):
        t.confirmed(q, f"m{number}")
        t.events(1, ch=2)


@conversation
def single_active_consumer(t):
    q = prepared(t, **{"x-single-active-consumer": True})
    t.call("basic.consume", queue=q, consumer_tag="excl", ch=5, exclusive=True)
    for channel, tag in ((2, "a"), (3, "b"), (4, "c")):
        t.call("basic.consume", ch=channel, queue=q, consumer_tag=tag, arguments={"x-priority": 1} if tag == "c" else {})
    t.confirmed(q, "one")
    t.declare(q, passive=True)
    t.quiet(ch=3)
    t.call("basic.cancel", ch=2, consumer_tag="a")
    t.confirmed(q, "two")
    t.quiet(ch=2)


@conversation
def no_local_is_ignored(t):
    q = prepared(t)
    t.call("basic.consume", queue=q, consumer_tag="c", no_local=True, no_ack=True, ch=2)
    t.confirmed(q, "mine")
    t.events(1, ch=2)


@conversation
def cancelled_by_the_server(t):
    for link, capabilities in ((1, None), (2, {})):
        q = t.n(f"q{link}")
        t.login(link, capabilities=capabilities)
        t.declare(q)
        t.call("basic.consume", queue=q, consumer_tag="c", link=link)
        t.call("queue.delete", queue=q)
        t.events(1 if capabilities is None else 0, link=link)
        t.call("basic.cancel", consumer_tag="c", link=link)


@conversation
def confirms(t):
    q = prepared(t, confirms=False)
    t.publish(q, "unconfirmed")
    t.call("confirm.select")
    t.call("confirm.select")
    t.confirmed(q, "one")
    t.confirmed("nowhere", "two")
    t.confirmed(q, "three", delivery_mode=2)
    for number in range(10):
        t.publish(q, str(number))
    t.call("basic.qos")
    t.until_count(q, 13)
    t.call("tx.select")
    t.call("tx.select", ch=2)
    t.call("confirm.select", ch=2)


@conversation
def transactions(t):
    q = prepared(t, confirms=False)
    t.call("tx.commit", ch=5)
    t.call("tx.rollback", ch=6)
    t.call("tx.select")
    t.call("tx.select")
    t.publish(q, "one")
    t.publish("nowhere", "lost", mandatory=True)
    t.quiet()
    t.declare(q, ch=2, passive=True)
    t.call("tx.commit")
    t.events(1)
    t.declare(q, ch=2, passive=True)
    t.publish(q, "two")
    t.call("tx.rollback")
    t.declare(q, ch=2, passive=True)
    t.get(q, no_ack=False)
    t.send("basic.ack", delivery_tag=1)
    t.call("tx.rollback")
    t.send("basic.ack", delivery_tag=1)
    t.call("tx.commit")
    t.send("basic.ack", delivery_tag=1)
    t.reply(about="a second acknowledgement")


@conversation
def transaction_errors(t):
    q = prepared(t, confirms=False)
    t.call("tx.select")
    t.publish(q, "one")
    t.publish("k", "x", "missing")
    t.reply(about="missing exchange in a transaction")
    t.declare(q, ch=2, passive=True)
    t.call("tx.select", ch=3)
    t.publish(q, "kept", ch=3)
    t.send("basic.ack", ch=3, delivery_tag=7)
    t.call("tx.commit", ch=3)
    t.declare(q, ch=2, passive=True)
    t.call("tx.select", ch=4)
    t.publish(q, "dropped with its channel", ch=4)
    t.call("channel.close", ch=4, reply_code=200)
    t.declare(q, ch=2, passive=True)


@conversation
def transaction_rejects(t):
    q = prepared(t, **{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": t.n("dead")})
    t.declare(t.n("dead"))
    for number in range(3):
        t.confirmed(q, f"m{number}")
    t.call("tx.select", ch=2)
    for _ in range(3):
        t.get(q, ch=2, no_ack=False)
    t.send("basic.reject", ch=2, delivery_tag=1, requeue=False)
    t.send("basic.nack", ch=2, delivery_tag=2, requeue=True)
    t.declare(q, passive=True)
    t.call("tx.commit", ch=2)
    t.until_count(t.n("dead"), 1)
    t.declare(q, passive=True)
    t.get(t.n("dead"))


@conversation
def direct_reply_to(t):
    t.declare("amq.rabbitmq.reply-to", passive=True)
    t.call("basic.consume", queue="amq.rabbitmq.reply-to", consumer_tag="r")
    t.call("basic.consume", queue="amq.rabbitmq.reply-to", consumer_tag="r", no_ack=True)
    t.call("basic.consume", queue="amq.rabbitmq.reply-to", consumer_tag="s", no_ack=True)
    t.call("basic.consume", queue="amq.rabbitmq.reply-to", consumer_tag="r", no_ack=True)
    q = t.n("q")
    t.declare(q)
    t.publish(q, "question", reply_to="amq.rabbitmq.reply-to", correlation_id="1")
    t.until_count(q, 1)
    address = None
    found = None
    t.send("basic.get", link=1, queue=q, no_ack=True)
    found = t.await_reply(1, 1)
    address = found[3]["reply_to"]
    t.declare(address, link=1, passive=True)
    t.publish(address, "answer", link=1, correlation_id="1")
    t.events(1)
    t.publish("q", "x", ch=3, reply_to="amq.rabbitmq.reply-to")
    t.reply(ch=3, about="no consumer of replies")
    t.call("basic.cancel", consumer_tag="r")
    t.declare(address, link=1, passive=True)
    t.get("amq.rabbitmq.reply-to", ch=4)
    t.call("queue.delete", queue="amq.rabbitmq.reply-to", ch=4)
    t.bind("amq.rabbitmq.reply-to", "amq.direct", "k", ch=4)
    t.call("queue.purge", queue="amq.rabbitmq.reply-to", ch=4)
