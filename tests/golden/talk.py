"""A scripted conversation with a broker: what is sent, and a transcript of what comes back.

Replies are written where they are awaited. Deliveries, returns, confirms and cancellations come at their own time: they are
written by `events`, which says how many there must be, and at the end. So a transcript does not depend on timing.
"""

import re
import select
import socket
import time

import wire

REPLY_SECONDS = 20
# How long silence must last to be believed; PATIENT_SECONDS where a busy machine may have been why something came late.
QUIET_SECONDS = 0.06
PATIENT_SECONDS = 1.0
# The connection that looks at queues from outside.
OBSERVER = 9
ASYNCHRONOUS = {"basic.deliver", "basic.return", "basic.ack", "basic.nack", "basic.cancel", "connection.blocked",
                "connection.unblocked"}
CAPABILITIES = {name: True for name in ("publisher_confirms", "exchange_exchange_bindings", "basic.nack",
                                        "consumer_cancel_notify", "connection.blocked", "authentication_failure_close")}


class Lost(Exception):
    """The broker has closed the socket."""


class Link:
    """One connection: frames in and out, and what has arrived but was not asked for yet."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, 10)
        self.data = b""
        self.contents = {}
        self.arrived = []      # (channel, method name, arguments, properties, body)
        self.open_channels = set()
        self.lost = False

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass  # what the broker said before it closed is read later

    def close(self):
        self.socket.close()

    def read(self, seconds):
        """Takes what has arrived within this time; raises Lost at the end of the stream."""
        if not select.select([self.socket], [], [], max(seconds, 0))[0]:
            return False
        try:
            data = self.socket.recv(1 << 18)
        except OSError:
            data = b""
        if not data:
            self.lost = True
            raise Lost
        self.data += data
        while self.parse():
            pass
        return True

    def parse(self):
        if self.data[:4] == b"AMQP" and len(self.data) >= 8:
            self.arrived.append((0, f"protocol header {tuple(self.data[4:8])}", {}, None, None))
            self.data = self.data[8:]
            return True
        if len(self.data) < 7:
            return False
        kind, channel, size = self.data[0], int.from_bytes(self.data[1:3], "big"), int.from_bytes(self.data[3:7], "big")
        if len(self.data) < size + 8:
            return False
        payload, end = self.data[7:7 + size], self.data[7 + size]
        assert end == wire.FRAME_END, "the frame does not end"
        self.data = self.data[8 + size:]
        self.take(kind, channel, payload)
        return True

    def take(self, kind, channel, payload):
        if kind == wire.METHOD:
            reader = wire.Reader(payload)
            method = wire.BY_KEY[reader.number(">H"), reader.number(">H")]
            arguments = method.decode(reader)
            if method.content:
                self.contents[channel] = [method.name, arguments, None, 0, b""]
            else:
                self.on_method(channel, method.name, arguments)
        elif kind == wire.HEADER:
            content = self.contents[channel]
            content[3], content[2] = wire.read_header(payload)
            self.complete(channel)
        elif kind == wire.BODY:
            self.contents[channel][4] += payload
            self.complete(channel)

    def complete(self, channel):
        name, arguments, properties, size, body = self.contents[channel]
        if len(body) == size:
            del self.contents[channel]
            self.arrived.append((channel, name, arguments, properties, body))

    def on_method(self, channel, name, arguments):
        self.arrived.append((channel, name, arguments, None, None))
        if name == "channel.close":
            self.send(wire.method_frame(channel, "channel.close-ok", {}))
            self.open_channels.discard(channel)
        elif name == "connection.close":
            self.send(wire.method_frame(0, "connection.close-ok", {}))


class Talk:
    """What a conversation's script works with. Channels and connections are opened when they are first used, and again after an
    error has closed them."""

    def __init__(self, name, address, quiet_seconds=QUIET_SECONDS):
        self.name, self.address, self.quiet_seconds = name, address, quiet_seconds
        self.lines = []
        self.links = {}
        self.logins = {}
        self.names = {}
        self.step = 0

    # ------------------------------------------------------------------------------------------------ connections

    def n(self, name):
        """A name that no other conversation uses; the transcript shows it as @name."""
        return f"{self.name}/{name}"

    def login(self, link, user="guest", password="guest", vhost="/", capabilities=None):
        """With which account a numbered connection is opened."""
        self.logins[link] = (user, password, vhost, CAPABILITIES if capabilities is None else capabilities)

    def raw(self, link=0):
        """A connection without any handshake."""
        self.drop(link)
        self.links[link] = Link(self.address)
        return self.links[link]

    def link(self, number):
        if number not in self.links:
            user, password, vhost, capabilities = self.logins.get(number, ("guest", "guest", "/", CAPABILITIES))
            link = self.raw(number)
            link.send(b"AMQP\0\0\x09\1")
            self.await_method(number, "connection.start")
            link.send(wire.method_frame(0, "connection.start-ok", {
                "client_properties": {"capabilities": capabilities}, "response": f"\0{user}\0{password}"}))
            self.await_method(number, "connection.tune")
            link.send(wire.method_frame(0, "connection.tune-ok", {"channel_max": 2047, "frame_max": 131072}))
            link.send(wire.method_frame(0, "connection.open", {"virtual_host": vhost}))
            self.await_method(number, "connection.open-ok")
        return self.links[number]

    def await_method(self, number, name):
        found = self.await_reply(number, 0)
        assert found and found[1] == name, f"{name} awaited, got {found}"

    def channel(self, number, channel):
        link = self.link(number)
        if channel and channel not in link.open_channels:
            link.send(wire.method_frame(channel, "channel.open", {}))
            found = self.await_reply(number, channel)
            assert found and found[1] == "channel.open-ok", f"channel.open got {found}"
            link.open_channels.add(channel)
        return link

    def drop(self, number=0):
        """The connection goes without a word."""
        link = self.links.pop(number, None)
        if link:
            link.close()

    def close(self, number=0):
        """The connection is closed as the protocol says."""
        self.link(number)
        self.call("connection.close", ch=0, link=number, reply_code=200)
        self.drop(number)

    # ---------------------------------------------------------------------------------------------------- requests

    def send(self, method, ch=1, link=0, **arguments):
        """A method whose answer is not awaited."""
        self.channel(link, ch).send(wire.method_frame(ch, method, arguments))

    def call(self, method, ch=1, link=0, **arguments):
        """A method and its reply, or the error that comes instead. Returns the reply's arguments."""
        self.step += 1
        self.send(method, ch, link, **arguments)
        return self.reply(ch, link, method)

    def reply(self, ch=1, link=0, about=""):
        found = self.await_reply(link, ch)
        shown = self.describe(found) if found else "nothing" if not self.links[link].lost else "the end of the connection"
        self.write(link, ch, f"{about} -> {shown}" if about else f"-> {shown}")
        self.after(link, found)
        return found[2] if found else {}

    def after(self, number, found):
        """Forgets a connection that has ended."""
        link = self.links.get(number)
        if link and (link.lost or (found and found[1] in ("connection.close", "connection.close-ok"))):
            self.drop(number)

    def publish(self, key="", body=b"", exchange="", ch=1, link=0, mandatory=False, immediate=False, **properties):
        raw = body if isinstance(body, bytes) else body.encode()
        data = wire.method_frame(ch, "basic.publish", {"exchange": exchange, "routing_key": key, "mandatory": mandatory,
                                                       "immediate": immediate})
        data += wire.frame(wire.HEADER, ch, wire.write_header(len(raw), properties))
        for at in range(0, len(raw), 131064):
            data += wire.frame(wire.BODY, ch, raw[at:at + 131064])
        self.channel(link, ch).send(data)

    def confirmed(self, key="", body=b"", exchange="", ch=1, link=0, **more):
        """A publish on a channel with confirms, and what comes of it."""
        self.publish(key, body, exchange, ch, link, **more)
        self.events(1, ch, link, until=("basic.ack", "basic.nack"))

    def get(self, queue, ch=1, link=0, no_ack=True):
        return self.call("basic.get", ch, link, queue=queue, no_ack=no_ack)

    def drain(self, queue, limit=30, link=0):
        """Gets until the queue is empty."""
        for _ in range(limit):
            if "delivery_tag" not in self.get(queue, ch=9, link=link):
                break

    def declare(self, queue, ch=1, link=0, **more):
        return self.call("queue.declare", ch, link, queue=queue, **more)

    def exchange(self, name, kind="direct", ch=1, link=0, **more):
        return self.call("exchange.declare", ch, link, exchange=name, type=kind, **more)

    def bind(self, queue, exchange, key="", ch=1, link=0, arguments=None):
        return self.call("queue.bind", ch, link, queue=queue, exchange=exchange, routing_key=key, arguments=arguments or {})

    def sleep(self, seconds):
        time.sleep(seconds)

    def until_count(self, queue, count, seconds=10):
        """Waits until a queue has so many ready messages (asked on a connection of its own, and not written down)."""
        limit = time.monotonic() + seconds
        found = None
        while time.monotonic() < limit:
            self.send("queue.declare", 1, OBSERVER, queue=queue, passive=True)
            found = self.await_reply(OBSERVER, 1)
            if found and found[2].get("message_count") == count:
                break
            time.sleep(0.02)
        self.write(OBSERVER, 1, f"ready in {queue}: {found[2].get('message_count') if found else None}")

    # ---------------------------------------------------------------------------------------------- what comes back

    def await_reply(self, number, channel):
        """The next frame for this channel that answers something; None after a long time."""
        link, limit = self.links[number], time.monotonic() + REPLY_SECONDS
        while True:
            for index, found in enumerate(link.arrived):
                if found[0] in (channel, 0) and found[1] not in ASYNCHRONOUS:
                    return link.arrived.pop(index)
            try:
                if time.monotonic() > limit or not link.read(limit - time.monotonic()):
                    return None
            except Lost:
                if not any(found[0] in (channel, 0) and found[1] not in ASYNCHRONOUS for found in link.arrived):
                    return None

    def events(self, count, ch=1, link=0, until=None, seconds=10):
        """Writes what arrives by itself on a channel until there are so many (of the kinds in `until`, if given)."""
        self.step += 1
        source, limit, taken = self.channel(link, ch), time.monotonic() + seconds, []
        while True:
            taken += [found for found in source.arrived if found[0] == ch]
            source.arrived = [found for found in source.arrived if found[0] != ch]
            weight = sum(1 for found in taken if until is None or found[1] in until)
            ended = any(found[1] in ("channel.close", "connection.close") for found in taken)
            if weight >= count or ended or time.monotonic() > limit:
                break
            try:
                source.read(limit - time.monotonic())
            except Lost:
                break
        self.write_events(link, ch, taken)
        if weight < count and not ended:
            self.write(link, ch, f"... only {weight} of {count}")

    def write_events(self, link, ch, taken):
        """Confirms have no order among deliveries, and may be told one by one or together."""
        confirms = [found for found in taken if found[1] in ("basic.ack", "basic.nack")]
        for found in taken:
            if found not in confirms:
                self.write(link, ch, f"<- {self.describe(found)}")
        for kind in ("basic.ack", "basic.nack"):
            tags = [found[2]["delivery_tag"] for found in confirms if found[1] == kind]
            if tags:
                covered = ",".join(str(tag) for tag in tags)
                self.write(link, ch, f"<- {kind} {covered if len(tags) == 1 else f'through {max(tags)}'}")

    def quiet(self, ch=1, link=0):
        """Nothing more may have come."""
        self.step += 1
        source = self.channel(link, ch)
        limit = time.monotonic() + self.quiet_seconds
        try:
            while time.monotonic() < limit:
                source.read(limit - time.monotonic())
        except Lost:
            pass
        taken = [found for found in source.arrived if found[0] == ch]
        source.arrived = [found for found in source.arrived if found[0] != ch]
        self.write_events(link, ch, taken)
        if not taken:
            self.write(link, ch, "quiet")

    def finish(self):
        for number, link in sorted(self.links.items()):
            try:
                while link.read(self.quiet_seconds):
                    pass
            except Lost:
                self.write(number, 0, "<- the end of the connection")
            for channel in sorted({found[0] for found in link.arrived}):
                self.write_events(number, channel, [found for found in link.arrived if found[0] == channel])
            link.close()

    # -------------------------------------------------------------------------------------------------- transcript

    def write(self, link, ch, text):
        """A line: which of the awaited things it is (so that the lines of two brokers stay in step), where, and what."""
        self.lines.append(f"{self.step} {link}.{ch} {self.normal(text)}")

    def describe(self, found):
        _, name, arguments, properties, body = found
        words = [name]
        for key, value in arguments.items():
            words.append(f"{key}={self.shown(value)}")
        for key, value in (properties or {}).items():
            words.append(f"{key}:{self.shown(value)}")
        if body is not None:
            words.append(f"body={body!r}" if len(body) < 100 else f"body of {len(body)}, sum {sum(body) % 65521}")
        return " ".join(words)

    def shown(self, value):
        if isinstance(value, dict):
            return wire.show(wire.Value("F", value))
        return f'"{value}"' if isinstance(value, str) else repr(value)

    def normal(self, text):
        """Generated names become numbers in the order of their appearance; times become T."""
        def numbered(match):
            kind = match.group(1)
            return self.names.setdefault(match.group(0), f"{kind}#{sum(1 for n in self.names if n.startswith(kind)) + 1}")
        text = text.replace(f"{self.name}/", "@")
        text = re.sub(r"\b(amq\.(?:gen|ctag|rabbitmq\.reply-to)[-.])[A-Za-z0-9+/=_.\-]+", numbered, text)
        return re.sub(r"\bT:1[0-9]{9}\b", "T:now", text)
