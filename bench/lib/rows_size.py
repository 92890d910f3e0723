"""Measurements of size: idle memory, backlog, stored bytes."""

import os
import statistics
import time

from lib import brokers, processes
from lib.context import CLASSIC
from lib.table import Table, number

MIB = 1 << 20


def start_and_idle(context):
    """Start to accepting, and resident memory of an idle broker, on empty folders."""
    table = Table("Start on an empty folder, and idle memory", "broker", "start to accepting ms", "RSS MiB",
                  "RSS without file pages MiB")
    taken = []
    scratch = os.path.join(context.scratch, "starts")
    for _ in range(5):
        broker = brokers.Millrace(context.arguments.server, scratch)
        broker.wipe()
        broker.start()
        time.sleep(1)
        taken.append((broker.ready_seconds, *processes.rss_bytes(broker.pid)))
        broker.stop()
    seconds, rss, anonymous = (statistics.median(column) for column in zip(*taken))
    table.add("Millrace (median of 5)", number(seconds * 1000), number(rss / MIB, 1), number(anonymous / MIB, 1))
    if context.rabbitmq:
        rss, anonymous = processes.rss_bytes(context.rabbitmq.pid)
        table.add("RabbitMQ", number(context.rabbitmq.ready_seconds * 1000), number(rss / MIB, 1),
                  number(anonymous / MIB, 1))
    table.show()


def backlog_of(context, broker, count, table):
    """Publishes `count` messages, kills the broker, starts it again, and drains."""
    prefix = context.generator.fresh_prefix()
    base = ("--size", 16, *CLASSIC, "--prefix", prefix, "--count", count)
    context.resume(broker)
    # The first messages make the broker allocate what it needs for any traffic at all.
    context.generator.load(broker, "--size", 16, "--persistent", *CLASSIC, "--window", 10000, "--prefetch", 1000,
                           "--count", 100000)
    before = processes.rss_bytes(broker.pid)
    published = context.generator.load(broker, *base, "--persistent", "--window", 10000, "--consumers", 0)
    time.sleep(2)
    after = processes.rss_bytes(broker.pid)
    broker.kill()
    broker.start()
    restart = broker.ready_seconds
    drained = context.generator.load(broker, *base, "--no-declare", "--producers", 0, "--prefetch", 1000)
    context.pause(broker)
    table.add(broker.name, number(count), number(published["confirm_rate"]), number((after[0] - before[0]) / count, 2),
              number((after[1] - before[1]) / count, 2), number(restart, 2), number(drained["deliver_rate"]),
              number(drained["delivered"]))


def backlog(context):
    """A long queue: memory, speed, and a start after a kill."""
    table = Table("Backlog of 16 B persistent messages in one durable queue (window 10,000; then SIGKILL, start, drain with "
                  "manual ack)", "broker", "messages", "publish msg/s", "RAM B/msg", "RAM without file pages B/msg",
                  "start after kill s", "drain msg/s", "drained")
    backlog_of(context, context.millrace, context.arguments.backlog, table)
    if context.rabbitmq:
        backlog_of(context, context.rabbitmq, context.arguments.peer_backlog, table)
    table.show("Start after a kill: from exec to accepting connections.")


def restart(context):
    """The start after a kill with a backlog in many queues."""
    table = Table("Start after SIGKILL with a backlog of 16 B persistent messages in 1,000 durable queues", "broker", "messages",
                  "publish msg/s", "start after kill s", "data folder MiB")
    for broker in context.peers():
        count = context.arguments.backlog if broker is context.millrace else context.arguments.peer_backlog
        context.resume(broker)
        published = context.generator.load(broker, "--size", 16, "--persistent", *CLASSIC, "--queues", 1000, "--window", 10000,
                                           "--consumers", 0, "--count", count)
        broker.kill()
        broker.start()
        table.add(broker.name, number(count), number(published["confirm_rate"]), number(broker.ready_seconds, 2),
                  number(processes.disk_bytes(broker.folder) / MIB))
        context.pause(broker)
    table.show("From exec to accepting connections.")


def io_bytes(pid):
    """Bytes that a process caused to be written to the disk."""
    for line in open(f"/proc/{pid}/io"):
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    return 0


def stored(context):
    """Bytes per 16 B message when 1, 10 or 100 messages arrive together."""
    table = Table("Stored bytes per persistent 16 B message, Millrace; batch size made by the confirm window", "window",
                  "messages", "journal B/msg", "segments B/msg", "written to disk B/msg", "commit rounds/1000",
                  "data folder B/msg after a clean stop")
    for window in (1, 10, 100, 1000):
        # Small journal files: nearly all messages have gone to segments when they are counted.
        broker = brokers.Millrace(context.arguments.server, os.path.join(context.scratch, "stored"),
                                  ["--storage-journal-file", "1MiB"])
        broker.wipe()
        broker.start()
        empty = processes.disk_bytes(broker.folder)
        before, written = processes.metrics(broker.metrics_port), io_bytes(broker.pid)
        count = min(500_000, 40_000 * window)
        context.generator.load(broker, "--size", 16, "--persistent", *CLASSIC, "--window", window, "--consumers", 0,
                               "--count", count)
        time.sleep(1)
        after = processes.metrics(broker.metrics_port)
        written = io_bytes(broker.pid) - written

        def grown(name):
            return after.get(name, 0) - before.get(name, 0)
        broker.stop()
        table.add(window, number(count), number(grown("millrace_journal_bytes_total") / count, 1),
                  number(grown("millrace_segment_bytes_total") / count, 1), number(written / count, 1),
                  number(grown("millrace_commit_rounds_total") * 1000 / count, 1),
                  number((processes.disk_bytes(broker.folder) - empty) / count, 1))
        broker.wipe()
    table.show("With journal files of 1 MiB. The journal's bytes are those that the server wrote, in whole sectors; the newest "
               "messages are only there, the others in segments. The folder: what it grew by, journal files included.")

