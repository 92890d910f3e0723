#!/usr/bin/env python3
"""Suites run side by side, are reported in their order, and none is forgotten."""

import contextlib
import io
import pathlib
import sys
import tempfile
import threading
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import run  # noqa: E402
import server  # noqa: E402


class Broker:
    available = {"amqp", "kafka", "server"}

    def __init__(self, name):
        self.environment = {"name": name}
        self.dead = False

    def alive(self):
        return not self.dead


class Suites(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.brokers = [Broker("one"), Broker("two")]

    def tearDown(self):
        self.folder.cleanup()

    def suites(self, **needs):
        paths = []
        for name, words in needs.items():
            paths.append(pathlib.Path(self.folder.name) / f"{name}.py")
            paths[-1].write_text(f'"""needs: {words}"""')
        return paths

    def run_all(self, paths, suite):
        with mock.patch.object(run, "run_suite", suite), contextlib.redirect_stdout(io.StringIO()) as said:
            totals = run.run_all(paths, self.brokers)
        return totals.counts, said.getvalue().splitlines()

    def test_two_run_at_a_time_and_are_reported_in_order(self):
        both, other_done = threading.Barrier(2, timeout=20), threading.Event()

        def suite(path, environment, available):
            if path.stem in ("a", "b"):
                both.wait()
            if path.stem == "a":
                other_done.wait(20)
            if path.stem == "c":
                other_done.set()
            return 1, 0, 0, [f"by {environment['name']}"]

        counts, said = self.run_all(self.suites(a="amqp", b="kafka", c="amqp", d="amqp kafka"), suite)
        self.assertEqual(counts, [4, 0, 0])
        self.assertEqual([line.split(".")[0] for line in said if ".py" in line], ["a", "b", "c", "d"])

    def test_one_that_must_be_alone_has_no_company(self):
        running, company = [], []

        def suite(path, environment, available):
            running.append(path.stem)
            company.append((path.stem, len(running)))
            running.remove(path.stem)
            return 1, 0, 0, []

        counts, said = self.run_all(self.suites(a="amqp alone", b="amqp", c="kafka"), suite)
        self.assertEqual(counts, [3, 0, 0])
        self.assertEqual(company[-1], ("a", 1))
        self.assertEqual([line[0] for line in said], ["a", "b", "c"])

    def test_a_dead_server_ends_the_run_and_what_was_not_run_is_named(self):
        self.brokers = self.brokers[:1]

        def suite(path, environment, available):
            self.brokers[0].dead = path.stem == "b"
            return 1, 0, 0, []

        counts, said = self.run_all(self.suites(a="amqp", b="amqp", c="amqp"), suite)
        self.assertEqual(counts, [2, 2, 0])
        self.assertIn("the server died during b.py", said)
        self.assertIn("not run: c.py", said)

    def test_a_protocol_of_which_nothing_passed_is_a_failure(self):
        counts, said = self.run_all(self.suites(a="amqp", b="kafka"),
                                    lambda path, *_: (0, 0, 1, []) if path.stem == "b" else (1, 0, 0, []))
        self.assertEqual(counts, [1, 1, 1])
        self.assertIn("kafka: no test passed", said)

    def test_a_suite_that_breaks_its_runner_fails_alone(self):
        def suite(path, environment, available):
            if path.stem == "a":
                raise OSError("no such program")
            return 1, 0, 0, []

        counts, said = self.run_all(self.suites(a="amqp", b="amqp kafka"), suite)
        self.assertEqual(counts, [1, 1, 0])
        self.assertTrue(any("no such program" in line for line in said))


class Ports(unittest.TestCase):
    def test_a_port_is_none_that_an_outgoing_connection_gets(self):
        low, high = (int(word) for word in pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
        for _ in range(50):
            self.assertFalse(low <= server.free_port() <= high)


if __name__ == "__main__":
    unittest.main()
