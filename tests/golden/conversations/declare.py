"""Exchanges and queues: flags, arguments with good and bad values, redeclarations, passive declarations, deletions."""

import itertools

from book import add, conversation
from wire import Value, show


def label(number, value):
    """A part of a name: the value without what would need quotes."""
    return f"{number}-{show(value)}".replace("'", "")


FLAGS = ("durable", "auto_delete", "internal")
QUEUE_FLAGS = ("durable", "exclusive", "auto_delete")
TYPES = ("direct", "fanout", "topic", "headers")

VALUES = [0, 1, 5, -1, 1000, 255, 256, Value("l", 5), Value("b", 5), Value("b", -5), Value("B", 5), Value("s", 5),
          Value("i", 5), Value("u", 5), Value("l", 2**32), Value("l", 2**40), Value("l", -2**40), 1.5, "5", "", "abc", True, None,
          Value("x", b"5"), [1], {"a": 1}, Value("T", 5), Value("D", (1, 50))]
NUMBERS = ("x-message-ttl", "x-expires", "x-max-length", "x-max-length-bytes", "x-max-priority", "x-delivery-limit",
           "x-queue-version")
TEXTS = {"x-dead-letter-exchange": ["", "amq.direct", "missing"], "x-dead-letter-routing-key": ["", "key"],
         "x-overflow": ["drop-head", "reject-publish", "reject-publish-dlx", "other"],
         "x-queue-mode": ["default", "lazy", "other"], "x-queue-type": ["classic", "quorum", "other"],
         "x-single-active-consumer": [], "x-unknown": ["text"], "other": ["text"]}


def exchange_flags(t, kind, flags):
    name, chosen = t.n("x"), dict(zip(FLAGS, flags))
    t.exchange(name, kind, **chosen)
    t.exchange(name, kind, passive=True)
    t.exchange(name, "", passive=True)
    t.exchange(name, kind, **chosen)
    for flag in FLAGS:
        t.exchange(name, kind, **{**chosen, flag: not chosen[flag]})
    for other in TYPES + ("no-such-kind",):
        if other != kind:
            t.exchange(name, other, **chosen)
    t.exchange(name, kind, **chosen, arguments={"alternate-exchange": "amq.direct"})
    t.exchange(name, kind, **chosen, arguments={"unknown": "amq.direct"})
    t.publish("key", "lost", name)
    t.call("exchange.delete", exchange=name, if_unused=True)
    t.exchange(name, kind, passive=True)


for exchange_kind in TYPES:
    for combination in itertools.product((False, True), repeat=3):
        add(exchange_flags, exchange_kind, combination, name=f"{exchange_kind}-{''.join('ny'[flag] for flag in combination)}")


def exchange_argument(t, value):
    name = t.n("x")
    t.exchange(name, arguments={"alternate-exchange": value})
    t.exchange(name, arguments={"alternate-exchange": value})
    t.exchange(name)
    t.exchange(name, arguments={"alternate-exchange": "amq.fanout"})


for number, argument in enumerate(VALUES + ["amq.direct", "missing"]):
    add(exchange_argument, argument, name=label(number, argument))


def queue_flags(t, flags, arguments):
    name, chosen = t.n("q"), dict(zip(QUEUE_FLAGS, flags))
    t.declare(name, **chosen, arguments=arguments)
    t.declare(name, passive=True)
    t.declare(name, passive=True, durable=True, exclusive=True, auto_delete=True)
    for flag in QUEUE_FLAGS:
        t.declare(name, **{**chosen, flag: not chosen[flag]}, arguments=arguments)
    t.declare(name, **chosen, arguments=arguments)
    # Another connection.
    t.declare(name, link=1, passive=True)
    t.declare(name, link=1, **chosen, arguments=arguments)
    t.bind(name, "amq.direct", "k", link=1)
    t.call("queue.purge", link=1, queue=name)
    t.get(name, link=1)
    t.call("basic.consume", link=1, queue=name, consumer_tag="c")
    t.call("queue.delete", link=1, queue=name)
    t.close(0)
    t.declare(name, passive=True)


for combination in itertools.product((False, True), repeat=3):
    letters = "".join("ny"[flag] for flag in combination)
    add(queue_flags, combination, {}, name=f"classic-{letters}")
    add(queue_flags, combination, {"x-queue-type": "quorum"}, name=f"quorum-{letters}")


def typed_number(value):
    return value.value if isinstance(value, Value) else value


def queue_argument(t, key, value, kind):
    name, typed = t.n("q"), {"x-queue-type": kind} if kind else {}
    more = {"x-dead-letter-exchange": "amq.fanout"} if key == "x-dead-letter-routing-key" else {}
    t.declare(name, durable=True, arguments={**typed, **more, key: value})
    if key == "x-expires" and isinstance(typed_number(value), int) and 0 < typed_number(value) < 10000:
        return  # it may be gone already
    t.declare(name, durable=True, arguments={**typed, **more, key: value})
    t.declare(name, durable=True, arguments={**typed, **more})
    t.declare(name, durable=True, arguments={**typed, **more, key: 77})
    t.declare(name, durable=True, arguments={**typed, **more, key: "drop-head"})
    t.declare(name, passive=True, arguments={key: 3})
    t.call("queue.delete", queue=name)


for argument_name in NUMBERS + tuple(TEXTS):
    for number, argument in enumerate(VALUES + TEXTS.get(argument_name, [])):
        add(queue_argument, argument_name, argument, "", name=f"{argument_name}-{label(number, argument)}")


def quorum_arguments(t, key):
    for number, value in enumerate([60000, 0, -1, "abc", "reject-publish", "reject-publish-dlx", "drop-head", "lazy", True]):
        name = t.n(f"q{number}")
        t.declare(name, durable=True, arguments={"x-queue-type": "quorum", key: value})
        t.declare(name, durable=True, arguments={"x-queue-type": "quorum"})
        t.declare(name, durable=True, arguments={key: value})


for argument_name in NUMBERS + tuple(TEXTS):
    add(quorum_arguments, argument_name, name=argument_name)


@conversation
def queue_type_changes(t):
    kinds = [{}, {"x-queue-type": "classic"}, {"x-queue-type": "quorum"}]
    for number, first in enumerate(kinds):
        t.declare(t.n(f"q{number}"), durable=True, arguments=first)
        for second in kinds:
            t.declare(t.n(f"q{number}"), durable=True, arguments=second)


@conversation
def words_the_runtime_knows(t):
    """Exchange types that are no types, but words."""
    t.exchange(t.n("x"), "")
    t.exchange(t.n("x"), "unknown")


@conversation
def several_arguments_differ(t):
    first = {"x-max-length": 5, "x-message-ttl": 60000, "x-expires": 600000, "x-max-priority": 3}
    t.declare(t.n("q"), arguments=first)
    for name in first:
        t.declare(t.n("q"), arguments={**first, name: 4})
        t.declare(t.n("q"), arguments={key: value for key, value in first.items() if key != name})
    t.declare(t.n("q"), arguments={name: Value("l", value) for name, value in first.items()})
    t.declare(t.n("q"), durable=True, arguments={**first, "x-max-length": 4})
    t.declare(t.n("q"), arguments={})


@conversation
def conflicting_arguments(t):
    t.declare(t.n("a"), arguments={"x-dead-letter-routing-key": "k"})
    t.declare(t.n("b"), arguments={"x-overflow": "reject-publish"})
    t.declare(t.n("c"), arguments={"x-max-priority": 5, "x-single-active-consumer": True})
    t.declare(t.n("d"), durable=True, arguments={"x-max-priority": 5, "x-queue-type": "quorum"})
    t.declare(t.n("e"), durable=True, arguments={"x-queue-mode": "lazy", "x-queue-type": "quorum"})
    t.declare(t.n("f"), arguments={"x-max-length": -1, "x-message-ttl": "no"})
    t.declare(t.n("g"), arguments={"x-message-ttl": 5, "x-expires": 0})


@conversation
def reserved_and_odd_names(t):
    for name in ("amq.mine", "amq.direct", "amq.", "amq", "AMQ.mine", "x" * 255, "ünïcode", "with space", "a/b?c#d",
                 "line\nend", "line\r\nend"):
        t.declare(name + ("" if name.startswith("amq") or len(name) > 200 else t.n("")), exclusive=True)
    for name in ("amq.mine", "amq.", "amq", "AMQ.mine", "y" * 255, "ünïcode", "with space", "line\nend"):
        t.exchange(name, auto_delete=True)
        t.exchange(name, passive=True)
    t.exchange("amq.direct", "direct", durable=True)
    t.exchange("amq.direct", "direct")
    t.exchange("amq.direct", "topic", durable=True)
    t.exchange("amq.missing", passive=True)
    t.declare("amq.missing", passive=True)


@conversation
def not_utf8(t):
    t.declare(b"\xff\xfe")
    t.exchange(b"\xff\xfe")
    t.declare(t.n("q"))
    t.bind(t.n("q"), "amq.direct", b"\xff")
    t.publish(b"\xff", "x", "amq.direct")
    t.get(t.n("q"))


@conversation
def the_default_exchange(t):
    t.exchange("")
    t.exchange("", passive=True)
    t.call("exchange.delete", exchange="")
    t.declare(t.n("q"))
    t.bind(t.n("q"), "", "k")
    t.bind("missing", "", "k")
    t.call("queue.unbind", queue=t.n("q"), exchange="", routing_key="k")
    t.call("exchange.bind", destination="", source="amq.direct")
    t.call("exchange.bind", destination="amq.direct", source="")
    t.call("exchange.unbind", destination="", source="amq.direct")
    t.call("exchange.unbind", destination="amq.direct", source="")


@conversation
def predeclared_exchanges(t):
    for name in ("amq.direct", "amq.fanout", "amq.topic", "amq.headers", "amq.match", "amq.rabbitmq.trace", "amq.rabbitmq.log"):
        t.exchange(name, passive=True)
        t.call("exchange.delete", exchange=name)
        t.publish("k", "x", name)
        t.call("queue.delete", queue=t.n("none"))
    t.exchange("amq.headers", "headers", durable=True)
    t.exchange("amq.rabbitmq.trace", "topic", durable=True, internal=True)


@conversation
def deletions(t):
    q, x = t.n("q"), t.n("x")
    t.call("queue.delete", queue=q)
    t.call("queue.delete", queue=q, if_unused=True, if_empty=True)
    t.call("exchange.delete", exchange=x)
    t.call("exchange.delete", exchange=x, if_unused=True)
    t.declare(q)
    t.exchange(x)
    t.bind(q, x, "k")
    t.call("exchange.delete", exchange=x, if_unused=True)
    t.call("confirm.select", ch=2)
    t.confirmed("k", "m", x, ch=2)
    t.call("queue.delete", queue=q, if_empty=True)
    t.call("basic.consume", ch=3, queue=q, consumer_tag="c")
    t.events(1, ch=3)
    t.call("queue.delete", queue=q, if_unused=True)
    t.call("queue.delete", queue=q, if_empty=True)
    t.call("queue.delete", queue=q, if_empty=True, if_unused=True)
    t.send("basic.ack", ch=3, delivery_tag=1)
    t.confirmed("k", "m2", x, ch=2)
    t.events(1, ch=3)
    t.call("queue.delete", queue=q)
    t.events(1, ch=3)
    t.call("exchange.delete", exchange=x, if_unused=True)
    t.call("exchange.delete", exchange=x)


@conversation
def no_wait(t):
    q, x = t.n("q"), t.n("x")
    t.send("exchange.declare", exchange=x, type="fanout", no_wait=True)
    t.send("queue.declare", queue=q, no_wait=True)
    t.send("queue.bind", queue=q, exchange=x, no_wait=True)
    t.send("confirm.select", no_wait=True)
    t.confirmed("", "one", x)
    t.declare(q, passive=True)
    t.send("queue.purge", queue=q, no_wait=True)
    t.declare(q, passive=True)
    t.send("basic.consume", queue=q, consumer_tag="c", no_wait=True, no_ack=True)
    t.publish("", "two", x)
    # The delivery and the confirm, in either order.
    t.events(2)
    t.quiet()
    t.send("basic.cancel", consumer_tag="c", no_wait=True)
    t.send("queue.unbind", queue=q, exchange=x)
    t.reply()
    t.send("exchange.bind", destination=x, source="amq.fanout", no_wait=True)
    t.send("exchange.unbind", destination=x, source="amq.fanout", no_wait=True)
    t.send("queue.delete", queue=q, no_wait=True)
    t.send("exchange.delete", exchange=x, no_wait=True)
    t.exchange(x, passive=True)
    t.declare(q, passive=True)
    t.send("queue.declare", queue=q, passive=True, no_wait=True)
    t.reply()


@conversation
def last_declared_queue(t):
    for method, more in (("queue.declare", {"passive": True}), ("queue.bind", {"exchange": "amq.direct"}),
                         ("queue.unbind", {"exchange": "amq.direct"}), ("queue.purge", {}), ("queue.delete", {}),
                         ("basic.consume", {"consumer_tag": "c"}), ("basic.get", {})):
        t.call(method, ch=5, queue="", **more)
    t.declare(t.n("q"))
    t.call("queue.bind", queue="", exchange="amq.direct", routing_key="")
    t.call("queue.bind", queue="", exchange="amq.direct", routing_key="k")
    t.call("confirm.select")
    t.confirmed(t.n("q"), "by the queue's name", "amq.direct")
    t.confirmed("", "by nothing", "amq.direct")
    t.get("")
    t.call("queue.purge", queue="")
    t.call("basic.consume", queue="", consumer_tag="c")
    t.call("queue.declare", queue="", passive=True)
    t.call("queue.delete", queue="")
    t.events(1)
    t.call("queue.declare", queue="", passive=True)
    t.call("queue.declare", queue="", exclusive=True)
    t.call("queue.declare", queue="", passive=True)
    t.call("queue.declare", queue="", exclusive=True, passive=True)
    t.call("queue.declare", queue="", durable=True, auto_delete=True)
    t.call("queue.delete", queue="")


@conversation
def missing_things(t):
    t.declare("missing", passive=True)
    t.exchange("missing", passive=True)
    t.exchange("missing", "unknown", passive=True)
    t.declare(t.n("q"))
    t.bind("missing", "amq.direct", "k")
    t.bind(t.n("q"), "missing", "k")
    t.bind("missing", "missing2", "k")
    t.call("queue.unbind", queue="missing", exchange="amq.direct")
    t.call("queue.unbind", queue=t.n("q"), exchange="missing")
    t.call("queue.unbind", queue=t.n("q"), exchange="amq.direct", routing_key="never")
    t.call("exchange.bind", destination="missing", source="amq.direct")
    t.call("exchange.bind", destination="amq.direct", source="missing")
    t.call("exchange.unbind", destination="missing", source="amq.direct")
    t.call("exchange.unbind", destination="amq.direct", source="missing")
    t.call("exchange.unbind", destination="amq.direct", source="amq.topic", routing_key="never")
    t.call("queue.purge", queue="missing")
    t.get("missing")
    t.call("basic.consume", queue="missing", consumer_tag="c")
    t.call("basic.cancel", consumer_tag="missing")
    t.publish("k", "x", "missing")
    t.reply(about="publish")


@conversation
def auto_delete_life(t):
    q, x = t.n("q"), t.n("x")
    t.declare(q, auto_delete=True)
    t.declare(q, passive=True, ch=2)
    t.call("basic.consume", ch=2, queue=q, consumer_tag="a")
    t.call("basic.consume", ch=3, queue=q, consumer_tag="b")
    t.call("basic.cancel", ch=2, consumer_tag="a")
    t.declare(q, passive=True)
    t.call("channel.close", ch=3, reply_code=200)
    t.links[0].open_channels.discard(3)
    t.declare(q, passive=True)
    t.exchange(x, auto_delete=True)
    t.declare(q)
    t.bind(q, x, "k")
    t.bind(q, x, "l")
    t.call("queue.unbind", queue=q, exchange=x, routing_key="k")
    t.exchange(x, passive=True)
    t.call("queue.unbind", queue=q, exchange=x, routing_key="l")
    t.exchange(x, passive=True)
    t.exchange(x, auto_delete=True)
    t.exchange(t.n("y"), auto_delete=True)
    t.call("exchange.bind", source=x, destination=t.n("y"))
    t.bind(q, t.n("y"), "k")
    t.call("queue.delete", queue=q)
    t.exchange(t.n("y"), passive=True)
    t.exchange(x, passive=True)


@conversation
def exclusive_life(t):
    q = t.n("q")
    t.declare(q, exclusive=True, link=1)
    for method, more in (("queue.declare", {}), ("queue.declare", {"passive": True}), ("queue.declare", {"exclusive": True}),
                         ("queue.bind", {"exchange": "amq.direct"}), ("queue.unbind", {"exchange": "amq.direct"}),
                         ("queue.purge", {}), ("queue.delete", {}), ("basic.consume", {"consumer_tag": "c"}), ("basic.get", {})):
        t.call(method, queue=q, **more)
    t.call("confirm.select")
    t.confirmed(q, "anyone may publish")
    t.declare(q, link=1, passive=True)
    t.close(1)
    t.declare(q, passive=True)


@conversation
def names_with_line_ends(t):
    q, x, other = t.n("q"), t.n("x"), t.n("other")
    t.call("confirm.select", ch=8)
    t.exchange(f"{x}\r\n")
    t.exchange(f"\n{x}", passive=True)
    t.exchange(x, passive=True)
    t.exchange(f"{other}\r", "fanout")
    t.declare(f"\r{q}\n")
    t.declare(f"{q}\r\n", passive=True)
    t.bind(f"{q}\n", f"{x}\r", "k\n")
    t.call("exchange.bind", source=f"{other}\n", destination=f"\n{x}", routing_key="k\n")
    for exchange in (x, other):
        t.confirmed("k\n", "m", exchange, ch=8, mandatory=True)
        t.confirmed("k", "m", exchange, ch=8, mandatory=True)
    t.confirmed("k\n", "m", f"{x}\n", ch=7)
    t.drain(q)
    for method in ("basic.get", "queue.purge", "basic.consume"):
        t.call(method, ch=6, queue=f"{q}\n")
    t.call("queue.unbind", queue=f"{q}\n", exchange=f"{x}\n", routing_key="k\n")
    t.call("exchange.unbind", source=f"{other}\n", destination=f"{x}\n", routing_key="k\n")
    t.call("queue.delete", queue=f"\n{q}\n")
    t.declare(q, passive=True)
    for name in (x, other):
        t.call("exchange.delete", exchange=f"{name}\r\n")
        t.exchange(name, ch=5, passive=True)
    t.exchange("\r\n", ch=4)
    t.declare("\r\n", ch=3, passive=True)
