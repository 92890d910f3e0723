"""How exchanges route: patterns, headers, bindings of exchanges, alternates, copies."""

import itertools

from book import add, conversation
from wire import Value


def routed(t, exchange, key, queues, **properties):
    """Publishes, and says which queues have it."""
    t.confirmed(key, "m", exchange, ch=8, mandatory=True, **properties)
    for queue in queues:
        t.get(queue, ch=7)


PATTERNS = ("", "#", "*", "a", "a.b", "*.b", "a.*", "#.b", "a.#", "a.#.b", "*.*", "#.#", "*.#", "a.*.#", "#.*.b", "a..b", "*.*.*", "..",
            "a#", "#a", "a.*b")
KEYS = ("", "a", "b", "a.b", "a.b.c", "a.x.b", "a.x.y.b", "a..b", ".", "..", "a.", ".b", "b.a", "#", "*", "a.#", "a#", "a.xb")


def topic(t, pattern):
    q, x = t.n("q"), t.n("x")
    t.call("confirm.select", ch=8)
    t.declare(q)
    t.exchange(x, "topic")
    t.bind(q, x, pattern)
    for key in KEYS:
        t.confirmed(key, key or "empty", x, ch=8)
    t.drain(q)


for number, binding_pattern in enumerate(PATTERNS):
    add(topic, binding_pattern, name=f"{number}-{binding_pattern}")

MATCHES = (None, "all", "any", "all-with-x", "any-with-x")
BINDINGS = ({}, {"a": 1}, {"a": "1"}, {"a": 1, "b": "x"}, {"a": None}, {"x-a": 1}, {"x-a": 1, "b": "x"}, {"a": True}, {"a": 1.0},
            {"a": [1]}, {"a": {"c": 1}}, {"a": Value("T", 1)}, {"a": b"1"}, {"a": ""})
HEADERS = ({}, {"a": 1}, {"a": "1"}, {"a": Value("l", 1)}, {"a": 2}, {"a": 1, "b": "x"}, {"b": "x"}, {"x-a": 1}, {"x-a": 1, "b": "x"},
           {"a": None}, {"a": True}, {"a": 1.0}, {"a": [1]}, {"a": {"c": 1}}, {"a": Value("T", 1)}, {"a": b"1"}, {"a": ""}, None)


def headers(t, match, binding):
    q, x = t.n("q"), t.n("x")
    t.call("confirm.select", ch=8)
    t.declare(q)
    t.exchange(x, "headers")
    t.bind(q, x, "ignored", arguments={**binding, **({"x-match": match} if match else {})})
    for number, sent in enumerate(HEADERS):
        t.confirmed("key", f"{number}", x, ch=8, **({} if sent is None else {"headers": sent}))
    t.drain(q)


for header_match, (number, header_binding) in itertools.product(MATCHES, enumerate(BINDINGS)):
    add(headers, header_match, header_binding, name=f"{header_match}-{number}")


@conversation
def headers_bad_match(t):
    q, x = t.n("q"), t.n("x")
    t.declare(q)
    t.exchange(x, "headers")
    for match in ("other", "", "ALL", 1, True, None, ["all"]):
        t.bind(q, x, "", arguments={"x-match": match, "a": 1})
    t.bind(q, "amq.direct", "", arguments={"x-match": "other"})


@conversation
def direct_and_fanout(t):
    queues = [t.n("a"), t.n("b")]
    t.call("confirm.select", ch=8)
    for kind in ("direct", "fanout"):
        t.exchange(t.n(kind), kind)
    for queue in queues:
        t.declare(queue)
        t.bind(queue, t.n("direct"), "k")
        t.bind(queue, t.n("direct"), "k")
        t.bind(queue, t.n("fanout"), queue)
    t.bind(queues[0], t.n("direct"), "")
    t.bind(queues[0], t.n("direct"), "k", arguments={"x": 1})
    t.bind(queues[0], t.n("direct"), "k", arguments={"x": 2})
    for kind in ("direct", "fanout"):
        for key in ("k", "", "other", "K"):
            routed(t, t.n(kind), key, queues)
    t.call("queue.unbind", queue=queues[0], exchange=t.n("direct"), routing_key="k")
    routed(t, t.n("direct"), "k", queues)
    t.call("queue.unbind", queue=queues[0], exchange=t.n("direct"), routing_key="k", arguments={"x": 1})
    t.call("queue.unbind", queue=queues[0], exchange=t.n("direct"), routing_key="k", arguments={"x": 3})
    routed(t, t.n("direct"), "k", queues)
    t.call("queue.unbind", queue=queues[0], exchange=t.n("direct"), routing_key="k", arguments={"x": Value("l", 2)})
    routed(t, t.n("direct"), "k", queues)


# Weights in the order of their bindings; which one goes after the first look, and which one comes again.
RINGS = (("1", "1"), ("1", "1", "1"), ("10", "1", "3"), ("2", "5", "3", "7"), ("1", "100", "+20", "003"), ("1",) * 12)


def consistent_hash(t, weights, gone):
    names = [t.n(f"q{number}") for number in range(len(weights))]
    x = t.n("x")
    t.call("confirm.select", ch=8)
    t.exchange(x, "x-consistent-hash")
    for name, weight in zip(names, weights):
        t.declare(name)
        t.bind(name, x, weight)
        t.bind(name, x, weight)

    def spread():
        for number in range(20):
            t.confirmed(f"key.{number}" * (number % 4), f"{number}", x, ch=8)
        for name in names:
            t.drain(name)

    spread()
    t.call("queue.unbind", queue=names[gone], exchange=x, routing_key=weights[gone])
    spread()
    t.bind(names[gone], x, "2")
    spread()
    t.call("queue.delete", queue=names[0])
    spread()


for ring, ring_weights in enumerate(RINGS):
    add(consistent_hash, ring_weights, ring % len(ring_weights), name=f"{ring}")


def consistent_hash_of_properties(t, name):
    queues = [t.n(f"q{number}") for number in range(5)]
    x = t.n("x")
    t.call("confirm.select", ch=8)
    t.exchange(x, "x-consistent-hash", arguments={"hash-property": name})
    for queue in queues:
        t.declare(queue)
        t.bind(queue, x, "3")
    for number in range(12):
        t.confirmed("same", f"{number}", x, ch=8, **{name: 1000 + number if name == "timestamp" else f"{number}"})
    t.confirmed("same", "without", x, ch=8)
    for queue in queues:
        t.drain(queue)


for hashed_property in ("message_id", "correlation_id", "timestamp"):
    add(consistent_hash_of_properties, hashed_property, name=hashed_property)


@conversation
def consistent_hash_refusals(t):
    t.call("confirm.select", ch=8)
    t.declare(t.n("q"))
    for arguments in ({"hash-property": "type"}, {"hash-header": "h", "hash-property": "message_id"}):
        t.exchange(t.n("x"), "x-consistent-hash", arguments=arguments)
    t.exchange(t.n("x"), "x-consistent-hash")
    for weight in ("", "0", "-1", "+0", "x", "1.5", "1 "):
        t.bind(t.n("q"), t.n("x"), weight)
    t.confirmed("k", "m", t.n("x"), ch=8, mandatory=True)


@conversation
def default_exchange_routes_by_name(t):
    t.call("confirm.select", ch=8)
    t.declare(t.n("q"))
    routed(t, "", t.n("q"), [t.n("q")])
    routed(t, "", t.n("other"), [t.n("q")])


def exchange_bindings(t, source_kind, target_kind):
    q, a, b = t.n("q"), t.n("a"), t.n("b")
    t.call("confirm.select", ch=8)
    t.declare(q)
    t.exchange(a, source_kind)
    t.exchange(b, target_kind, internal=True)
    t.bind(q, b, "k.1", arguments={"h": 1})
    t.call("exchange.bind", source=a, destination=b, routing_key="k.1", arguments={"h": 1})
    t.call("exchange.bind", source=a, destination=b, routing_key="k.1", arguments={"h": 1})
    for key in ("k.1", "k.2"):
        routed(t, a, key, [q], headers={"h": 1})
    t.call("exchange.unbind", source=a, destination=b, routing_key="other")
    t.call("exchange.unbind", source=a, destination=b, routing_key="k.1", arguments={"h": 1})
    routed(t, a, "k.1", [q], headers={"h": 1})
    t.call("exchange.delete", exchange=a, if_unused=True)
    t.call("exchange.delete", exchange=b, if_unused=True)


for kinds in itertools.product(("direct", "fanout", "topic", "headers"), repeat=2):
    add(exchange_bindings, *kinds, name="-".join(kinds))


@conversation
def exchange_circle(t):
    q, a, b = t.n("q"), t.n("a"), t.n("b")
    t.call("confirm.select", ch=8)
    t.declare(q)
    for name, other in ((a, b), (b, a)):
        t.exchange(a, "fanout")
        t.exchange(b, "fanout")
        t.call("exchange.bind", source=name, destination=other)
    t.call("exchange.bind", source=a, destination=a)
    t.bind(q, b)
    routed(t, a, "k", [q])
    routed(t, b, "k", [q])


def alternates(t, kind, key):
    q, lost, x = t.n("q"), t.n("lost"), t.n("x")
    t.call("confirm.select", ch=8)
    for queue in (q, lost):
        t.declare(queue)
    t.exchange(t.n("ae"), "fanout", internal=True)
    t.exchange(x, kind, arguments={"alternate-exchange": t.n("ae")})
    t.bind(lost, t.n("ae"))
    t.bind(q, x, "k")
    routed(t, x, key, [q, lost])
    t.call("exchange.delete", exchange=t.n("ae"), if_unused=True)
    t.call("exchange.delete", exchange=t.n("ae"))
    routed(t, x, key, [q, lost])


for alternate_case in itertools.product(("direct", "fanout", "topic", "headers"), ("k", "other")):
    add(alternates, *alternate_case, name="-".join(alternate_case))


@conversation
def alternate_chain(t):
    t.call("confirm.select", ch=8)
    t.declare(t.n("q"))
    t.exchange(t.n("a"), arguments={"alternate-exchange": t.n("b")})
    t.exchange(t.n("b"), arguments={"alternate-exchange": t.n("c")})
    t.exchange(t.n("c"), arguments={"alternate-exchange": t.n("a")})
    routed(t, t.n("a"), "k", [t.n("q")])
    t.bind(t.n("q"), t.n("c"), "k")
    routed(t, t.n("a"), "k", [t.n("q")])
    t.exchange(t.n("self"), arguments={"alternate-exchange": t.n("self")})
    routed(t, t.n("self"), "k", [])


def copies(t, headers_sent):
    queues = [t.n(name) for name in ("a", "b", "c")]
    t.call("confirm.select", ch=8)
    for queue in queues:
        t.declare(queue)
    replaced = {name: [t.n(key) for key in keys] if isinstance(keys, list) else keys for name, keys in headers_sent.items()}
    routed(t, "", t.n("a"), queues, headers=replaced)
    routed(t, "", "nowhere", queues, headers=replaced)


for number, copied in enumerate(({"CC": ["b"]}, {"BCC": ["b"]}, {"CC": ["b"], "BCC": ["c"]}, {"CC": ["a", "a", "b"]},
                                 {"CC": ["missing"]}, {"CC": []}, {"BCC": [], "other": 1}, {"cc": ["b"]})):
    add(copies, copied, name=str(number))


@conversation
def copies_of_a_topic(t):
    queues = [t.n("a"), t.n("b")]
    t.call("confirm.select", ch=8)
    for queue in queues:
        t.declare(queue)
        t.bind(queue, "amq.topic", f"{queue}.#")
    routed(t, "amq.topic", f"{queues[0]}.x", queues, headers={"CC": [f"{queues[1]}.y"], "BCC": [f"{queues[1]}.z"]})
