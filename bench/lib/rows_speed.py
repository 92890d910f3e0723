"""Measurements of speed: one queue, confirms, many queues, latency, fan-out."""

from lib import processes
from lib.context import CLASSIC, QUORUM
from lib.generator import cpu_micros, rate_of
from lib.table import Table, number, ratio, times


def transient(context):
    """One queue, one producer, one consumer, 16 B, transient, auto-ack, no confirms."""
    # So many messages are under way at most: without a bound the broker that is behind measures its backlog instead.
    options = ("--size", 16, "--auto-ack", "--max-ahead", 50000)
    table = Table("Transient: 1 queue, 1 producer, 1 consumer, 16 B, auto-ack, no confirms",
                  "broker", "msg/s in and out", "user us/msg", "system us/msg", "together us/msg", "generator could")
    for broker in context.peers():
        result = context.measure(broker, *options, "--warmup", 1, "--seconds", context.seconds)
        user, system = cpu_micros(result)
        table.add(broker.name, number(rate_of(result)), number(user, 2), number(system, 2),
                  number(user + system, 2), number(context.generator.ceiling(*options)))
    table.show("Processor time of the broker's process per message that came in and went out. The kernel tells user and system "
               "apart by samples; their sum is exact.")


def confirms(context):
    """Persistent messages with confirms and manual acknowledgements."""
    table = Table("Persistent, confirms, manual ack, prefetch 1000, 16 B; msg/s",
                  "producers", "window", "bound by sync", "Millrace", "quorum", "classic", "vs quorum", "vs classic",
                  "Millrace CPU us/msg (user + system)", "Millrace confirm p50 / p99 ms", "generator could")
    for producers in context.arguments.producers:
        for window in context.arguments.windows:
            options = ("--size", 16, "--persistent", "--window", window, "--prefetch", 1000, "--producers", producers)
            measure = ("--warmup", 1, "--seconds", context.seconds)
            mine = context.measure(context.millrace, *options, *CLASSIC, *measure)
            quorum = classic = None
            if context.rabbitmq:
                quorum = rate_of(context.measure(context.rabbitmq, *options, *QUORUM, *measure))
                classic = rate_of(context.measure(context.rabbitmq, *options, *CLASSIC, *measure))
            user, system = cpu_micros(mine)
            took = mine["confirm_latency_us"]
            bound = window * producers / context.sync_micros * 1e6
            table.add(producers, window, number(bound), number(rate_of(mine)), number(quorum), number(classic),
                      times(ratio(rate_of(mine), quorum)), times(ratio(rate_of(mine), classic)),
                      f"{number(user, 2)} + {number(system, 2)}",
                      f"{took['p50'] / 1000:.2f} / {took['p99'] / 1000:.2f}", number(context.generator.ceiling(*options)))
    table.show(f"Bound by sync: window x producers / {context.sync_micros:.0f} us, the median time of an append of 4 KiB "
               "with fdatasync on this disk.")


def synced(context):
    """How many sync calls stand behind confirmed messages, seen in the system-call trace."""
    table = Table("Sync calls seen by strace while 1 producer publishes persistent messages with confirms",
                  "broker", "window", "messages", "sync calls", "messages per sync call")
    kinds = [(context.millrace, "Millrace", CLASSIC)]
    if context.rabbitmq:
        kinds += [(context.rabbitmq, "RabbitMQ quorum", QUORUM), (context.rabbitmq, "RabbitMQ classic", CLASSIC)]
    for broker, name, kind in kinds:
        for window in (1, 100):
            with context.only(broker), processes.Syncs(broker.pid, context.scratch) as syncs:
                result = context.generator.load(broker, "--size", 16, "--persistent", "--consumers", 0, "--window", window,
                                                *kind, "--seconds", 3)
            total = syncs.total()
            table.add(name, window, number(result["total_confirmed"]), syncs.text(),
                      number(result["total_confirmed"] / total, 1) if total else "-")
    table.show("A broker that makes far fewer sync calls than messages at window 1 confirms before its disk has them.")


def many_queues(context):
    """10,000 durable queues used in turn with confirms, relative to one."""
    count = context.arguments.queues
    table = Table(f"{count:,} durable queues in turn, 1 producer, 16 B, persistent, window 1000, confirms",
                  "broker", "1 queue msg/s", f"{count:,} queues msg/s", "share", "sync calls per 1000 messages",
                  "commit rounds per 1000 messages")
    base = ("--size", 16, "--persistent", "--window", 1000, "--consumers", 0, *CLASSIC)
    for broker in context.peers():
        one = context.measure(broker, *base, "--warmup", 1, "--seconds", context.seconds)
        prefix = context.generator.fresh_prefix()
        many = context.measure(broker, *base, "--queues", count, "--prefix", prefix, "--warmup", 2,
                               "--seconds", context.seconds)
        with context.only(broker):
            before = processes.metrics(broker.metrics_port) if broker is context.millrace else {}
            with processes.Syncs(broker.pid, context.scratch) as syncs:
                traced = context.generator.load(broker, *base, "--queues", count, "--prefix", prefix, "--no-declare",
                                                "--seconds", 3)
            after = processes.metrics(broker.metrics_port) if broker is context.millrace else {}
        per_thousand = 1000 / max(1, traced["total_confirmed"])
        rounds = after.get("millrace_commit_rounds_total", 0) - before.get("millrace_commit_rounds_total", 0)
        table.add(broker.name, number(rate_of(one)), number(rate_of(many)),
                  f"{100 * rate_of(many) / max(1, rate_of(one)):.0f} %", number(syncs.total() * per_thousand, 1),
                  number(rounds * per_thousand, 1) if after else "-")
    table.show()


def latency(context):
    """Publish-to-deliver times at half of the load that the broker carried with the same options."""
    table = Table("Publish-to-deliver latency at half load, persistent, confirms, 1 producer, 1 consumer, 16 B; us",
                  "broker", "full msg/s", "half msg/s", "p50", "p99", "p99.9", "max", "p99 of a sync before")
    options = ("--size", 16, "--persistent", "--window", 10000, "--prefetch", 1000, *CLASSIC)
    for broker in context.peers():
        full = rate_of(context.measure(broker, *options, "--warmup", 1, "--seconds", context.seconds))
        sync = processes.sync_micros(context.scratch, count=1000, share=0.99)
        result = context.measure(broker, *options, "--latency", "--rate", max(1, int(full / 2)), "--warmup", 1,
                                 "--seconds", context.seconds)
        took = result["delivery_latency_us"]
        table.add(broker.name, number(full), number(rate_of(result)), *(number(took[name]) for name in
                                                                      ("p50", "p99", "p99.9", "max")), number(sync))
    table.show("A sync: append of 4 KiB and fdatasync, 1000 of them just before the measurement.")


def fanout(context):
    """One publisher, 100 queues, 1 KiB."""
    options = ("--size", 1024, "--fanout", "--queues", 100, "--consumers", 4, "--auto-ack", "--max-ahead", 200000)
    table = Table("Fan-out 1 -> 100 queues, 1 KiB, transient, auto-ack", "broker", "deliveries/s", "vs RabbitMQ",
                  "CPU us/delivery (user + system)")
    results = {}
    for broker in context.peers():
        results[broker.name] = context.measure(broker, *options, "--warmup", 1, "--seconds", context.seconds)
    for name, result in results.items():
        peer = results.get("RabbitMQ")
        user, system = cpu_micros(result)
        table.add(name, number(rate_of(result)), times(ratio(rate_of(result), peer and rate_of(peer))),
                  f"{number(user, 2)} + {number(system, 2)}")
    table.show()
