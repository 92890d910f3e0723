"""A server that imports a definitions file, seen by pika: users, rights, topology and policies. needs: server amqp"""

import json
import os
import pathlib
import sys
import tempfile

import pika

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import pika_helpers  # noqa: E402
import server as servers  # noqa: E402
import suite  # noqa: E402
from suite import equal, eventually, main, test  # noqa: E402

# The hash is the one in RabbitMQ's own documentation, of the password "test12".
DEFINITIONS = {
    "users": [{"name": "ann", "password_hash": "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR",
               "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": "administrator"}],
    "vhosts": [{"name": "/"}, {"name": "shop"}],
    "permissions": [{"user": "ann", "vhost": "shop", "configure": ".*", "write": ".*", "read": ".*"}],
    "topic_permissions": [{"user": "ann", "vhost": "shop", "exchange": "events", "write": "^{username}[.]", "read": ".*"}],
    "policies": [
        {"vhost": "shop", "name": "limits", "pattern": "^limited", "apply-to": "queues", "priority": 1,
         "definition": {"max-length": 5, "dead-letter-exchange": "", "dead-letter-routing-key": "dropped"}},
        {"vhost": "shop", "name": "short", "pattern": "^short", "apply-to": "all", "priority": 1,
         "definition": {"message-ttl": 100}},
        {"vhost": "shop", "name": "alternate", "pattern": "^events$", "apply-to": "exchanges", "priority": 0,
         "definition": {"alternate-exchange": "lost"}}],
    "parameters": [{"component": "operator_policy", "vhost": "shop", "name": "cap",
                    "value": {"pattern": "^limited-more", "apply-to": "queues", "definition": {"max-length": 2}}}],
    "exchanges": [{"name": "events", "vhost": "shop", "type": "topic", "durable": True, "auto_delete": False,
                   "internal": False, "arguments": {}},
                  {"name": "lost", "vhost": "shop", "type": "fanout", "durable": True, "auto_delete": False,
                   "internal": False, "arguments": {}}],
    "queues": [{"name": queue, "vhost": "shop", "durable": True, "auto_delete": False, "arguments": {}}
               for queue in ("orders", "unrouted", "limited", "limited-more", "dropped", "short")],
    "bindings": [{"source": "events", "vhost": "shop", "destination": "orders", "destination_type": "queue",
                  "routing_key": "ann.orders.*", "arguments": {}},
                 {"source": "lost", "vhost": "shop", "destination": "unrouted", "destination_type": "queue",
                  "routing_key": "", "arguments": {}}],
}


class Imported:
    def __init__(self, definitions):
        self.file = tempfile.NamedTemporaryFile("w", suffix=".json", delete=False)
        json.dump(definitions, self.file)
        self.file.close()
        self.server = servers.Server(os.environ["MILLRACE_SERVER"], arguments=["--load-definitions", self.file.name])

    def __enter__(self):
        self.server.start()
        suite.HOST, suite.AMQP_PORT = "127.0.0.1", self.server.ports["amqp"]
        return self

    def __exit__(self, *_):
        self.server.kill()
        self.server.remove()
        os.unlink(self.file.name)


def ann(**options):
    return pika_helpers.channel(user="ann", password="test12", vhost="shop", **options)


@test
def users_topology_and_policies_are_there():
    with Imported(DEFINITIONS) as life:
        for _ in range(2):
            with ann() as ch:
                pika_helpers.publish(ch, "ann.orders.new", b"order", exchange="events")
                pika_helpers.publish(ch, "ann.other", b"other", exchange="events")
                equal((pika_helpers.drain(ch, "orders"), pika_helpers.drain(ch, "unrouted")), ([b"order"], [b"other"]))
                pika_helpers.publish(ch, "limited", *(str(i).encode() for i in range(8)))
                pika_helpers.publish(ch, "limited-more", *(str(i).encode() for i in range(4)))
                eventually(lambda: pika_helpers.count(ch, "dropped") == 5, what="dead letters")
                equal(pika_helpers.drain(ch, "limited"), [b"3", b"4", b"5", b"6", b"7"])
                equal(pika_helpers.drain(ch, "limited-more"), [b"2", b"3"])
                equal(len(pika_helpers.drain(ch, "dropped")), 5)
                pika_helpers.publish(ch, "short", b"soon gone")
                eventually(lambda: pika_helpers.count(ch, "short") == 0, what="expiry")
                ch.queue_declare("limited", durable=True)  # policies are no arguments
            # The same file once more, on the same data.
            life.server.kill()
            life.__enter__()


@test
def virtual_hosts_have_a_queue_type_and_limits():
    vhosts = [{"name": "/"}, {"name": "shop", "metadata": {"description": "", "tags": [], "default_queue_type": "quorum"}}]
    limits = {"component": "vhost-limits", "vhost": "shop", "name": "limits", "value": {"max-queues": 8, "max-connections": 2}}
    with Imported({**DEFINITIONS, "vhosts": vhosts, "parameters": [limits]}) as life:
        for _ in range(2):
            with ann() as ch, ann() as other:
                ch.queue_declare("mine", durable=True)
                ch.queue_declare("mine", durable=True, arguments={"x-queue-type": "quorum"})
                text = pika_helpers.closes_channel(
                    406, lambda: other.queue_declare("mine", durable=True, arguments={"x-queue-type": "classic"}))
                equal("inequivalent arg 'x-queue-type' for queue 'mine' in vhost 'shop'" in text, True, text)
                ch.queue_declare("", exclusive=True)  # cannot be a quorum queue, and is none
                text = pika_helpers.closes_channel(406, lambda: ch.queue_declare("ninth", durable=True))
                equal(text, "PRECONDITION_FAILED - cannot declare queue 'ninth': queue limit in vhost 'shop' (8) is reached")
                try:
                    with ann():
                        raise AssertionError("a third connection")
                except (pika.exceptions.ConnectionClosedByBroker, pika.exceptions.ProbableAccessDeniedError) as error:
                    equal("connection limit (2) is reached" in str(error), True, str(error))
            life.server.kill()
            life.__enter__()


@test
def routing_keys_are_limited_by_topic_permissions():
    with Imported(DEFINITIONS):
        with ann(confirms=False) as ch:
            ch.confirm_delivery()
            text = pika_helpers.closes_channel(403, lambda: ch.basic_publish("events", "bob.orders.new", b"no"))
            equal(text, "ACCESS_REFUSED - access to topic 'bob.orders.new' in exchange 'events' in vhost 'shop' refused "
                  "for user 'ann'")


@test
def the_users_of_the_file_replace_the_first_user():
    with Imported(DEFINITIONS):
        try:
            pika.BlockingConnection(pika_helpers.parameters()).close()
        except pika.exceptions.ProbableAuthenticationError:
            return
        raise AssertionError("guest is still there")


@test
def a_file_that_cannot_be_imported_stops_the_start():
    broken = Imported({"queues": [{"name": "q", "vhost": "nowhere", "durable": True, "arguments": {}}]})
    try:
        broken.__enter__()
    except RuntimeError as error:
        equal("queues 'q': there is no virtual host 'nowhere'" in str(error), True, str(error))
    else:
        raise AssertionError("started")
    finally:
        broken.__exit__()


if __name__ == "__main__":
    main()
