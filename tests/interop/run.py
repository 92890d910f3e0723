#!/usr/bin/env python3
"""Runs public clients against a server.

  tests/interop/run.py --server build/release/bin/millrace-server [SUITE]...
  tests/interop/run.py --against amqp=127.0.0.1:5672 [SUITE]...    the AMQP suites against another broker (or kafka=...)

Each file in suites/ is a suite: it says in its first lines what it needs ("needs: amqp kafka"), gets MILLRACE_AMQP_HOST,
MILLRACE_AMQP_PORT, MILLRACE_KAFKA (host:port) and MILLRACE_SERVER (the binary), and prints one line per test:
"ok - NAME", "not ok - NAME: why" or "skip - NAME: why".

Two suites run at a time (--jobs), each worker with a server of its own, because most of what a suite does is wait; what they say
is printed in the order of their names. A suite that must have the machine for itself says so ("needs: amqp alone"). Another
broker is shared, so there they run one after the other.
"""

import argparse
import collections
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

import clients
import server as servers

HERE = pathlib.Path(__file__).resolve().parent
SUITES = HERE / "suites"
SUITE_SECONDS = 600
LINE = re.compile(r"^(ok|not ok|skip) - (.*)$", re.MULTILINE)


def suite_files(names):
    found = [path for path in sorted(SUITES.iterdir())
             if path.suffix in (".py", ".js", ".c", ".go", ".sh", ".java") and "needs:" in path.read_text()[:600]]
    return [path for path in found if not names or path.stem in names or path.name in names]


def needs(path):
    return set(re.search(r"needs: ([a-z ]+)", path.read_text()).group(1).split())


def command(path):
    """How to run a suite, and what to add to its environment."""
    if path.suffix == ".py":
        return [clients.python(), path], {"PYTHONPATH": str(SUITES)}
    if path.suffix == ".js":
        return ["node", path], {"NODE_PATH": str(clients.node())}
    if path.suffix == ".c":
        return [clients.c_program(path)], {}
    if path.suffix == ".go":
        return [clients.go_program(path)], {}
    if path.suffix == ".sh":
        return ["bash", path], {}
    return ["java", "-cp", clients.java_classpath(), path.stem], {}


def not_served(suite, other_broker):
    """Tests of this suite that must fail, with the reason; none on another broker."""
    found = {}
    if other_broker:
        return found
    for line in (HERE / "not_served.txt").read_text().splitlines():
        words = line.split(None, 2)
        if len(words) == 3 and words[0] == suite:
            found[words[1].rstrip(":")] = words[2]
    return found


def judge(suite, lines, other_broker):
    """Failures that not_served.txt announces become skips; an announced test that passes is a failure."""
    expected = not_served(suite, other_broker)
    judged = []
    for kind, text in lines:
        test = text.split(":")[0].strip()
        if test not in expected:
            judged.append((kind, text))
        elif kind == "not ok":
            judged.append(("skip", f"{test}: not served yet: {expected[test]}"))
        else:
            judged.append(("not ok", f"{test}: works now; take it out of not_served.txt"))
    return judged


def run_suite(path, environment, available):
    """(passed, failed, skipped, notes)"""
    missing = needs(path) - available - {"alone"}
    if missing:
        return 0, 0, 1, [f"needs {', '.join(sorted(missing))}"]
    try:
        words, more = command(path)
    except clients.Unavailable as reason:
        return 0, 0, 1, [str(reason)]
    except clients.Broken as reason:
        return 0, 1, 0, [str(reason)]
    try:
        done = subprocess.run([str(word) for word in words], env={**os.environ, **environment, **more}, cwd=HERE,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=SUITE_SECONDS)
        output, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        output, code = (late.stdout or b"").decode(errors="replace"), f"time-out after {SUITE_SECONDS} s"
    lines = LINE.findall(output)
    served_all = not any(kind == "not ok" for kind, _ in lines)
    lines = judge(path.name, lines, "server" not in available)
    counts = {kind: sum(1 for found, _ in lines if found == kind) for kind in ("ok", "not ok", "skip")}
    notes = [text for kind, text in lines if kind != "ok"]
    if code and not counts["not ok"] and served_all:
        counts["not ok"] += 1
        notes.append(f"ended with {code}: {output[-1500:]}")
    elif not lines:
        counts["not ok"] += 1
        notes.append("ran no test")
    return counts["ok"], counts["not ok"], counts["skip"], notes


class OtherBroker:
    """A broker that runs already; what is stored in it is nobody's to remove."""

    def __init__(self, against):
        protocol, _, address = against.partition("=")
        host, _, port = address.partition(":")
        self.available = {protocol}
        self.environment = {"MILLRACE_AMQP_HOST": host, "MILLRACE_AMQP_PORT": port, "MILLRACE_KAFKA": address}

    def alive(self):
        return True

    def end(self):
        return ""


class OwnServer:
    """The server that one worker's suites run against."""

    available = {"amqp", "kafka", "server"}

    def __init__(self, binary, number):
        log = clients.BUILD / "reports" / f"interop-server-{number}.log"
        log.unlink(missing_ok=True)
        self.server = servers.Server(binary, log=log).start()
        self.environment = {"MILLRACE_AMQP_HOST": "127.0.0.1", "MILLRACE_AMQP_PORT": str(self.server.ports["amqp"]),
                            "MILLRACE_KAFKA": self.server.address("kafka"), "MILLRACE_SERVER": str(binary)}

    def alive(self):
        return self.server.alive()

    def end(self):
        """Stops the server; what went wrong with that."""
        died = not self.alive()
        code = self.server.stop()
        said = self.server.tail()
        self.server.remove()
        return "" if code == 0 or died else f"the server's clean stop ended with {code}:\n{said}"


class Totals:
    """What came of all suites so far. Suites are reported in their order, whichever is ready first."""

    def __init__(self, paths):
        self.counts = [0, 0, 0]
        self.left = list(paths)
        self.ready = {}
        self.passed = collections.Counter()

    def fail(self, text):
        print(text, flush=True)
        self.counts[1] += 1

    def add(self, path, result, seconds):
        self.ready[path] = (result, seconds)
        while self.left and self.left[0] in self.ready:
            self.report(self.left.pop(0))

    def report(self, path):
        result, seconds = self.ready[path]
        print(f"{path.name:28} {result[0]:3} passed {result[1]:3} failed {result[2]:3} skipped  {seconds:5.1f} s", flush=True)
        for note in result[3]:
            print("    " + note.replace("\n", "\n    "), flush=True)
        self.counts = [total + count for total, count in zip(self.counts, result)]
        for need in needs(path):
            self.passed[need] += result[0]

    def close(self, paths, available):
        """What was not run, and protocols of which nothing passed: none must hide behind the others."""
        for path in [path for path in self.left if path in self.ready]:
            self.report(path)
        missing = [path.name for path in self.left if path not in self.ready]
        if missing:
            self.fail("not run: " + ", ".join(missing))
        for protocol in sorted(available - {"server"}):
            if not self.passed[protocol] and any(protocol in needs(path) for path in paths):
                self.fail(f"{protocol}: no test passed")


def work(broker, waiting, totals, lock):
    """Runs suites until none is left or the broker is gone."""
    while broker.alive():
        with lock:
            path = waiting.pop(0) if waiting else None
        if path is None:
            return
        began = time.monotonic()
        try:
            result = run_suite(path, broker.environment, broker.available)
        except Exception as error:  # the fault of this suite's runner must not end the others
            result = 0, 1, 0, [f"could not be run: {error!r}"]
        with lock:
            totals.add(path, result, time.monotonic() - began)
            if not broker.alive():
                waiting.clear()
                totals.fail(f"the server died during {path.name}")


def run_all(paths, brokers):
    """Suites that may have company first, then the others, one after the other."""
    totals, lock = Totals(paths), threading.Lock()
    together = [path for path in paths if "alone" not in needs(path)]
    threads = [threading.Thread(target=work, args=(broker, together, totals, lock)) for broker in brokers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    work(brokers[0], [path for path in paths if "alone" in needs(path)], totals, lock)
    totals.close(paths, brokers[0].available)
    return totals


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--server", type=pathlib.Path)
    which.add_argument("--against", metavar="PROTOCOL=HOST:PORT")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="how many suites run at a time (%(default)s)")
    parser.add_argument("suites", nargs="*")
    arguments = parser.parse_args()
    paths = suite_files(arguments.suites)

    if arguments.against:
        brokers = [OtherBroker(arguments.against)]
    else:
        binary = arguments.server.resolve()
        brokers = [OwnServer(binary, number) for number in range(1, max(1, min(arguments.jobs, len(paths))) + 1)]
    totals = run_all(paths, brokers)
    for broker in brokers:
        if problem := broker.end():
            totals.fail(problem)
    passed, failed, skipped = totals.counts
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
