"""Runs amqp-load, and finds out what it can do at most."""

import contextlib
import json
import re
import subprocess
import time


class GeneratorFailed(Exception):
    pass


class Generator:
    def __init__(self, binary):
        self.binary = binary
        self.ceilings = {}
        self.serial = 0

    def fresh_prefix(self):
        """A name for queues that no earlier measurement used."""
        self.serial += 1
        return f"bench{self.serial}"

    def run(self, port, *options, timeout=3600):
        words = [self.binary, "--port", str(port), *[str(option) for option in options]]
        done = subprocess.run(words, capture_output=True, text=True, timeout=timeout)
        if done.returncode != 0 or not done.stdout.strip():
            raise GeneratorFailed(f"{' '.join(words)}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def start(self, broker, *options):
        """A generator to talk to over its standard input and output."""
        words = [self.binary, "--port", str(broker.port), "--prefix", self.fresh_prefix(), *map(str, options)]
        return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def begin(self, broker, *options):
        """Like load(), but does not wait: communicate() brings the result."""
        words = [self.binary, "--port", str(broker.port), "--prefix", self.fresh_prefix(), *map(str, options)]
        return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)

    @staticmethod
    def sleep(seconds):
        time.sleep(seconds)

    @contextlib.contextmanager
    def idle(self, broker, count):
        """So many connections that do nothing, for as long as the `with` block runs."""
        holder = self.start(broker, "--task", "idle", "--producers", count)
        try:
            if holder.stdout.readline().strip() != "open":
                raise GeneratorFailed(f"{count} idle connections could not be opened")
            yield
        finally:
            holder.communicate("\n", timeout=120)

    def task(self, broker, name, *options):
        """Another task than a flow of messages."""
        return self.load(broker, "--task", name, *options)

    def load(self, broker, *options, timeout=3600):
        """Measures a broker, with its processor time."""
        if "--prefix" not in options:
            options = (*options, "--prefix", self.fresh_prefix())
        result = self.run(broker.port, *options, "--watch-pid", broker.pid, timeout=timeout)
        if not result["complete"]:
            print(f"note: {broker.name} did not deliver or confirm everything in time: {' '.join(map(str, options))}")
        return result

    def ceiling(self, *options, seconds=2):
        """Messages a second that the generator reaches with these options against a broker that keeps nothing."""
        key = tuple(map(str, options))
        if key not in self.ceilings:
            size = key[key.index("--size") + 1] if "--size" in key else "16"
            sink = subprocess.Popen([self.binary, "--null-sink", "--port", "0", "--size", size],
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            try:
                port = int(re.search(r":(\d+)", sink.stdout.readline()).group(1))
                result = self.run(port, *key, "--seconds", seconds, "--drain-seconds", 1)
            finally:
                sink.stdin.close()
                sink.wait(30)
            self.ceilings[key] = rate_of(result)
        return self.ceilings[key]


def rate_of(result):
    """The rate that a measurement is about: its own, deliveries, else confirms, else what was published."""
    if "rate" in result:
        return result["rate"]
    for name in ("deliver", "confirm", "publish"):
        if result[f"{name}_rate"] > 0:
            return result[f"{name}_rate"]
    return 0


def cpu_micros(result, messages=None):
    """(user, system) processor time of the broker per message in microseconds."""
    count = messages or result["delivered"] or result["confirmed"] or result["published"]
    if not count:
        return None, None
    cpu = result["broker_cpu"]
    return cpu["user"] * 1e6 / count, cpu["system"] * 1e6 / count
