"""One cycle of the crash tests: load a server, end it at a random instant, start it again, check what is there."""

import os
import pathlib
import re
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "interop"))

import clients  # noqa: E402
import verdict as verdicts  # noqa: E402

REACH_SECONDS = 90
PROCESS_SECONDS = 180


class LoadProcess:
    """A load program whose lines are read as they come."""

    def __init__(self, command):
        self.lines = []
        self.confirmed = 0
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.strip())
            # A client library that complains in the middle of a line spoils that line only.
            if found := re.fullmatch(r"confirmed (\d+)\b.*", line.strip()):
                self.confirmed = int(found[1])

    def said(self, word):
        return any(line.startswith(word) for line in list(self.lines))

    def wait_for(self, word, seconds=60):
        deadline = time.monotonic() + seconds
        while not self.said(word):
            if self.process.poll() is not None and not self.reader.is_alive():
                raise RuntimeError(f"the load ended before it said '{word}': {self.tail()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"the load did not say '{word}' within {seconds} s: {self.tail()}")
            time.sleep(0.01)

    def wait_confirmed(self, target):
        deadline = time.monotonic() + REACH_SECONDS
        while self.confirmed < target and time.monotonic() < deadline and self.process.poll() is None:
            time.sleep(0.005)

    def finish(self):
        """Waits for the end; anything but a clean one is an error of the server's."""
        try:
            code = self.process.wait(PROCESS_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = "time-out"
        self.reader.join(10)
        if code:
            raise RuntimeError(f"{self.process.args[1]} ended with {code}: {self.tail()}")
        return self

    def tail(self):
        return " | ".join(self.lines[-3:])

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class AmqpLoad:
    """Publisher and consumer against one set of queues, and the check of what they were promised."""

    def __init__(self, program, folder, prefix, queues, seed, transactions, settle, kind="plain"):
        self.kind = kind
        self.program, self.folder, self.prefix = program, folder, prefix
        self.queues, self.seed, self.transactions, self.settle = queues, seed, transactions, settle
        self.publisher = self.consumer = None

    def command(self, mode, port, *more):
        return [self.program, mode, "--port", port, "--prefix", self.prefix, "--queues", self.queues, "--seed", self.seed,
                "--ledger", self.ledger(mode), "--kind", self.kind, *more]

    def ledger(self, mode):
        return self.folder / f"{self.prefix}.{mode}"

    def start(self, port, limit=0):
        self.publisher = LoadProcess(self.command("publish", port, "--limit", limit))
        self.publisher.wait_for("declared")
        if self.settle:
            self.consumer = LoadProcess(self.command("consume", port, "--limit", self.settle, "--transactions",
                                                     int(self.transactions)))
            self.consumer.wait_for("subscribed")

    def wait_confirmed(self, target):
        self.publisher.wait_confirmed(target)

    def finish(self):
        self.publisher.finish()
        if self.consumer:
            self.consumer.finish()

    def stop(self):
        for process in (self.publisher, self.consumer):
            if process:
                process.stop()

    def check(self, port):
        """The verdict and the numbers of this load, after a restart."""
        published = verdicts.read_ledger(self.ledger("publish"))
        consumed = verdicts.read_ledger(self.ledger("consume")) if self.consumer else []
        dead = verdicts.least_dead_letters(published, consumed) if self.kind == "expiring" else 0
        LoadProcess(self.command("drain", port, "--dead", dead)).finish()
        found = verdicts.read_ledger(self.ledger("drain"))
        confirmed = sum(1 for entry in published if entry[0] == verdicts.CONFIRMED)
        for mode in ("publish", "consume", "drain"):
            self.ledger(mode).unlink(missing_ok=True)
        numbers = f"{confirmed} confirmed, {len(consumed)} delivered, {len(found)} found"
        return verdicts.judge(published, consumed, found, self.kind), confirmed, numbers


class SpecialLoad(AmqpLoad):
    """A smaller load with messages that are special (message.h), beside another one."""

    protocols = ("amqp",)
    WINDOW = 500
    # Longer than what has little time lives: publish.cc.
    EXPIRY_SECONDS = 0.5

    def __init__(self, program, folder, prefix, seed, kind):
        super().__init__(program, folder, prefix, {"priorities": 10, "expiring": 2}[kind], seed, False, 10000, kind)
        self.ended = 0.0

    def command(self, mode, port, *more):
        return super().command(mode, port, "--window", self.WINDOW, *more)

    def start(self, address):
        super().start(address.rpartition(":")[2])

    def finish(self):
        super().finish()
        self.ended = time.monotonic()

    def has_ledger(self):
        return self.ledger("publish").is_file()

    def check(self, address):
        """What the check says; raises on a problem."""
        if self.kind == "expiring":
            time.sleep(max(0.0, self.ended + self.EXPIRY_SECONDS - time.monotonic()))
        judged, _, numbers = super().check(address.rpartition(":")[2])
        if judged:
            raise RuntimeError("; ".join(judged.lines()))
        return numbers


def has_transactions(program, port):
    """Whether consumers can commit; where not, the promises about committed settlements are not tested."""
    done = LoadProcess([program, "transactions", "--port", port]).finish()
    return done.lines[-1] == "yes", done.lines[-1]


class PythonLoad:
    """A load with a public client and its check: a Kafka producer with acks=all, or (transaction_load.py) transactions, or
    (stream_load.py) a stream that is published to and read, or (topic_queue_load.py) a queue over a topic."""

    def __init__(self, folder, topic, seed, script="kafka_load.py", protocols=("kafka",)):
        self.script, self.protocols = script, protocols
        self.ledger = folder / f"{topic}.ledger"
        self.topic, self.seed = topic, seed
        self.process = None

    def command(self, mode, broker):
        return [clients.python(), HERE / self.script, mode, broker, self.topic, self.ledger, self.seed]

    def start(self, broker):
        self.process = LoadProcess(self.command("produce", broker))
        self.process.wait_for("created")

    def wait_confirmed(self, target):
        self.process.wait_confirmed(target)

    def finish(self):
        if self.process.process.poll() is None:
            self.process.process.terminate()
        self.process.finish()

    def stop(self):
        if self.process:
            self.process.stop()

    def has_ledger(self):
        return self.ledger.is_file()

    def check(self, broker):
        """What the check says; raises on a problem."""
        done = LoadProcess(self.command("verify", broker)).finish()
        self.ledger.unlink(missing_ok=True)
        return done.lines[-1]


def addresses(server, load):
    """Where the load finds its protocols, in its own order."""
    return ",".join(server.address(protocol) for protocol in load.protocols)


def load_program(server):
    """crash_load, from the build folder that the server is in."""
    for folder in pathlib.Path(server).resolve().parents:
        program = folder / "tests" / "crash" / "crash_load"
        if program.is_file():
            return program
    raise SystemExit("crash_load is not built (ninja -C build/release crash_load)")


def setting(name, default):
    return int(os.environ.get(f"MILLRACE_CRASH_{name}", default))


def shorten(error, limit=1500):
    return re.sub(r"\s+", " ", str(error))[:limit]
