"""What queues do with their messages: expiry, limits, priorities, dead letters, delivery limits."""

import itertools

from book import add, conversation

MODES = (None, "drop-head", "reject-publish", "reject-publish-dlx")


def limits(t, kind, limit, mode, dead, confirms):
    q, target = t.n("q"), t.n("dead")
    arguments = {kind: limit, **({"x-overflow": mode} if mode else {})}
    t.declare(target)
    if dead:
        arguments |= {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": target}
    t.declare(q, arguments=arguments)
    if confirms:
        t.call("confirm.select")
    for number in range(5):
        if confirms:
            t.confirmed(q, f"m{number}" * 2)
        else:
            t.publish(q, f"m{number}" * 2)
            t.call("basic.qos")
    t.drain(q)
    if dead:
        t.until_count(target, 0 if mode == "reject-publish" else 5 - (min(limit, 5) if kind == "x-max-length" else limit // 4))
        t.drain(target)


for limit_case in itertools.product((("x-max-length", 0), ("x-max-length", 1), ("x-max-length", 3), ("x-max-length-bytes", 0),
                                     ("x-max-length-bytes", 9)), MODES, (False, True), (False, True)):
    (limit_kind, limit_value), overflow, with_dead, with_confirms = limit_case
    add(limits, limit_kind, limit_value, overflow, with_dead, with_confirms,
        name=f"{limit_kind}-{limit_value}-{overflow}-{'dlx' if with_dead else 'drop'}-{'confirms' if with_confirms else 'plain'}")


def expiry(t, queue_ttl, message_ttl, dead):
    q, target = t.n("q"), t.n("dead")
    arguments = {} if queue_ttl is None else {"x-message-ttl": queue_ttl}
    t.declare(target)
    if dead:
        arguments |= {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": target}
    t.declare(q, arguments=arguments)
    t.call("confirm.select")
    more = {} if message_ttl is None else {"expiration": message_ttl}
    t.confirmed(q, "m", **more)
    if "40" in (str(queue_ttl), message_ttl) or 0 in (queue_ttl, int(message_ttl or -1)):
        t.until_count(q, 0)
        if dead:
            t.until_count(target, 1)
            t.get(target)
    t.get(q)


for expiry_case in itertools.product((None, 0, 40, 60000), (None, "0", "40", "60000"), (False, True)):
    add(expiry, *expiry_case, name="-".join(str(part) for part in expiry_case))


@conversation
def only_the_head_expires(t):
    q = t.n("q")
    t.declare(q)
    t.call("confirm.select")
    t.confirmed(q, "long", expiration="60000")
    t.confirmed(q, "short", expiration="20")
    t.sleep(0.1)
    t.declare(q, passive=True)
    t.drain(q)


@conversation
def zero_ttl_reaches_consumers(t):
    q = t.n("q")
    t.declare(q, arguments={"x-message-ttl": 0})
    t.call("confirm.select")
    t.call("basic.consume", ch=2, queue=q, consumer_tag="c", no_ack=True)
    t.confirmed(q, "one")
    t.events(1, ch=2)


@conversation
def queue_expiry(t):
    q = t.n("q")
    t.declare(q, arguments={"x-expires": 300})
    t.call("basic.consume", queue=q, consumer_tag="c", ch=2)
    t.sleep(0.5)
    t.declare(q, passive=True)
    t.call("basic.cancel", consumer_tag="c", ch=2)
    t.sleep(1.0)
    t.declare(q, passive=True)


def priorities(t, maximum, sent):
    q = t.n("q")
    t.declare(q, arguments={"x-max-priority": maximum})
    t.call("confirm.select")
    for number, priority in enumerate(sent):
        t.confirmed(q, f"{number}", **({} if priority is None else {"priority": priority}))
    t.get(q, no_ack=False)
    t.get(q, no_ack=False)
    t.send("basic.nack", delivery_tag=2, multiple=True, requeue=True)
    t.drain(q)


for highest in (0, 1, 3, 10, 255):
    for order, levels in enumerate([(0, 1, 2, 3), (None, 5, 0, 5), (255, 254, 10, 9, 11), (3, 3, 2, 2, 1, 1)]):
        add(priorities, highest, levels, name=f"{highest}-{order}")


@conversation
def priority_and_limit(t):
    q = t.n("q")
    t.declare(q, arguments={"x-max-priority": 5, "x-max-length": 2})
    t.call("confirm.select")
    for number, priority in enumerate((1, 5, 3, 0, 5)):
        t.confirmed(q, f"{number}", priority=priority)
    t.drain(q)


def dead_letters(t, reason, key, exchange, more):
    q, target = t.n("q"), t.n("dead")
    arguments = {"x-dead-letter-exchange": exchange if exchange in ("", "amq.fanout", "missing") else t.n(exchange)}
    if key:
        arguments["x-dead-letter-routing-key"] = target
    t.declare(target)
    if exchange == "x":
        t.exchange(t.n("x"), "topic")
        t.bind(target, t.n("x"), "#")
    if reason == "expired":
        arguments["x-message-ttl"] = 30
    if reason == "maxlen":
        arguments["x-max-length"] = 0
    t.declare(q, arguments=arguments)
    t.call("confirm.select")
    t.confirmed(q, "m", content_type="text/plain", message_id="1", **more)
    if reason == "rejected":
        t.get(q, no_ack=False)
        t.send("basic.reject", delivery_tag=1, requeue=False)
    if reason == "nacked":
        t.get(q, no_ack=False)
        t.send("basic.nack", delivery_tag=0, multiple=True, requeue=False)
    if exchange == "x" or exchange == "" and key:
        t.until_count(target, 1)
        t.get(target)
    t.until_count(q, 0)


EXTRAS = ({}, {"expiration": "60000"}, {"headers": {"own": 1, "CC": ["copy"]}}, {"headers": {"own": 1, "BCC": ["blind"]}},
          {"delivery_mode": 2, "priority": 3})
for dead_case in itertools.product(("rejected", "nacked", "expired", "maxlen"), (False, True), ("", "x", "missing"),
                                   range(len(EXTRAS))):
    dead_reason, own_key, to, extra = dead_case
    if to == "missing" and extra:
        continue
    add(dead_letters, dead_reason, own_key, to, EXTRAS[extra], name=f"{dead_reason}-{own_key:d}-{to or 'default'}-{extra}")


@conversation
def dead_letter_chain(t):
    """Rejected, then expired, then over the limit: x-death tells each, the newest first."""
    names = [t.n(name) for name in ("one", "two", "three", "four")]
    t.declare(names[3])
    t.declare(names[2], arguments={"x-max-length": 0, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": names[3]})
    t.declare(names[1], arguments={"x-message-ttl": 30, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": names[2]})
    t.declare(names[0], arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": names[1]})
    t.call("confirm.select")
    t.confirmed(names[0], "m", headers={"own": "kept"}, expiration="50000")
    t.get(names[0], no_ack=False)
    t.send("basic.reject", delivery_tag=1, requeue=False)
    t.until_count(names[3], 1)
    t.get(names[3])


@conversation
def dead_letters_go_around(t):
    """The same queue and reason counts up."""
    q, back = t.n("q"), t.n("back")
    t.declare(q, arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": back})
    t.declare(back, arguments={"x-message-ttl": 30, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": q})
    t.call("confirm.select")
    t.confirmed(q, "m")
    for tag in (1, 2, 3):
        t.until_count(q, 1)
        t.get(q, no_ack=False)
        t.send("basic.reject", delivery_tag=tag, requeue=False)
    t.until_count(q, 1)
    t.get(q)


@conversation
def dead_letter_cycle_without_rejection(t):
    """A message that only expires in a circle is dropped."""
    a, b = t.n("a"), t.n("b")
    t.declare(a, arguments={"x-message-ttl": 20, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": b})
    t.declare(b, arguments={"x-message-ttl": 20, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": a})
    t.declare(t.n("own"), arguments={"x-message-ttl": 20, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": t.n("own")})
    t.call("confirm.select")
    t.confirmed(a, "m")
    t.confirmed(t.n("own"), "m")
    t.sleep(0.4)
    for name in (a, b, t.n("own")):
        t.until_count(name, 0)


@conversation
def dead_letter_to_a_gone_queue(t):
    q = t.n("q")
    t.declare(q, arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": t.n("gone")})
    t.call("confirm.select")
    t.confirmed(q, "m")
    t.get(q, no_ack=False)
    t.send("basic.reject", delivery_tag=1, requeue=False)
    t.declare(q, passive=True)


@conversation
def forged_death_header(t):
    q, target = t.n("q"), t.n("dead")
    t.declare(target)
    t.declare(q, arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": target})
    t.call("confirm.select")
    for number, forged in enumerate(("text", [], [{"queue": q, "reason": "rejected", "count": 7}], [1], {"a": 1})):
        t.confirmed(q, "m", headers={"x-death": forged})
        t.get(q, no_ack=False)
        t.send("basic.reject", delivery_tag=number + 1, requeue=False)
        t.until_count(target, 1)
        t.get(target, ch=2)


def quorum_delivery_limit(t, limit, method):
    q, target = t.n("q"), t.n("dead")
    t.declare(target)
    t.declare(q, durable=True, arguments={"x-queue-type": "quorum", "x-delivery-limit": limit, "x-dead-letter-exchange": "",
                                          "x-dead-letter-routing-key": target})
    t.call("confirm.select")
    t.confirmed(q, "m")
    t.until_count(q, 1)
    for tag in range(1, limit + 2):
        t.get(q, no_ack=False)
        t.send(method, delivery_tag=tag, requeue=True)
        t.until_count(q, 0 if tag == limit + 1 else 1)
    t.until_count(target, 1)
    t.get(target)


# What basic.nack gives back counts no more in newer versions: streams.quorum_returns.
for limit_and_method in itertools.product((0, 1, 2), ("basic.reject",)):
    add(quorum_delivery_limit, *limit_and_method, name=f"{limit_and_method[0]}-{limit_and_method[1]}")


@conversation
def quorum_basics(t):
    q = t.n("q")
    t.declare(q, durable=True, arguments={"x-queue-type": "quorum", "x-delivery-limit": 20})
    t.call("confirm.select")
    t.confirmed(q, "one", priority=4, expiration="60000")
    t.confirmed(q, "two", delivery_mode=1)
    t.until_count(q, 2)
    t.get(q, no_ack=False)
    t.send("basic.reject", delivery_tag=1, requeue=True)
    t.until_count(q, 2)
    t.get(q, no_ack=False)
    t.call("basic.consume", queue=q, consumer_tag="c", ch=2)
    t.events(1, ch=2)
    t.call("queue.purge", queue=q)
    t.call("queue.delete", queue=q)
    t.events(1, ch=2)


@conversation
def quorum_conditional_delete(t):
    for flag in ("if_unused", "if_empty"):
        q = t.n(flag)
        t.declare(q, durable=True, arguments={"x-queue-type": "quorum"})
        t.call("queue.delete", queue=q, **{flag: True})


def quorum_limits(t, mode, dead):
    q, target = t.n("q"), t.n("dead")
    arguments = {"x-queue-type": "quorum", "x-max-length": 2, **({"x-overflow": mode} if mode else {})}
    if dead:
        arguments |= {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": target}
    t.declare(target)
    t.declare(q, durable=True, arguments=arguments)
    t.call("confirm.select")
    for number in range(2):
        t.confirmed(q, f"m{number}")
    t.until_count(q, 2)
    t.declare(q, durable=True, arguments=arguments)


for quorum_case in itertools.product(MODES, (False, True)):
    add(quorum_limits, *quorum_case, name=f"{quorum_case[0]}-{quorum_case[1]:d}")
