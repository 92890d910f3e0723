"""Instructions per message in the broker: hardly touched by what else the machine does."""

import json
import os
import re
import shutil
import signal
import subprocess
import time

from lib import brokers
from lib.table import Table, number

PATHS = {
    "transient, auto-ack, no confirms": ("--size", 16, "--auto-ack", "--max-ahead", 50000),
    "persistent, window 1000, manual ack": ("--size", 16, "--persistent", "--window", 1000, "--prefetch", 1000, "--durable"),
}


def perf_counts():
    """True when the machine lets us count instructions in user space."""
    if not shutil.which("perf"):
        return False
    done = subprocess.run(["perf", "stat", "-x", ",", "-e", "instructions:u", "true"], capture_output=True, text=True)
    return done.returncode == 0 and re.search(r"^\d+,", done.stderr, re.M) is not None


def with_perf(context, broker, options):
    """Instructions per message while the generator runs against a warm broker."""
    prefix = context.generator.fresh_prefix()
    context.generator.load(broker, *options, "--prefix", prefix, "--seconds", 2)
    counter = subprocess.Popen(["perf", "stat", "-x", ",", "-e", "instructions:u", "-p", str(broker.pid)],
                               stderr=subprocess.PIPE, text=True)
    time.sleep(0.5)
    result = context.generator.load(broker, *options, "--prefix", prefix, "--no-declare", "--seconds", 5)
    counter.send_signal(signal.SIGINT)
    text = counter.communicate(timeout=30)[1]
    return int(re.search(r"^(\d+),", text, re.M).group(1)) / result["total_published"]


def instrument(pid, on):
    """Callgrind counts only while this is on."""
    subprocess.run(["callgrind_control", f"--instr={'on' if on else 'off'}", str(pid)], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)


def with_callgrind(context, options, count=200_000):
    """Instructions per message of a server under callgrind, counted from the first message to the last."""
    out = os.path.join(context.scratch, "callgrind.out")
    broker = brokers.Millrace(context.arguments.server, os.path.join(context.scratch, "callgrind"))
    broker.wipe()
    broker.start(wrapper=("valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}"))
    load = context.generator.start(broker, *options, "--count", count, "--wait")
    try:
        if load.stdout.readline().strip() != "open":
            raise brokers.BrokerFailed("the generator could not connect to a server under callgrind")
        instrument(broker.pid, True)
        load.stdin.write("\n")
        load.stdin.flush()
        result = json.loads(load.stdout.read())
        instrument(broker.pid, False)
    finally:
        load.kill()
        load.wait()
        broker.stop()
    found = re.findall(r"^(?:summary|totals): (\d+)", open(out).read(), re.M)
    os.unlink(out)
    if not found:
        raise brokers.BrokerFailed("callgrind wrote no totals")
    return max(map(int, found)) / result["total_published"]


def instructions(context):
    """Instructions per message on the hot paths."""
    by_perf = perf_counts()
    table = Table("Instructions per message in and out, user space, Millrace", "path", "instructions/msg", "counted by")
    for name, options in PATHS.items():
        if by_perf:
            with context.only(context.millrace):
                table.add(name, number(with_perf(context, context.millrace, options)), "perf stat")
        elif shutil.which("valgrind"):
            table.add(name, number(with_callgrind(context, options)), "callgrind")
        else:
            table.add(name, "-", "neither perf nor valgrind can count here")
    table.show("Under callgrind the broker is slow, so that its batches are as large as the generator lets them get.")
