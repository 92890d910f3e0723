#!/usr/bin/env python3
"""Kills a real server under full load, again and again, and checks every promise after each restart.

  tests/crash/run.py --server build/release/bin/millrace-server

A cycle publishes with confirms at full speed to 1 or 100 queues (AMQP) and produces with acks=all (Kafka), while a consumer
acknowledges, rejects and requeues, with and without transactions, and Kafka transactions run, among them a loop that reads, writes and commits
its offsets with what it writes; a stream is published to and followed; then SIGKILL at a random instant. In one cycle of four there are
messages with priorities as well, in one messages that expire, in one a queue over a Kafka topic. After the restart every
confirmed message must be there once, with its content and in order; what was acknowledged and committed must not come back;
what was rejected or has expired must be a dead letter; higher priorities must come first; the stream's reader must be able to go on where it
was. One folder of data lives through all cycles. Some restarts are killed as well.

MILLRACE_CRASH_CYCLES (20), MILLRACE_CRASH_MESSAGES (confirmed per cycle, 50000), MILLRACE_CRASH_SEED (new each time)
"""

import argparse
import concurrent.futures
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

import cycles
from cycles import AmqpLoad, PythonLoad, SpecialLoad, clients, setting, shorten

import server as servers

STANDING_MESSAGES = 3000
# The load of Kafka's that has to reach as many records as that of the queues.
ACKS_ALL = "acks=all"


class Run:
    def __init__(self, arguments):
        self.seed = setting("SEED", random.randrange(1 << 30))
        self.chance = random.Random(self.seed)
        self.program = cycles.load_program(arguments.server)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="millrace-crash-"))
        log = clients.BUILD / "reports" / "crash-server.log"
        log.unlink(missing_ok=True)
        self.server = servers.Server(arguments.server.resolve(), data=self.folder / "data", log=log)
        self.messages = setting("MESSAGES", 50000)
        self.passed = self.failed = self.skipped = self.confirmed = 0
        self.slowest_start = 0.0
        self.transactions = False
        self.pool = concurrent.futures.ThreadPoolExecutor(4)
        try:
            clients.python()
            self.python = True
        except clients.Unavailable as reason:
            self.python = False
            print(f"skip - loads of Kafka and stream clients: {reason}")
            self.skipped += 1

    def result(self, name, problem, text=""):
        print(f"{'not ok' if problem else 'ok'} - {name}{': ' if problem or text else ''}{problem or text}", flush=True)
        if problem:
            self.failed += 1
        else:
            self.passed += 1

    def restart(self, cycle):
        """Starts again; every fourth time the recovery itself is killed first."""
        if cycle % 4 == 3:
            self.server.start_and_kill(self.chance.uniform(0.0, 0.15))
        self.server.start()
        self.slowest_start = max(self.slowest_start, self.server.seconds_to_ready)

    def cycle(self, number):
        queues = 100 if number % 2 else 1
        transactions = self.transactions and number // 2 % 2 == 1
        load = AmqpLoad(self.program, self.folder, f"c{number}", queues, self.chance.randrange(1 << 60), transactions,
                        self.chance.randrange(self.messages // 5, self.messages))
        others = self.other_loads(number)
        name = f"cycle {number}: {queues} queue{'s' if queues > 1 else ''}{', transactions' if transactions else ''}"
        problem, text, checks = "", "", {}
        try:
            for each in others.values():
                each.start(cycles.addresses(self.server, each))
            load.start(self.server.ports["amqp"])
            load.wait_confirmed(self.messages)
            if ACKS_ALL in others:
                others[ACKS_ALL].wait_confirmed(self.messages)
            time.sleep(self.chance.uniform(0, 0.4))
            self.server.kill()
            load.finish()
            for each in others.values():
                each.finish()
            self.restart(number)
            checks = self.start_checks(others)
            verdict, confirmed, text = load.check(self.server.ports["amqp"])
            self.confirmed += confirmed
            problem = "; ".join(verdict.lines()) or ("" if confirmed >= self.messages else f"only {text}")
        except Exception as error:  # whatever went wrong, the cycle failed
            problem = shorten(error)
        finally:
            load.stop()
            for each in others.values():
                each.stop()
        self.result(name, problem, text)
        for promise, check in checks.items():
            problem, text = check.result()
            if promise == ACKS_ALL and not problem and int(text.split()[0]) < self.messages:
                problem = f"only {text}"
            self.result(f"cycle {number}: {promise}", problem, text)
        for promise in others.keys() - checks.keys() if not problem else ():
            self.result(f"cycle {number}: {promise}", "its load has left no ledger")

    def start_checks(self, others):
        """The checks of the other loads, which run at the same time as that of the queues."""
        def check(load):
            try:
                return "", load.check(cycles.addresses(self.server, load))
            except Exception as error:
                return shorten(error), ""
        return {promise: self.pool.submit(check, each) for promise, each in others.items() if each.has_ledger()}

    def other_loads(self, number):
        """Loads beside the queues' own, by what they check; those of public clients are in Python."""
        loads = {}
        for turn, kind in enumerate(("priorities", "expiring")):
            if number % 4 == turn:
                loads[kind] = SpecialLoad(self.program, self.folder, f"{kind}{number}", self.chance.randrange(1 << 60), kind)
        if not self.python:
            return loads
        if number % 4 == 2:
            loads["queue over a topic"] = PythonLoad(self.folder, f"q{number}", number, "topic_queue_load.py", ("kafka", "amqp"))
        return {**loads, ACKS_ALL: PythonLoad(self.folder, f"k{number}", number),
                "isolation": PythonLoad(self.folder, f"t{number}", number, "transaction_load.py"),
                "stream": PythonLoad(self.folder, f"s{number}", number, "stream_load.py", ("amqp",))}

    def run(self):
        print(f"crash: seed {self.seed}, data in {self.folder}", flush=True)
        self.server.start()
        self.transactions, text = cycles.has_transactions(self.program, self.server.ports["amqp"])
        if not self.transactions:
            print(f"skip - committed settlements: {text}", flush=True)
            self.skipped += 1
        standing = AmqpLoad(self.program, self.folder, "standing", 3, self.seed, False, 0)
        standing.start(self.server.ports["amqp"], limit=STANDING_MESSAGES)
        standing.finish()
        for number in range(setting("CYCLES", 20)):
            self.cycle(number)
            if not self.server.alive():
                self.result("the server", f"is not running: {self.server.tail(10)}")
                break
        else:
            verdict, _, text = standing.check(self.server.ports["amqp"])
            self.result("messages from before the first kill", "; ".join(verdict.lines()), text)
            code = self.server.stop()
            self.result("clean stop", "" if code == 0 else f"ended with {code}")
            check = subprocess.run([self.server.binary, "--check", str(self.server.data)], capture_output=True, text=True)
            self.result("the stored data is sound", "" if check.returncode == 0 else shorten(check.stdout + check.stderr))
        self.server.kill()
        print(f"crash: {self.confirmed} confirmed messages checked; slowest start {self.slowest_start:.2f} s", flush=True)
        if self.failed:
            print(f"crash: MILLRACE_CRASH_SEED={self.seed} repeats the choices; the data is kept in {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        return 1 if self.failed or not self.passed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", type=pathlib.Path, required=True)
    return Run(parser.parse_args()).run()


if __name__ == "__main__":
    sys.exit(main())
