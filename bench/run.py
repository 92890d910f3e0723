#!/usr/bin/env python3
"""Measures Millrace and, beside it, RabbitMQ, in one run on one machine; prints tables and keeps nothing.

    bench/run.py --server build/release/.../millrace-server --load build/release/bench/amqp_load/amqp-load
    bench/run.py --only transient,confirms --seconds 5

Both brokers run on loopback with folders of their own under a temporary directory; the one that is not measured stands
still. Figures of different machines, or of different runs, do not compare.
"""

import argparse
import glob
import os
import platform
import subprocess
import sys
import tempfile
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from lib import rows_clients, rows_instructions, rows_size, rows_speed  # noqa: E402
from lib.context import Context  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

ROWS = {
    "start": rows_size.start_and_idle,
    "transient": rows_speed.transient,
    "confirms": rows_speed.confirms,
    "synced": rows_speed.synced,
    "many_queues": rows_speed.many_queues,
    "latency": rows_speed.latency,
    "fanout": rows_speed.fanout,
    "requests": rows_clients.requests,
    "churn": rows_clients.churn,
    "bindings": rows_clients.bindings,
    "large": rows_clients.large,
    "idle": rows_clients.idle_connections,
    "stored": rows_size.stored,
    "instructions": rows_instructions.instructions,
    "backlog": rows_size.backlog,
    "restart": rows_size.restart,
    "stalls": rows_clients.stalls,
}


def built(name):
    found = [path for path in glob.glob(f"{ROOT}/build/release/**/{name}", recursive=True) if os.access(path, os.X_OK)]
    return next(filter(os.path.isfile, found), None)


def numbers(text):
    return [int(part) for part in text.split(",")]


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default=built("millrace-server"), help="release build of the server")
    parser.add_argument("--load", default=built("amqp-load"), help="release build of the load generator")
    parser.add_argument("--only", default=",".join(ROWS), help="which measurements: " + ", ".join(ROWS))
    parser.add_argument("--peer", choices=("rabbitmq", "none"), default="rabbitmq")
    parser.add_argument("--seconds", type=int, default=8, help="measured time of each figure")
    parser.add_argument("--windows", type=numbers, default=[1, 100, 1000, 10000])
    parser.add_argument("--producers", type=numbers, default=[1, 10])
    parser.add_argument("--queues", type=int, default=10_000, help="how many queues many_queues uses")
    parser.add_argument("--bindings", type=int, default=100_000, help="bindings of the topic exchange")
    parser.add_argument("--idle", type=int, default=10_000, help="idle connections")
    parser.add_argument("--backlog", type=int, default=10_000_000, help="messages of the backlog")
    parser.add_argument("--peer-backlog", type=int, default=1_000_000, help="the same for the other broker")
    parser.add_argument("--scratch", help="parent of the temporary directory: choose the disk to measure")
    arguments = parser.parse_args()
    for name in ("server", "load"):
        if not getattr(arguments, name):
            parser.error(f"--{name}: no release build found under build/release")
    unknown = set(arguments.only.split(",")) - set(ROWS)
    if unknown:
        parser.error(f"--only: no such measurement: {', '.join(sorted(unknown))}")
    return arguments


def describe_machine(sync_micros):
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    print(f"machine: {os.cpu_count()} x {model}, {platform.system()} {platform.release()}, "
          f"load average {os.getloadavg()[0]:.1f}")
    print(f"disk: append of 4 KiB and fdatasync takes {sync_micros:.0f} us (median of 100)")


def describe(context):
    """What was measured on what: figures without this mean nothing."""
    describe_machine(context.sync_micros)
    revision = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    print(f"brokers: {context.millrace.version()} ({revision.stdout.strip() or 'no revision'}), synced before confirm"
          + (f"; {context.rabbitmq.version()}, all settings at their defaults but the memory limit" if context.rabbitmq
             else ""))


def main():
    arguments = parse()
    failed = []
    with tempfile.TemporaryDirectory(prefix="millrace-bench-", dir=arguments.scratch) as scratch:
        context = Context(arguments, scratch)
        describe(context)
        try:
            context.begin()
            for name in ROWS:
                if name not in arguments.only.split(","):
                    continue
                try:
                    ROWS[name](context)
                except Exception:  # one measurement that fails does not take the others with it
                    traceback.print_exc()
                    failed.append(name)
        finally:
            context.end()
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
