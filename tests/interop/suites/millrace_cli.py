"""The command line tool of Millrace itself, with a client's topics and groups. needs: amqp kafka server"""

import json
import os
import pathlib
import subprocess
import tempfile
import time

import confluent_kafka as ck
from confluent_helpers import BASE, create, send
from suite import KAFKA, Skip, equal, eventually, main, name, test

PROGRAM = pathlib.Path(os.environ.get("MILLRACE_SERVER", "")).with_name("millrace")


def run(*words, password=None, address=KAFKA):
    """(exit code, standard output, standard error)"""
    if not PROGRAM.is_file():
        raise Skip(f"{PROGRAM} is not built")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MILLRACE_")}
    if password is not None:
        environment["MILLRACE_CLI_PASSWORD"] = password
    done = subprocess.run([PROGRAM, "--server", address, *map(str, words)], capture_output=True, text=True, timeout=50,
                          env=environment)
    return done.returncode, done.stdout, done.stderr


def fine(*words, **more):
    code, output, errors = run(*words, **more)
    equal((code, errors), (0, ""), " ".join(map(str, words)))
    return output


def in_json(*words, **more):
    return json.loads(fine(*words, "--json", **more))


def refused(*words, **more):
    code, _, errors = run(*words, **more)
    equal(code, 1, " ".join(map(str, words)))
    return errors


def member(group, topic):
    consumer = ck.Consumer({**BASE, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False})
    consumer.subscribe([topic])
    return consumer


def read(consumer, count):
    """Reads so many records and commits them."""
    got = []
    eventually(lambda: (got.extend(m for m in [consumer.poll(0.2)] if m is not None and not m.error()) or len(got) >= count),
               40, f"{count} records")
    consumer.commit(message=got[count - 1], asynchronous=False)


def offset_of(group, topic):
    found = in_json("groups", "describe", group)[0]["partitions"]
    return [each["offset"] for each in found if each["topic"] == topic]


@test
def topics_are_created_described_altered_and_deleted():
    topic = name("cli")
    equal(fine("topics", "create", topic, "-p", 2, "--set", "retention.ms=60000"), f"topic '{topic}': created\n")
    assert "exists" in refused("topics", "create", topic)
    fine("topics", "create", topic, "--if-not-exists")
    assert topic in fine("topics", "list")
    assert {"name": topic, "partitions": 2}.items() <= next(t for t in in_json("topics", "list") if t["name"] == topic).items()
    send(topic, [b"1", b"2", b"3"])
    found = in_json("topics", "describe", topic)[0]
    equal(found["settings"], {"retention.ms": "60000"})
    equal(sum(part["end"] - part["first"] for part in found["partitions"]), 3)
    assert "cleanup.policy" in in_json("topics", "describe", topic, "--all-settings")[0]["settings"]
    fine("topics", "alter", topic, "-p", 3, "--unset", "retention.ms", "--set", "max.message.bytes=1000000")
    found = in_json("topics", "describe", topic)[0]
    equal((len(found["partitions"]), found["settings"]), (3, {"max.message.bytes": "1000000"}))
    assert "PARTITION" in fine("topics", "describe", topic)
    assert "INVALID_CONFIG" in refused("topics", "alter", topic, "--set", "no.such=1")
    assert "nothing to change" in refused("topics", "alter", topic)
    errors = refused("topics", "delete", "no-such-" + topic, topic)
    assert "no such topic" in errors and "millrace topics list" in errors, errors
    assert "no such topic" in refused("topics", "describe", topic)
    fine("topics", "delete", topic, "--if-exists")


@test
def groups_are_described_with_lag_and_deleted():
    topic, group = create(), name("cli-group")
    send(topic, [b"%d" % n for n in range(10)])
    consumer = member(group, topic)
    read(consumer, 4)
    found = in_json("groups", "describe", group)[0]
    equal((found["state"], len(found["members"])), ("Stable", 1))
    part = found["partitions"][0]
    equal((part["offset"], part["end"], part["lag"], part["member"]), (4, 10, 6, found["members"][0]["id"]))
    assert "lag 6" in fine("groups", "describe", group)
    assert group in fine("groups", "list")
    assert "has members" in refused("groups", "delete", group)
    assert "stop its consumers" in refused("groups", "reset-offsets", group, "--all-topics", "--to-earliest", "--execute")
    consumer.close()
    eventually(lambda: in_json("groups", "describe", group)[0]["state"] == "Empty")
    fine("groups", "delete-offsets", group, "--topic", topic)
    fine("groups", "delete", group) if group in fine("groups", "list") else None
    assert group not in [each["name"] for each in in_json("groups", "list")]
    assert "no such group" in refused("groups", "describe", group)


@test
def offsets_are_reset_to_any_goal():
    topic, group = create(), name("cli-group")
    producer = ck.Producer(BASE)
    began = int(time.time() * 1000) - 100_000
    for n in range(10):
        producer.produce(topic, b"%d" % n, timestamp=began + n * 10_000)
    producer.flush(30)
    consumer = member(group, topic)
    read(consumer, 5)
    consumer.close()
    eventually(lambda: in_json("groups", "describe", group)[0]["state"] == "Empty")

    def reset(*goal, topic=topic):
        return in_json("groups", "reset-offsets", group, "--topic", topic, *goal)["offsets"][0]

    assert "Nothing was changed" in fine("groups", "reset-offsets", group, "--all-topics", "--to-earliest", "--dry-run")
    equal(offset_of(group, topic), [5])
    equal(reset("--shift-by", "-2", "--execute")["after"], 3)
    equal(offset_of(group, topic), [3])
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(began // 1000 + 65))
    for goal, after in ((("--to-latest",), 10), (("--to-earliest",), 0), (("--to-offset", "7"), 7), (("--to-datetime", moment), 7)):
        equal(reset(*goal, "--execute", topic=topic + ":0")["after"], after, str(goal))
        equal(offset_of(group, topic), [after])
    step = reset("--to-offset", "99")
    equal((step["after"], step["adjusted"], step["before"]), (10, True, 7))
    again = member(group, topic)
    read(again, 3)
    again.close()
    fresh = name("cli-group")
    equal(in_json("groups", "reset-offsets", fresh, "--topic", topic, "--to-latest", "--execute")["executed"], True)
    equal(offset_of(fresh, topic), [10])
    assert "no offset to shift" in refused("groups", "reset-offsets", name("none"), "--topic", topic, "--shift-by", "1")
    assert "not a time" in refused("groups", "reset-offsets", group, "--topic", topic, "--to-datetime", "yesterday")
    assert "there is no partition 7" in refused("groups", "reset-offsets", group, "--topic", topic + ":7", "--to-latest")


@test
def every_mechanism_logs_in():
    for mechanism in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"):
        fine("topics", "list", "--user", "guest", "--mechanism", mechanism, password="guest")
        errors = refused("topics", "list", "--user", "guest", "--mechanism", mechanism, password="wrong")
        assert "failed" in errors and "check the password" in errors, errors
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("guest\n")
        file.flush()
        fine("topics", "list", "--user", "guest", "--password-file", file.name)
    assert "no password" in refused("topics", "list", "--user", "guest")


@test
def mistakes_are_explained():
    assert "is millrace-server running there" in refused("topics", "list", address="127.0.0.1:1")
    assert "not an address" in refused("topics", "list", address="127.0.0.1:x")
    equal(run("topics")[0] not in (0, 1), True)
    assert "Examples" in fine("groups", "reset-offsets", "--help")
    assert "not speak the Kafka protocol" in refused(
        "topics", "list", address=f"{os.environ['MILLRACE_AMQP_HOST']}:{os.environ['MILLRACE_AMQP_PORT']}")


if __name__ == "__main__":
    main()
