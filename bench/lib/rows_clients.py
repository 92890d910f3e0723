"""Measurements of what clients do beside a steady flow: requests, churn, many connections, many bindings, large messages."""

import json

from lib import processes
from lib.context import CLASSIC
from lib.generator import cpu_micros, rate_of
from lib.table import Table, number, ratio, times

KIB = 1 << 10
MIB = 1 << 20


def cpu_text(result, count):
    """Processor time of broker and generator per unit of work, in microseconds."""
    words = []
    for who in ("broker_cpu", "generator_cpu"):
        cpu = result[who]
        words.append(f"{number(cpu['user'] * 1e6 / max(1, count), 1)} + {number(cpu['system'] * 1e6 / max(1, count), 1)}")
    return words


def versus(results, name, key="rate"):
    """The ratio to RabbitMQ, in the row of Millrace."""
    peer = results.get("RabbitMQ")
    return times(ratio(results[name][key], peer[key])) if peer and name == "Millrace" else "-"


def requests(context):
    """One client, one server, one message at a time: request, reply, next request."""
    table = Table("Request and reply, 16 B, transient, auto-ack, one request at a time, over two queues", "broker",
                  "round trips/s", "vs RabbitMQ", "p50 us", "p99 us", "broker CPU us (user + system)",
                  "generator CPU us (user + system)")
    results = {}
    for broker in context.peers():
        with context.only(broker):
            results[broker.name] = context.generator.task(broker, "requests", "--size", 16, "--warmup", 1, "--seconds",
                                                          context.seconds)
    for name, result in results.items():
        table.add(name, number(result["rate"]), versus(results, name), number(result["p50_us"]), number(result["p99_us"]),
                  *cpu_text(result, result["count"]))
    table.show("The client and the server of the generator share one thread; a round trip is two messages through the broker.")


def churn(context):
    """Declaring and deleting queues, opening and closing connections, one after the other."""
    table = Table("Churn, 4 clients in parallel, each one thing after the other", "what", "broker", "per second",
                  "vs RabbitMQ", "broker CPU us (user + system)", "generator CPU us (user + system)", "generator could")
    kinds = (("declare and delete a transient queue", ("--task", "churn-queues")),
             ("declare and delete a durable queue", ("--task", "churn-queues", *CLASSIC)),
             ("connect, open a channel, disconnect", ("--task", "churn-connections")))
    for what, options in kinds:
        options = (*options, "--producers", 4)
        results = {}
        for broker in context.peers():
            results[broker.name] = context.measure(broker, *options, "--seconds", context.seconds)
        for name, result in results.items():
            table.add(what, name, number(result["rate"]), versus(results, name), *cpu_text(result, result["count"]),
                      number(context.generator.ceiling(*options)))
    table.show()


def idle_connections(context):
    """Memory of connections that do nothing, and what they cost one that works."""
    count, few = context.arguments.idle, 1000
    table = Table(f"{count:,} idle connections with a channel each; publish-to-deliver of one busy pair at 1,000 msg/s", "broker",
                  "RSS per connection KiB", "busy alone p50 / p99 us", f"busy beside {few:,} idle ones p50 / p99 us")
    busy = ("--size", 16, "--latency", "--rate", 1000, "--auto-ack", "--warmup", 1, "--seconds", context.seconds)

    def latencies(broker):
        took = context.generator.load(broker, *busy)["delivery_latency_us"]
        return f"{number(took['p50'])} / {number(took['p99'])}"
    for broker in context.peers():
        with context.only(broker):
            alone = latencies(broker)
            # Before the others: memory that they leave behind would be used again.
            before = processes.rss_bytes(broker.pid)[0]
            with context.generator.idle(broker, count):
                after = processes.rss_bytes(broker.pid)[0]
            with context.generator.idle(broker, few):
                beside = latencies(broker)
        table.add(broker.name, number((after - before) / count / KIB, 1), alone, beside)
    table.show()


def bindings(context):
    """The publish rate through a topic exchange with many bindings, relative to few."""
    many, few = context.arguments.bindings, 10
    table = Table(f"Topic exchange, {few} and {many:,} bindings to one queue, keys used in turn, 16 B, transient, auto-ack",
                  "broker", f"{few} bindings msg/s", f"{many:,} bindings msg/s", "share", "CPU us/msg (user + system)",
                  "generator could")
    base = ("--size", 16, "--auto-ack", "--max-ahead", 50000)
    for broker in context.peers():
        results = [context.measure(broker, *base, "--bindings", count, "--warmup", 1, "--seconds", context.seconds,
                                   "--delete-after") for count in (few, many)]
        user, system = cpu_micros(results[1])
        table.add(broker.name, *(number(rate_of(result)) for result in results),
                  f"{100 * rate_of(results[1]) / max(1, rate_of(results[0])):.0f} %",
                  f"{number(user, 2)} + {number(system, 2)}", number(context.generator.ceiling(*base)))
    table.show("With many bindings 1,000 different keys are used, each of which matches one binding.")


def large(context):
    """Messages of 16 MiB, in and out."""
    options = ("--size", 16 * MIB, "--auto-ack", "--max-ahead", 8)
    table = Table("Messages of 16 MiB, transient, auto-ack", "broker", "MB/s in and out", "vs RabbitMQ",
                  "CPU ms/msg (user + system)", "generator could MB/s")
    could = context.generator.ceiling(*options) * 16 * MIB / 1e6
    results = {}
    for broker in context.peers():
        results[broker.name] = context.measure(broker, *options, "--warmup", 1, "--seconds", context.seconds)
    for name, result in results.items():
        user, system = cpu_micros(result)
        peer = results.get("RabbitMQ")
        table.add(name, number(rate_of(result) * 16 * MIB / 1e6), times(ratio(rate_of(result), peer and rate_of(peer))),
                  f"{number(user / 1000, 2)} + {number(system / 1000, 2)}", number(could))
    table.show("What the generator could against a sink that keeps nothing is what loopback carries both ways.")


def stalls(context):
    """What other queues see while a long queue is purged, and while its messages expire."""
    count = context.arguments.backlog
    table = Table("Publish-to-deliver of one queue at 10,000 msg/s, persistent with confirms, while another one changes; us",
                  "broker", "meanwhile", "messages gone", "p50", "p99", "p99.9", "max")
    seconds = max(6, context.seconds)
    busy = ("--size", 16, "--persistent", "--window", 10000, "--prefetch", 1000, *CLASSIC, "--latency", "--rate", 10000,
            "--warmup", 1, "--seconds", seconds)

    def add(broker, name, gone, result):
        took = result["delivery_latency_us"]
        table.add(broker.name, name, gone, *(number(took[at]) for at in ("p50", "p99", "p99.9", "max")))
    for broker in context.peers():
        held = count if broker is context.millrace else context.arguments.peer_backlog
        with context.only(broker):
            add(broker, "nothing", "-", context.generator.load(broker, *busy))
            prefix = context.generator.fresh_prefix()
            fill = ("--size", 16, "--persistent", "--window", 10000, "--consumers", 0, *CLASSIC, "--count", held)
            context.generator.load(broker, *fill, "--prefix", prefix)
            running = context.generator.begin(broker, *busy)
            context.generator.sleep(2)
            purged = context.generator.task(broker, "purge", "--prefix", prefix, "--queues", 1)
            add(broker, f"purge, answered after {purged['seconds'] * 1000:.0f} ms", number(purged["purged"]),
                json.loads(running.communicate()[0]))
            # They expire as fast as they came, from the end of this time on.
            took = context.generator.load(broker, *fill, "--prefix", context.generator.fresh_prefix(), "--ttl", 1000)
            add(broker, f"expiry of what was published within {took['seconds']:.0f} s", number(held),
                context.generator.load(broker, *busy))
    table.show("The purge begins 2 s after the flow. Messages live 1 s: those that are not gone yet expire when the flow begins.")
