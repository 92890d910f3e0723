"""One permission store for both protocols: pika and confluent-kafka are allowed and forbidden the same. needs: server amqp kafka"""

import contextlib
import json
import os
import pathlib
import sys
import tempfile

import confluent_kafka as ck
import pika
from confluent_kafka.admin import (AclBinding, AclBindingFilter, AclOperation, AclPermissionType, AdminClient, ResourcePatternType,
                                   ResourceType, ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import pika_helpers  # noqa: E402
import server as servers  # noqa: E402
import suite  # noqa: E402
from suite import equal, eventually, main, test  # noqa: E402

# The hash is the one in RabbitMQ's own documentation, of the password "test12".
PASSWORD = {"password_hash": "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR",
            "hashing_algorithm": "rabbit_password_hashing_sha256"}
DEFINITIONS = {
    "users": [{"name": "root", "tags": "administrator", **PASSWORD}, {"name": "bob", "tags": "", **PASSWORD}],
    "vhosts": [{"name": "/"}],
    "permissions": [{"user": "root", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"},
                    {"user": "bob", "vhost": "/", "configure": "^bob-", "write": "^bob-|^amq.default$", "read": "^bob-"}],
    "queues": [{"name": name, "vhost": "/", "durable": True, "auto_delete": False, "arguments": {}}
               for name in ("bob-q", "shared-q", "other-q")],
}


class World:
    """A server of its own, with its users."""

    def __enter__(self):
        with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
            json.dump(DEFINITIONS, file)
        self.file = file.name
        self.server = servers.Server(os.environ["MILLRACE_SERVER"], arguments=["--load-definitions", self.file]).start()
        suite.HOST, suite.AMQP_PORT = "127.0.0.1", self.server.ports["amqp"]
        return self

    def __exit__(self, *_):
        self.server.kill()
        self.server.remove()
        os.unlink(self.file)

    def settings(self, user, password="test12", mechanism="PLAIN"):
        return {"bootstrap.servers": self.server.address("kafka"), "security.protocol": "SASL_PLAINTEXT", "log_level": 0,
                "sasl.mechanisms": mechanism, "sasl.username": user, "sasl.password": password, "socket.timeout.ms": 15000}

    def admin(self):
        return AdminClient(self.settings("root"))

    def rule(self, topic, operation, permission):
        binding = AclBinding(ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, "User:bob", "*", operation, permission)
        admin = self.admin()
        for future in admin.create_acls([binding]).values():
            future.result(20)

    def remove_rules(self, topic):
        everything = AclBindingFilter(ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, None, None, AclOperation.ANY,
                                      AclPermissionType.ANY)
        admin = self.admin()
        for future in admin.delete_acls([everything]).values():
            equal(len(future.result(20)), 1, "rules removed")

    def kafka_write(self, topic):
        """The error of a record, or None."""
        said = []
        producer = ck.Producer({**self.settings("bob"), "acks": "all", "message.timeout.ms": 15000, "enable.idempotence": False})
        producer.produce(topic, b"k", partition=0, on_delivery=lambda error, message: said.append(error))
        equal(producer.flush(20), 0)
        return None if said[0] is None else said[0].name()

    def kafka_read(self, topic):
        """The error, or None when a record came."""
        consumer = ck.Consumer({**self.settings("bob"), "group.id": "bob-group", "enable.auto.commit": False})
        seen = consumer.list_topics(topic, timeout=15).topics[topic].error
        if seen is not None:
            return seen.name()
        consumer.assign([ck.TopicPartition(topic, 0, 0)])
        message = eventually(lambda: consumer.poll(0.5), 20, f"an answer for {topic}")
        consumer.close()
        return None if message.error() is None else message.error().name()


def amqp(act):
    """The reply code that ends bob's channel, or None when all went well."""
    try:
        with pika_helpers.channel(user="bob", password="test12") as channel:
            act(channel)
    except pika.exceptions.ChannelClosedByBroker as closed:
        return closed.reply_code
    return None


def amqp_read(queue):
    return amqp(lambda channel: pika_helpers.take(channel, queue, ack=False))


def amqp_write(queue):
    return amqp(lambda channel: pika_helpers.publish(channel, queue, b"a"))


@test
def rules_set_through_kafka_bind_both():
    with World() as world:
        equal((amqp_write("bob-q"), amqp_read("bob-q"), world.kafka_read("bob-q")), (None, None, None))
        world.rule("bob-q", AclOperation.READ, AclPermissionType.DENY)
        equal((amqp_read("bob-q"), world.kafka_read("bob-q")), (403, "TOPIC_AUTHORIZATION_FAILED"))
        equal((amqp_write("bob-q"), world.kafka_write("bob-q")), (None, None))
        world.remove_rules("bob-q")
        equal((amqp_read("bob-q"), world.kafka_read("bob-q")), (None, None))
        world.rule("bob-q", AclOperation.WRITE, AclPermissionType.DENY)
        equal(world.kafka_write("bob-q"), "TOPIC_AUTHORIZATION_FAILED")
        world.rule("amq.default", AclOperation.WRITE, AclPermissionType.DENY)
        equal(amqp_write("bob-q"), 403)


@test
def rules_set_through_kafka_open_what_permissions_do_not():
    with World() as world:
        with pika_helpers.channel(user="root", password="test12") as channel:
            pika_helpers.publish(channel, "shared-q", b"x")
        equal((amqp_read("shared-q"), world.kafka_read("shared-q")), (403, "TOPIC_AUTHORIZATION_FAILED"))
        world.rule("shared-q", AclOperation.READ, AclPermissionType.ALLOW)
        equal((amqp_read("shared-q"), world.kafka_read("shared-q")), (None, None))
        equal(amqp(lambda channel: channel.queue_delete("shared-q")), 403)


@test
def permissions_of_amqp_bind_kafka_clients():
    with World() as world:
        for queue, wanted in (("bob-q", None), ("other-q", "TOPIC_AUTHORIZATION_FAILED")):
            equal(world.kafka_write(queue), wanted, queue)
            equal(world.kafka_read(queue), wanted, queue)
        equal((amqp_read("bob-q"), amqp_read("other-q")), (None, 403))
        with contextlib.suppress(ck.KafkaException):
            bob = AdminClient(world.settings("bob"))
            for future in bob.create_topics([ck.admin.NewTopic("stranger", 1, 1)]).values():
                future.result(20)
        assert "stranger" not in world.admin().list_topics(timeout=15).topics
        equal(amqp(lambda channel: channel.queue_declare("stranger", durable=True)), 403)


@test
def each_mechanism_has_a_credential_of_its_own():
    with World() as world:
        change = UserScramCredentialUpsertion("bob", ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 8192), b"other")
        admin = world.admin()
        for future in admin.alter_user_scram_credentials([change]).values():
            future.result(20)

        def enters(mechanism, password):
            try:
                found = AdminClient(world.settings("bob", password, mechanism)).list_topics(timeout=4)
                return "bob-q" in found.topics
            except ck.KafkaException:
                return False

        equal([enters("SCRAM-SHA-256", "other"), enters("PLAIN", "test12"), enters("PLAIN", "other"), enters("SCRAM-SHA-256", "test12")],
              [True, True, False, False])
        equal(amqp_write("bob-q"), None, "the password of AMQP is the old one")


if __name__ == "__main__":
    main()
