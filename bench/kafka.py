#!/usr/bin/env python3
"""Measures Millrace and, beside it, Apache Kafka with Kafka's own producer and consumer programs; prints tables.

    bench/kafka.py --server build/release/bin/millrace-server
    bench/kafka.py --gib 4 --only synced

Two comparisons: "synced" has both sides sync each batch before it is acknowledged (Millrace's default against
log.flush.interval.messages=1), "os" has both leave that to the operating system (storage.durability=os against Kafka's
default). One broker runs at a time, on loopback and a folder of its own. Java's programs take most of the processor, so
the broker's own time is the figure that tells.
"""

import argparse
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from lib import apache_kafka, processes  # noqa: E402
from lib.brokers import Millrace  # noqa: E402
from lib.table import Table, number, ratio, times  # noqa: E402
from run import built, describe_machine  # noqa: E402

MIB = 1 << 20
LOADS = {
    "1 KiB, large batches": (1024, ("batch.size=524288", "linger.ms=5", "buffer.memory=134217728")),
    "100 B, linger 5 ms": (100, ("linger.ms=5",)),
}
PARTITIONS = 6


def drop_page_cache():
    """Whether files are read from the disk afterwards: only the superuser may ask for it."""
    os.sync()
    try:
        with open("/proc/sys/vm/drop_caches", "w") as file:
            file.write("1\n")
    except OSError:
        return False
    return True


def timed(broker, work):
    """The result of the work, with the broker's processor seconds."""
    before = sum(processes.cpu_seconds(broker.pid))
    result = work()
    return result | {"cpu": sum(processes.cpu_seconds(broker.pid)) - before}


def measure(broker, gib):
    """The figures of one broker: load -> (produce, fetch from memory, fetch from the disk)."""
    found = {}
    for number_of_load, (name, (size, properties)) in enumerate(LOADS.items()):
        topic = f"bench-{number_of_load}"
        records = max(10_000, int(gib * 1024 * MIB / size / (1 if size >= 1024 else 4)))
        apache_kafka.create_topic(broker.kafka_port, topic, PARTITIONS)
        # A first short run, so that no one measures the start of a virtual machine.
        apache_kafka.produce(broker.kafka_port, topic, 20_000, size, *properties)
        produced = timed(broker, lambda: apache_kafka.produce(broker.kafka_port, topic, records, size, *properties))
        produced["mb"] = records * size / MIB
        produced["records"] = records
        fetched = timed(broker, lambda: apache_kafka.consume(broker.kafka_port, topic, records))
        cold = None
        if drop_page_cache():
            cold = timed(broker, lambda: apache_kafka.consume(broker.kafka_port, topic, records))
        found[name] = (produced, fetched, cold)
    return found


def show(what, mine, theirs, disk):
    table = Table(f"{what}: Kafka's producer (acks=all) and consumer, {PARTITIONS} partitions",
                  "work", "load", "Millrace MB/s", "Kafka MB/s", "ratio", "Millrace CPU ms/MB", "Kafka CPU ms/MB", "CPU share",
                  "p99 ms (Millrace / Kafka)")
    for load in LOADS:
        for name, place in (("produce", 0), ("fetch, cached", 1), ("fetch, cold", 2)):
            own, other = mine[load][place], theirs and theirs[load][place]
            if own is None:
                continue
            cpu = own["cpu"] / own["mb"] * 1000
            other_cpu = other and other["cpu"] / other["mb"] * 1000
            late = f"{own['p99_ms']} / {other['p99_ms'] if other else '-'}" if place == 0 else "-"
            table.add(name, load, number(own["mb_per_second"], 1), number(other and other["mb_per_second"], 1),
                      times(ratio(own["mb_per_second"], other and other["mb_per_second"])), number(cpu, 2), number(other_cpu, 2),
                      "-" if not other_cpu else f"{cpu / other_cpu:.2f}", late)
    table.show(f"Append of 4 KiB and fdatasync on this disk: {disk:.0f} us (median).")


def millrace(server, scratch, synced):
    broker = Millrace(server, scratch, () if synced else ("--storage-durability", "os"))
    broker.start()
    return broker


def one(make, gib):
    with tempfile.TemporaryDirectory(prefix="millrace-bench-") as scratch:
        broker = make(scratch)
        try:
            return measure(broker, gib)
        finally:
            broker.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default=built("millrace-server"), help="release build of the server")
    parser.add_argument("--only", default="synced,os")
    parser.add_argument("--gib", type=float, default=2, help="data of the load of 1 KiB records; the other has a quarter of it")
    parser.add_argument("--peer", choices=("kafka", "none"), default="kafka")
    arguments = parser.parse_args()
    if not arguments.server:
        parser.error("--server: no release build found under build/release")
    try:
        apache_kafka.classpath()
    except apache_kafka.Unavailable as why:
        print(f"skipped: {why}")
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        disk = processes.sync_micros(scratch)
    version = subprocess.run([arguments.server, "--version"], capture_output=True, text=True).stdout.strip().splitlines()[0]
    describe_machine(disk)
    print(f"brokers: {version}; {apache_kafka.ApacheKafka.version()}, heap 1 GiB, all other settings at their defaults")
    for what in arguments.only.split(","):
        synced = what == "synced"
        mine = one(lambda scratch: millrace(arguments.server, scratch, synced), arguments.gib)
        theirs = None
        if arguments.peer == "kafka":
            theirs = one(lambda scratch: apache_kafka.ApacheKafka(scratch, synced).start(), arguments.gib)
        show("Both sync before they acknowledge" if synced else "Both leave syncing to the operating system", mine, theirs, disk)
    return 0


if __name__ == "__main__":
    sys.exit(main())
