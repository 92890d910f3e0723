"""Handshakes, wrong orders, broken frames: what a client does that does not follow the rules."""

import struct

import wire
from book import add, conversation
from talk import CAPABILITIES
from wire import Value

LOCALE = "en_US"


def begin(t, link=0, header=b"AMQP\0\0\x09\1"):
    raw = t.raw(link)
    raw.send(header)
    found = t.await_reply(link, 0)
    t.write(link, 0, f"header -> {found[1] if found else 'the end'}")
    if found and found[1] == "connection.start":
        arguments = found[2]
        t.write(link, 0, f"{arguments['version_major']}.{arguments['version_minor']} {sorted(arguments['mechanisms'].split())} "
                         f"{arguments['locales']}")
        offered = arguments["server_properties"]["capabilities"].value
        t.write(link, 0, " ".join(sorted(f"{name}={wire.show(value)}" for name, value in offered.items())))
    return raw


def say(t, method, link=0, **arguments):
    t.step += 1
    t.links[link].send(wire.method_frame(0, method, arguments))
    t.reply(0, link, method)


def start_ok(t, user="guest", password="guest", mechanism="PLAIN", response=None, capabilities=None, locale=LOCALE):
    say(t, "connection.start-ok", client_properties={"capabilities": CAPABILITIES if capabilities is None else capabilities},
        mechanism=mechanism, response=f"\0{user}\0{password}" if response is None else response, locale=locale)


@conversation
def the_usual(t):
    begin(t)
    start_ok(t)


def protocol_header(t, header):
    begin(t, header=header)
    t.links[0].close()
    del t.links[0]


for number, wrong_header in enumerate((b"AMQP\0\0\x08\0", b"AMQP\1\1\0\x09", b"AMQP\0\0\x09\2", b"HTTP/1.1", b"GET / HT", b"amqp\0\0\x09\1")):
    add(protocol_header, wrong_header, name=str(number))


def credentials(t, user, password, capabilities):
    begin(t)
    start_ok(t, user, password, capabilities=capabilities)


for number, given in enumerate((("guest", "wrong"), ("nobody", "guest"), ("", ""), ("guest", ""))):
    add(credentials, *given, None, name=f"{number}-told")
    add(credentials, *given, {}, name=f"{number}-dropped")


@conversation
def mechanism_unknown(t):
    begin(t)
    start_ok(t, mechanism="OTHER")


@conversation
def mechanism_amqplain(t):
    begin(t)
    start_ok(t, mechanism="AMQPLAIN", response=wire.write_table({"LOGIN": "guest", "PASSWORD": "guest"})[4:])


@conversation
def plain_without_authorisation(t):
    begin(t)
    start_ok(t, response="no zero octets")


def tuning(t, channel_max, frame_max, heartbeat):
    begin(t)
    start_ok(t)
    t.links[0].send(wire.method_frame(0, "connection.tune-ok", {"channel_max": channel_max, "frame_max": frame_max,
                                                               "heartbeat": heartbeat}))
    say(t, "connection.open")
    if 0 in t.links:
        t.links[0].send(wire.method_frame(10, "channel.open", {}))
        t.reply(10, about="channel 10")


for number, tuned in enumerate(((2047, 131072, 60), (0, 0, 0), (10, 4096, 1), (9, 131072, 0), (65535, 131072, 0), (2048, 131072, 0),
                                (2047, 131073, 0), (2047, 4095, 0), (2047, 1, 0), (1, 2**32 - 1, 0))):
    add(tuning, *tuned, name=str(number))


def virtual_host(t, user, name):
    begin(t)
    start_ok(t, user)
    t.links[0].send(wire.method_frame(0, "connection.tune-ok", {"channel_max": 2047, "frame_max": 131072}))
    say(t, "connection.open", virtual_host=name)


for number, wanted in enumerate((("guest", "/"), ("guest", "other"), ("guest", "missing"), ("guest", ""), ("stranger", "/"))):
    add(virtual_host, *wanted, name=str(number))


def order(t, steps):
    """Methods of class connection out of turn."""
    begin(t)
    for method, arguments in steps:
        if 0 in t.links:
            say(t, method, **arguments)


PLAIN = ("connection.start-ok", {"response": "\0guest\0guest"})
for number, wrong_steps in enumerate((
        [("connection.open", {})], [("connection.tune-ok", {})], [("connection.close", {})], [("connection.close-ok", {})],
        [PLAIN, PLAIN], [PLAIN, ("connection.open", {})], [PLAIN, ("connection.close", {})], [("connection.secure-ok", {})])):
    add(order, wrong_steps, name=str(number))


def wrong_method(t, channel, method, arguments):
    """A method where it does not belong, after a proper handshake."""
    t.channel(0, 1)
    t.links[0].send(wire.method_frame(channel, method, arguments))
    t.reply(channel, about=method)


for where, sent, sent_arguments in (
        (0, "channel.open", {}), (0, "basic.publish", {}), (0, "queue.declare", {}), (1, "connection.close", {}),
        (1, "connection.open", {}), (1, "channel.open", {}), (2, "queue.declare", {}), (2, "channel.close", {}),
        (2, "channel.close-ok", {}), (1, "channel.close-ok", {}), (1, "queue.declare-ok", {}), (1, "basic.deliver", {}),
        (1, "basic.get-empty", {}), (1, "channel.flow", {"active": True}), (1, "channel.flow", {"active": False}),
        (1, "channel.flow-ok", {"active": True}), (1, "access.request", {}), (1, "connection.start", {}), (0, "connection.start-ok", {}),
        (0, "connection.tune-ok", {}), (0, "connection.open", {}), (1, "confirm.select-ok", {}), (1, "tx.select-ok", {}),
        (2048, "channel.open", {}), (65535, "channel.open", {}), (2047, "channel.open", {}),
        (0, "connection.update-secret", {"new_secret": "guest", "reason": "r"}),
        (0, "connection.update-secret", {"new_secret": "wrong", "reason": "r"})):
    add(wrong_method, where, sent, sent_arguments,
        name=f"{where}-{sent}" + ("".join(f"-{value}" for value in sent_arguments.values())))


def raw_frames(t, data, channel=1):
    t.declare(t.n("q"))
    t.links[0].send(data(t) if callable(data) else data)
    t.reply(channel, about="frames")


def published(t, *frames):
    return wire.method_frame(1, "basic.publish", {"routing_key": t.n("q")}) + b"".join(frames)


HEADER5 = wire.frame(wire.HEADER, 1, wire.write_header(5, {}))
RAW = {
    "unknown-class": wire.frame(wire.METHOD, 1, struct.pack(">HH", 99, 1)),
    "unknown-method": wire.frame(wire.METHOD, 1, struct.pack(">HH", 50, 99)),
    "empty-method": wire.frame(wire.METHOD, 1, b""),
    "short-method": wire.frame(wire.METHOD, 1, struct.pack(">HH", 50, 10) + b"\0\0"),
    "long-method": wire.frame(wire.METHOD, 1, wire.METHODS["tx.select"].encode({}) + b"\0"),
    "unknown-type": wire.frame(7, 1, b"x"),
    "bad-end": wire.frame(wire.METHOD, 1, wire.METHODS["tx.select"].encode({}))[:-1] + b"\0",
    "too-large": struct.pack(">BHI", wire.METHOD, 1, 131073 + 8) + b"x" * 140000,
    "heartbeat-on-channel": wire.frame(wire.HEARTBEAT, 1, b""),
    "heartbeat-with-body": wire.frame(wire.HEARTBEAT, 0, b"x") + wire.method_frame(1, "basic.qos", {}),
    "heartbeat": wire.frame(wire.HEARTBEAT, 0, b"") + wire.method_frame(1, "basic.qos", {}),
    "header-alone": HEADER5, "body-alone": wire.frame(wire.BODY, 1, b"x"),
    "header-on-0": wire.frame(wire.HEADER, 0, wire.write_header(5, {})), "body-on-0": wire.frame(wire.BODY, 0, b"x"),
    "header-on-closed": wire.frame(wire.HEADER, 5, wire.write_header(5, {})),
    "method-for-header": lambda t: published(t, wire.method_frame(1, "basic.qos", {})),
    "body-for-header": lambda t: published(t, wire.frame(wire.BODY, 1, b"x")),
    "second-header": lambda t: published(t, HEADER5, HEADER5),
    "method-for-body": lambda t: published(t, HEADER5, wire.method_frame(1, "basic.qos", {})),
    "body-too-long": lambda t: published(t, HEADER5, wire.frame(wire.BODY, 1, b"123456")),
    "body-in-pieces": lambda t: published(t, HEADER5, wire.frame(wire.BODY, 1, b"12"), wire.frame(wire.BODY, 1, b""),
                                          wire.frame(wire.BODY, 1, b"345"), wire.method_frame(1, "basic.get", {"queue": t.n("q")})),
    "wrong-class": lambda t: published(t, wire.frame(wire.HEADER, 1, wire.write_header(5, {}, 50))),
    "short-header": lambda t: published(t, wire.frame(wire.HEADER, 1, b"\0\x3c\0\0")),
    "bad-properties": lambda t: published(t, wire.frame(wire.HEADER, 1, struct.pack(">HHQH", 60, 0, 0, 0x8000))),
    "continued-flags": lambda t: published(t, wire.frame(wire.HEADER, 1, struct.pack(">HHQHH", 60, 0, 0, 1, 0)),
                                           wire.method_frame(1, "basic.get", {"queue": t.n("q")})),
    "bad-table": lambda t: wire.method_frame(1, "queue.declare", {"queue": t.n("p"), "arguments": b"\5aaaaa"}),
    "bad-table-type": lambda t: wire.method_frame(1, "queue.declare", {"queue": t.n("p"), "arguments": {"a": Value("Z", b"1")}}),
    "publish-not-utf8": lambda t: wire.method_frame(1, "basic.publish", {"routing_key": b"\xff", "exchange": "amq.fanout"}) +
    wire.frame(wire.HEADER, 1, wire.write_header(0, {})) + wire.method_frame(1, "basic.qos", {}),
    "consume-not-utf8": lambda t: wire.method_frame(1, "basic.consume", {"queue": t.n("q"), "consumer_tag": b"\xff"}),
    "property-not-utf8": lambda t: published(t, wire.frame(wire.HEADER, 1, wire.write_header(0, {"message_id": b"\xff"})),
                                             wire.method_frame(1, "basic.get", {"queue": t.n("q"), "no_ack": True})),
}
for raw_name, raw_data in RAW.items():
    add(raw_frames, raw_data, 0 if raw_name.endswith("-0") else 1, name=raw_name)


@conversation
def channel_again(t):
    t.declare(t.n("q"))
    t.call("channel.close", reply_code=200)
    t.links[0].open_channels.discard(1)
    t.declare(t.n("q"), passive=True)
    t.declare("missing", passive=True)
    t.declare(t.n("q"), passive=True)


@conversation
def after_an_error_the_channel_is_silent(t):
    t.channel(0, 1)
    t.links[0].send(wire.method_frame(1, "queue.declare", {"queue": "missing", "passive": True}) +
                    wire.method_frame(1, "queue.declare", {"queue": t.n("q")}) + wire.method_frame(1, "basic.qos", {}))
    t.reply(about="declare")
    t.declare(t.n("q"), passive=True, ch=2)


@conversation
def closing_the_connection(t):
    t.declare(t.n("q"))
    t.send("connection.close", ch=0, reply_code=200)
    t.links[0].send(wire.method_frame(1, "basic.qos", {}))
    t.reply(0, about="close")
