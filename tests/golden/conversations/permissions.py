"""What a user with few rights is refused, and with which words.

The user "limited" may configure what ends with /c..., write to what has a w and read what has an r after its last slash.
"""

from book import add, conversation

LINK = 1


def limited(t):
    t.login(LINK, "limited")


def everything(t, letters):
    """Each method on objects whose names give these rights."""
    limited(t)
    q, x = t.n(letters), t.n(f"{letters}x")
    t.declare(q)
    t.exchange(x, "topic")
    t.call("confirm.select", link=LINK)
    t.call("queue.declare", link=LINK, queue=q)
    t.call("queue.declare", link=LINK, queue=q, passive=True)
    t.call("exchange.declare", link=LINK, exchange=x, type="topic")
    t.call("exchange.declare", link=LINK, exchange=x, type="topic", passive=True)
    t.call("queue.bind", link=LINK, queue=q, exchange=x, routing_key="k")
    t.call("queue.unbind", link=LINK, queue=q, exchange=x, routing_key="k")
    t.call("exchange.bind", link=LINK, destination=x, source=x, routing_key="k")
    t.call("exchange.unbind", link=LINK, destination=x, source=x, routing_key="k")
    t.publish("k", "m", x, link=LINK)
    t.call("basic.get", link=LINK, queue=q)
    t.call("basic.consume", link=LINK, queue=q, consumer_tag="c")
    t.call("queue.purge", link=LINK, queue=q)
    t.publish("k", "m", "", link=LINK)
    t.call("queue.delete", link=LINK, queue=q)
    t.call("exchange.delete", link=LINK, exchange=x)


for rights in ("none", "c", "w", "r", "cw", "cr", "wr", "cwr"):
    add(everything, {"none": "z"}.get(rights, rights), name=rights)


@conversation
def dead_letter_rights(t):
    limited(t)
    for number, (queue, exchange) in enumerate((("c", "w"), ("cr", "w"), ("cr", "z"), ("cwr", "wr"))):
        t.call("queue.declare", link=LINK, queue=t.n(f"{queue}{number}"), arguments={"x-dead-letter-exchange": t.n(exchange)})
        t.call("exchange.declare", link=LINK, exchange=t.n(f"{queue}x{number}"), type="fanout",
               arguments={"alternate-exchange": t.n(exchange)})


@conversation
def missing_and_forbidden(t):
    limited(t)
    for name in ("missing-z", "cmissing"):
        t.call("queue.declare", link=LINK, queue=t.n(name), passive=True)
        t.call("exchange.declare", link=LINK, exchange=t.n(name), type="direct", passive=True)
        t.call("queue.delete", link=LINK, queue=t.n(name))
        t.call("exchange.delete", link=LINK, exchange=t.n(name))
        t.call("queue.purge", link=LINK, queue=t.n(name))
        t.call("basic.get", link=LINK, queue=t.n(name))
        t.call("basic.consume", link=LINK, queue=t.n(name), consumer_tag="c")
        t.call("queue.bind", link=LINK, queue=t.n(name), exchange=t.n(name))
    t.publish("k", "m", t.n("missing-z"), link=LINK)
    t.reply(link=LINK, about="publish")


@conversation
def server_named(t):
    limited(t)
    t.call("queue.declare", link=LINK, queue="", exclusive=True)
    t.call("queue.declare", link=LINK, queue="amq.mine", exclusive=True)


@conversation
def topics(t):
    limited(t)
    x, q = t.n("wr"), t.n("wrq")
    t.exchange(x, "topic")
    t.declare(q)
    t.call("confirm.select", link=LINK)
    for key in ("limited.a", "other.a", "limited", "w.a", "#", "limited.#"):
        t.call("queue.bind", link=LINK, queue=q, exchange=x, routing_key=key)
        t.call("queue.unbind", link=LINK, queue=q, exchange=x, routing_key=key)
    for key in ("w.a", "x.a", "w"):
        t.publish(key, "m", x, link=LINK, ch=2)
        t.call("basic.qos", link=LINK, ch=2)


@conversation
def the_default_exchange(t):
    limited(t)
    t.login(2, "limited", vhost="other")
    t.publish("k", "m", link=LINK)
    t.reply(link=LINK, about="publish")
    t.call("queue.declare", link=2, queue="", exclusive=True)
    t.call("exchange.declare", link=2, exchange="amq.topic", type="topic", passive=True)


@conversation
def user_id(t):
    limited(t)
    t.declare(t.n("wr"))
    t.exchange(t.n("wrx"), "fanout")
    t.bind(t.n("wr"), t.n("wrx"))
    t.call("confirm.select", link=LINK)
    t.confirmed("k", "mine", t.n("wrx"), link=LINK, user_id="limited")
    t.get(t.n("wr"))
    t.publish("k", "not mine", t.n("wrx"), link=LINK, user_id="guest")
    t.reply(link=LINK, about="publish")
