"""The server as a program: its flags, what it says when it cannot start, its metrics page. needs: server amqp"""

import contextlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import pika
import pika.exceptions

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import pika_helpers  # noqa: E402
import server as servers  # noqa: E402
import suite  # noqa: E402
from suite import equal, eventually, main, name, test  # noqa: E402

BINARY = os.environ["MILLRACE_SERVER"]
ANY_PORTS = ("--amqp-port", "0", "--kafka-port", "0", "--metrics-port", "0")


def run(*arguments, env=None):
    """(status, standard output, standard error)"""
    outside = {key: value for key, value in os.environ.items() if not key.startswith("MILLRACE_")}
    with tempfile.TemporaryDirectory() as empty:
        done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=30, cwd=empty,
                              env={**outside, **(env or {})}, check=False)
    return done.returncode, done.stdout, done.stderr


def contains(text, *parts):
    for part in parts:
        assert part in text, f"{part!r} is not in {text[-600:]!r}"


@test
def help_and_version():
    status, out, _ = run("--help")
    equal(status, 0)
    contains(out, "--data-dir", "--amqp-port", "--kafka-port", "--check-config", "--check ")
    status, out, _ = run("--version")
    equal(status, 0)
    assert re.match(r"millrace \d+\.\d+\.\d+$", out.strip()), out


@test
def wrong_settings_name_the_nearest_right_one():
    status, _, err = run("--nonsense")
    assert status != 0
    contains(err, "--nonsense", "--help")
    status, _, err = run("--amqp-prt", "1")
    equal(status, 1)
    contains(err, "--amqp-prt", "--amqp-port")
    status, _, err = run("--config", "/nonexistent.toml")
    equal(status, 1)
    contains(err, "/nonexistent.toml: ")
    status, _, err = run("--check-config", env={"MILLRACE_KAFKA_PRT": "1"})
    equal(status, 1)
    contains(err, "MILLRACE_KAFKA_PRT", "MILLRACE_KAFKA_PORT")
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write("[amqp]\nprot = 1\n")
        file.flush()
        status, _, err = run("--config", file.name, "--check-config")
        equal(status, 1)
        contains(err, "amqp.prot", "amqp.port")


@test
def a_right_configuration_is_shown():
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write("[amqp]\nport = 5999\nheartbeat = 30\n")
        file.flush()
        status, out, _ = run("--config", file.name, "--check-config", "--amqp-heartbeat", "40", env={"MILLRACE_AMQP_CHANNEL_MAX": "77"})
    equal(status, 0)
    # The file, over it the environment, over both the flags.
    contains(out, "amqp.port = 5999", "amqp.channel_max = 77", "amqp.heartbeat = 40", "valid")


@test
def a_data_directory_has_one_server():
    server = servers.Server(BINARY).start()
    try:
        status, _, err = run("--data-dir", server.data, *ANY_PORTS)
        equal(status, 1)
        contains(err, "in use by process", str(server.process.pid))
        equal(server.alive(), True)
    finally:
        server.kill()
        server.remove()


@test
def a_data_directory_that_is_none_is_refused():
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "file")
        file.write_text("no directory")
        status, _, err = run("--data-dir", file, *ANY_PORTS)
        equal(status, 1)
        contains(err, str(file))


@test
def a_port_in_use_is_named():
    server = servers.Server(BINARY).start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            status, _, err = run("--data-dir", folder, "--amqp-port", server.ports["amqp"], "--kafka-port", "0", "--metrics-port", "0")
            equal(status, 1)
            contains(err, str(server.ports["amqp"]))
    finally:
        server.kill()
        server.remove()


def metrics(server):
    with urllib.request.urlopen(f"http://{server.address('metrics')}/metrics", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain"), answer.headers["Content-Type"]
        text = answer.read().decode()
    found = {}
    for line in text.splitlines():
        sample = re.match(r"([a-z_:0-9]+)(?:\{[^}]*\})? ([-+.e0-9]+)$", line)
        if sample:
            found[sample.group(1)] = found.get(sample.group(1), 0) + float(sample.group(2))
    return found


@test
def the_metrics_page_counts():
    server = servers.Server(BINARY).start()
    suite.HOST, suite.AMQP_PORT = "127.0.0.1", server.ports["amqp"]
    try:
        before = metrics(server)
        queue = name()
        with pika_helpers.channel() as ch:
            ch.confirm_delivery()
            ch.queue_declare(queue, durable=True)
            for _ in range(10):
                ch.basic_publish("", queue, b"x" * 100, pika.BasicProperties(delivery_mode=2))
            ch.basic_publish("", "nowhere", b"lost")
            ch.queue_declare(queue + "-full", arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
            for _ in range(3):
                with contextlib.suppress(pika.exceptions.NackError):
                    ch.basic_publish("", queue + "-full", b"x")
            got, _, _ = ch.basic_get(queue)
            ch.basic_ack(got.delivery_tag)
            acknowledgements = "millrace_messages_acknowledged_total"

            def acknowledged():
                now = metrics(server)
                return now if now[acknowledgements] > before[acknowledgements] else None

            after = eventually(acknowledged, what="the acknowledgement on the page")
        grown = {key: after[key] - before[key] for key in after if key in before}
        equal(grown["millrace_messages_published_total"], 14.0, "published")
        equal(grown["millrace_messages_confirmed_total"], 12.0, "confirmed")
        equal(grown["millrace_messages_rejected_total"], 2.0, "rejected")
        equal(grown["millrace_messages_unroutable_total"], 1.0, "unroutable")
        equal(grown["millrace_messages_delivered_total"], 1.0, "delivered")
        assert after["process_resident_memory_bytes"] > 1 << 20
        for path, status in (("/nothing", 404), ("/", 404)):
            try:
                urllib.request.urlopen(f"http://{server.address('metrics')}{path}", timeout=10)
                raise AssertionError(f"{path} was served")
            except urllib.error.HTTPError as refused:
                equal(refused.code, status, path)
    finally:
        server.kill()
        server.remove()


if __name__ == "__main__":
    main()
