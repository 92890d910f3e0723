"""Policies of the definitions, which both brokers have."""

from book import conversation


@conversation
def time_to_live(t):
    q = t.n("ttl")
    t.declare(q)
    t.declare(t.n("ttl-longer"), arguments={"x-message-ttl": 60000})
    t.declare(q, arguments={"x-message-ttl": 50})
    t.call("confirm.select")
    for queue in (q, t.n("ttl-longer")):
        t.confirmed(queue, "m")
        t.until_count(queue, 0)


@conversation
def dead_letters(t):
    t.declare("policies.target")
    for queue, arguments in ((t.n("dead"), {}), (t.n("dead-own"), {"x-dead-letter-exchange": "amq.direct"})):
        t.declare(queue, arguments=arguments)
        t.call("confirm.select")
        t.confirmed(queue, "m")
        t.get(queue, no_ack=False)
        t.send("basic.reject", delivery_tag=1 if not arguments else 2, requeue=False)
        t.until_count(queue, 0)
    t.until_count("policies.target", 1)
    t.drain("policies.target")


@conversation
def length(t):
    t.call("confirm.select")
    for queue, arguments in ((t.n("short"), {}), (t.n("shorter"), {}), (t.n("short-own"), {"x-overflow": "drop-head"}),
                             (t.n("short-less"), {"x-max-length": 1}), (t.n("short-more"), {"x-max-length": 3})):
        t.declare(queue, arguments=arguments)
        for number in range(4):
            t.confirmed(queue, f"m{number}")
        t.drain(queue)


@conversation
def alternate(t):
    x, q = t.n("alternate"), t.n("q")
    t.exchange("policies.lost", "fanout")
    t.exchange(x)
    t.declare(q)
    t.bind(q, "policies.lost")
    t.call("confirm.select")
    t.confirmed("nowhere", "kept", x, mandatory=True)
    t.call("queue.unbind", queue=q, exchange="policies.lost")
    t.confirmed("nowhere", "returned", x, mandatory=True)
    t.drain(q)
