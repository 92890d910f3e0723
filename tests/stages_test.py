#!/usr/bin/env python3
"""Stages that run side by side are told apart, and counted as the others."""

import contextlib
import io
import pathlib
import sys
import tempfile
import threading
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scripts" / "lib"))

import harness  # noqa: E402
import stages  # noqa: E402


class SideBySide(unittest.TestCase):
    def run_all(self, names, chosen):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as said, \
                mock.patch.object(harness, "REPORTS", pathlib.Path(folder)), mock.patch.object(stages, "STAGES", names), \
                mock.patch.object(stages, "SIDE_BY_SIDE", {"b", "c"}):
            return stages.run_all(chosen), said.getvalue()

    def test_they_run_at_once_and_speak_in_their_order(self):
        both = threading.Barrier(2, timeout=20)

        def meets(stage):
            both.wait()
            stage.run(["echo", f"word of {stage.name}"], show=True)
            return harness.passed()

        def alone(stage):
            stage.run(["echo", f"word of {stage.name}"], show=True)
            return harness.passed()

        names = {"a": ("A", alone), "b": ("B", meets), "c": ("C", meets), "d": ("D", alone)}
        results, said = self.run_all(names, list(names))
        self.assertEqual([(name, outcome.passed) for name, outcome, _ in results], [("a", 1), ("b", 1), ("c", 1), ("d", 1)])
        words = [line.strip() for line in said.splitlines() if line.strip().startswith("word of")]
        self.assertEqual(words, [f"word of {name}" for name in "abcd"])

    def test_one_of_them_alone_and_one_that_fails(self):
        def broken(stage):
            raise stages.Failure("building failed")

        names = {"a": ("A", lambda stage: harness.passed()), "b": ("B", broken), "c": ("C", lambda stage: harness.passed())}
        self.assertEqual([outcome.failed for _, outcome, _ in self.run_all(names, ["a", "b", "c"])[0]], [0, 1, 0])
        self.assertEqual([name for name, _, _ in self.run_all(names, ["a", "c"])[0]], ["a", "c"])


if __name__ == "__main__":
    unittest.main()
