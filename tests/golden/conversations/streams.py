"""Streams: what they may be declared with, how they are read, and what they refuse; and limits for a whole channel."""

from book import add, conversation
from wire import Value

STREAM = {"x-queue-type": "stream"}


def stream(t, name, **more):
    return t.declare(name, durable=True, arguments={**STREAM, **more})


def filled(t, name, count=5):
    stream(t, name)
    t.call("confirm.select", ch=8)
    for number in range(count):
        t.confirmed(name, f"{number}", ch=8, headers={"n": number})


def stream_argument(t, argument, value):
    stream(t, t.n("s"), **{argument: value})
    stream(t, t.n("s"), **{argument: value})
    stream(t, t.n("s"))
    t.call("queue.delete", queue=t.n("s"))


for argument, values in {
        "x-max-age": ["1h", "7D", "1Y", "30m", "5s", "2M", "5", "h", "-1h", "1.5h", "1w", "", 5, True],
        "x-max-length-bytes": [1_000_000, 0, -1, "5", Value("l", 1 << 40)],
        "x-stream-max-segment-size-bytes": [1_000_000, Value("l", 3_000_000_000), Value("l", 3_000_000_001), -1, "5"],
        "x-initial-cluster-size": [1, 3, 0, -1, "5"],
        "x-queue-leader-locator": ["client-local", "least-leaders", "random", "other", 5],
        "x-message-ttl": [1000], "x-expires": [1000], "x-max-length": [5], "x-overflow": ["drop-head"], "x-max-priority": [5],
        "x-dead-letter-exchange": ["amq.direct"], "x-single-active-consumer": [True], "x-delivery-limit": [5]}.items():
    for number, each in enumerate(values):
        add(stream_argument, argument, each, name=f"{argument}-{number}")


@conversation
def stream_flags(t):
    for flags in ({}, {"durable": True, "exclusive": True}, {"durable": True, "auto_delete": True}, {"durable": True}):
        t.declare(t.n("s"), arguments=STREAM, **flags)
    t.declare("", durable=True, arguments=STREAM)
    t.declare(t.n("s"), passive=True)
    t.declare(t.n("s"), durable=True)


@conversation
def stream_refuses(t):
    filled(t, t.n("s"), 1)
    t.get(t.n("s"))
    t.get(t.n("s"), no_ack=False)
    t.call("queue.purge", queue=t.n("s"))
    t.call("basic.consume", ch=2, queue=t.n("s"))
    t.call("basic.qos", ch=3, prefetch_count=5)
    t.call("basic.consume", ch=3, queue=t.n("s"), no_ack=True)
    t.call("basic.qos", ch=4, prefetch_count=5)
    t.call("basic.consume", ch=4, queue=t.n("s"), arguments={"x-priority": 5})
    t.call("basic.qos", ch=5, prefetch_count=5, **{"global": True})
    t.call("basic.consume", ch=5, queue=t.n("s"))


def stream_offset(t, offset, count):
    filled(t, t.n("s"))
    t.call("basic.qos", prefetch_count=20)
    t.call("basic.consume", queue=t.n("s"), consumer_tag="c", arguments={} if offset is None else {"x-stream-offset": offset})
    t.events(count, until=("basic.deliver",))
    t.confirmed(t.n("s"), "later", ch=8)
    t.events(1, until=("basic.deliver",))
    t.call("basic.cancel", consumer_tag="c")
    t.quiet()


for number, (stream_start, expected) in enumerate((("first", 5), ("next", 0), (None, 0), (0, 5), (3, 2), (Value("l", 4), 1),
                                                   (Value("b", 2), 3), ("last", 1))):
    add(stream_offset, stream_start, expected, name=f"{number}")


@conversation
def stream_offsets_that_are_none(t):
    filled(t, t.n("s"), 1)
    for channel, offset in enumerate((-1, "other", "", True, 1.5, [1], "1w"), 2):
        t.call("basic.qos", ch=channel, prefetch_count=5)
        t.call("basic.consume", ch=channel, queue=t.n("s"), arguments={"x-stream-offset": offset})


@conversation
def stream_leaves_everything(t):
    filled(t, t.n("s"), 4)
    for channel in (2, 3):
        t.call("basic.qos", ch=channel, prefetch_count=2)
        t.call("basic.consume", ch=channel, queue=t.n("s"), arguments={"x-stream-offset": "first"})
        t.events(2, ch=channel, until=("basic.deliver",))
    t.send("basic.ack", ch=2, delivery_tag=2, multiple=True)
    t.events(2, ch=2, until=("basic.deliver",))
    t.send("basic.ack", ch=3, delivery_tag=1)
    t.events(1, ch=3, until=("basic.deliver",))
    t.quiet(ch=2)
    t.quiet(ch=3)
    t.call("queue.delete", queue=t.n("s"))


@conversation
def stream_bindings(t):
    stream(t, t.n("s"))
    t.declare(t.n("q"))
    t.exchange(t.n("x"), "topic")
    t.bind(t.n("s"), t.n("x"), "a.#")
    t.bind(t.n("q"), t.n("x"), "#")
    t.call("confirm.select", ch=8)
    for key in ("a", "a.b", "b"):
        t.confirmed(key, key, t.n("x"), ch=8, mandatory=True, message_id=key, headers={"k": key})
    t.drain(t.n("q"))
    t.call("basic.qos", prefetch_count=20)
    t.call("basic.consume", queue=t.n("s"), consumer_tag="c", arguments={"x-stream-offset": "first"})
    t.events(2, until=("basic.deliver",))
    t.call("queue.unbind", queue=t.n("s"), exchange=t.n("x"), routing_key="a.#")
    t.confirmed("a", "lost", t.n("x"), ch=8)
    t.quiet()


def shared_limit(t, limit, own):
    queues = [t.n("a"), t.n("b")]
    t.call("confirm.select", ch=8)
    for queue in queues:
        t.declare(queue)
    if own:
        t.call("basic.qos", prefetch_count=own)
    t.call("basic.qos", prefetch_count=limit, **{"global": True})
    t.call("basic.consume", queue=queues[0], consumer_tag="one")
    for number in range(4):
        t.confirmed(queues[0], f"{number}", ch=8)
    t.quiet()
    t.call("basic.consume", queue=queues[1], consumer_tag="two")
    t.confirmed(queues[1], "other", ch=8)
    t.quiet()
    t.send("basic.ack", delivery_tag=1)
    t.quiet()
    t.send("basic.nack", delivery_tag=0, multiple=True, requeue=False)
    t.quiet()
    t.call("basic.qos", prefetch_count=0, **{"global": True})
    t.quiet()


# Where both queues wait for the same room, it is left open which one goes first.
for shared, single in ((3, 1), (10, 2), (0, 0)):
    add(shared_limit, shared, single, name=f"{shared}-{single}")


@conversation
def shared_limit_of_quorum_queues(t):
    t.declare(t.n("q"), durable=True, arguments={"x-queue-type": "quorum"})
    t.call("basic.qos", prefetch_count=2, **{"global": True})
    t.call("basic.consume", queue=t.n("q"))


@conversation
def quorum_returns(t):
    t.declare(t.n("q"), durable=True, arguments={"x-queue-type": "quorum"})
    t.call("confirm.select", ch=8)
    t.confirmed(t.n("q"), "m", ch=8)
    for number in range(4):
        tag = t.get(t.n("q"), no_ack=False).get("delivery_tag", 0)
        if number % 2:
            t.send("basic.nack", delivery_tag=tag, requeue=True)
        else:
            t.send("basic.reject", delivery_tag=tag, requeue=True)
        t.until_count(t.n("q"), 1)
    t.get(t.n("q"))
