"""The two brokers that are compared, each with folders and ports of its own and the same users, rights and policies."""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests" / "interop")]

from lib.brokers import RabbitMQ  # noqa: E402
import server as servers  # noqa: E402

# "guest" and "limited", both with the password "guest": SHA-256 over four octets of salt and the password.
PASSWORD_HASH = "AQIDBEMMOXwY6PKx/JKP9PAqfsb4ozuD0Ta3pxxa9gEYBMmD"


def policy(name, pattern, definition, kind="queues", priority=0):
    return {"vhost": "/", "name": name, "pattern": pattern, "apply-to": kind, "priority": priority, "definition": definition}


DEFINITIONS = {
    "users": [{"name": name, "password_hash": PASSWORD_HASH, "hashing_algorithm": "rabbit_password_hashing_sha256",
               "tags": tags} for name, tags in (("guest", "administrator"), ("limited", ""), ("stranger", ""))],
    "vhosts": [{"name": "/"}, {"name": "other"}],
    "permissions": [
        {"user": "guest", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"},
        {"user": "guest", "vhost": "other", "configure": ".*", "write": ".*", "read": ".*"},
        {"user": "limited", "vhost": "/", "configure": "/c[^/]*$", "write": "/[^/]*w[^/]*$", "read": "/[^/]*r[^/]*$"},
        {"user": "limited", "vhost": "other", "configure": "", "write": "^$|^amq.gen", "read": "^amq.topic$"}],
    "topic_permissions": [
        {"user": "limited", "vhost": "/", "exchange": "permissions.topics/wr", "write": "^w[.]", "read": "^{username}[.]"}],
    "policies": [
        policy("ttl", "^policies.*/ttl", {"message-ttl": 50}),
        policy("dead", "^policies.*/dead", {"dead-letter-exchange": "", "dead-letter-routing-key": "policies.target"}),
        policy("short", "^policies.*/short", {"max-length": 2, "overflow": "reject-publish"}),
        policy("shorter", "^policies.*/shorter", {"max-length": 1}, priority=5),
        policy("alternate", "^policies.*/alternate", {"alternate-exchange": "policies.lost"}, "exchanges")],
}


def write_definitions(folder):
    path = pathlib.Path(folder) / "definitions.json"
    path.write_text(json.dumps(DEFINITIONS))
    return path


class Peer(RabbitMQ):
    """RabbitMQ with the definitions."""

    def environment(self):
        found = super().environment()
        pathlib.Path(found["RABBITMQ_ENABLED_PLUGINS_FILE"]).write_text("[rabbitmq_consistent_hash_exchange].\n")
        with open(found["RABBITMQ_CONFIG_FILE"], "a") as file:
            file.write(f"load_definitions = {write_definitions(self.home)}\nlog.file.level = warning\n")
        return found

    def address(self):
        return "127.0.0.1", self.port


class Millrace:
    def __init__(self, binary, scratch):
        arguments = ["--load-definitions", str(write_definitions(scratch)), "--log-level", "warning"]
        self.server = servers.Server(binary, arguments=arguments, log=pathlib.Path(scratch) / "millrace.log")

    def start(self):
        self.server.start()
        return self

    def address(self):
        return "127.0.0.1", self.server.ports["amqp"]

    def close(self):
        code = self.server.stop()
        self.server.remove()
        return code
