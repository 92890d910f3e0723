"""What the Python suites share: registering tests, fresh names, and one line per result."""

import itertools
import os
import signal
import sys
import time
import traceback

HOST = os.environ.get("MILLRACE_AMQP_HOST", "127.0.0.1")
AMQP_PORT = int(os.environ.get("MILLRACE_AMQP_PORT", "5672"))
KAFKA = os.environ.get("MILLRACE_KAFKA", "127.0.0.1:9092")
TEST_SECONDS = 60

_tests = []
_numbers = itertools.count(1)


class Skip(Exception):
    """A test that cannot be run here says why."""


def test(function):
    _tests.append(function)
    return function


def name(prefix="t"):
    """A name that no other test and no earlier run uses."""
    return f"{prefix}-{os.getpid()}-{time.time_ns() % 10**9}-{next(_numbers)}"


def equal(actual, expected, what=""):
    assert actual == expected, f"{what + ': ' if what else ''}got {actual!r}, expected {expected!r}"


def eventually(condition, seconds=10, what="condition"):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what} did not become true within {seconds} s")


def _late(_signal, _frame):
    raise TimeoutError(f"took more than {TEST_SECONDS} s")


def main():
    wanted = sys.argv[1:]
    bad = 0
    signal.signal(signal.SIGALRM, _late)
    for function in _tests:
        if wanted and function.__name__ not in wanted:
            continue
        signal.alarm(TEST_SECONDS)
        try:
            function()
            print(f"ok - {function.__name__}", flush=True)
        except Skip as reason:
            print(f"skip - {function.__name__}: {reason}", flush=True)
        except Exception as error:  # a test may fail with any exception of its client
            bad += 1
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = next((f for f in reversed(traceback.extract_tb(error.__traceback__)) if "suites" in f.filename), where)
            print(f"not ok - {function.__name__}: line {place.lineno}: {type(error).__name__}: {str(error)[:500]}", flush=True)
        finally:
            signal.alarm(0)
    sys.exit(1 if bad else 0)
