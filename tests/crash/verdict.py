"""Compares what was promised before a kill with what is there after it.

Three ledgers (message.h describes their entries): the publisher's (what was confirmed), the consumer's (what was settled, and
what of that was committed) and the one of emptying all queues after the restart, in order.
"""

import collections
import struct

ENTRY = struct.Struct("<BIQI")
SENT, CONFIRMED, REFUSED, DELIVERED, ACKNOWLEDGED, ACKNOWLEDGED_COMMITTED, REJECTED, REJECTED_COMMITTED, REQUEUED, FOUND, FOUND_DEAD = range(11)
SHOWN_PER_KIND = 3
# Of a load with messages that expire, `queue` tells whether a message does (message.h).
EXPIRING = 1


def read_ledger(path):
    """(mark, queue, sequence, checksum) of every entry."""
    with open(path, "rb") as file:
        return list(ENTRY.iter_unpack(file.read()))


class Verdict:
    """Problems by kind, with a few examples of each."""

    def __init__(self):
        self.kinds = collections.Counter()
        self.examples = []

    def add(self, kind, queue, sequence):
        self.kinds[kind] += 1
        if self.kinds[kind] <= SHOWN_PER_KIND:
            self.examples.append(f"{kind}: queue {queue}, message {sequence}")

    def __bool__(self):
        return bool(self.kinds)

    def lines(self):
        return [f"{count} x {kind}" for kind, count in self.kinds.items()] + self.examples


def check_found(published, found, verdict):
    """Places of every found message; also content, duplicates and order."""
    work, dead = collections.Counter(), collections.Counter()
    last = {}
    for mark, queue, sequence, checksum in found:
        key = (queue, sequence)
        if key not in published:
            verdict.add("appeared from nowhere", queue, sequence)
        elif published[key][1] != checksum:
            verdict.add("other content than was sent", queue, sequence)
        if mark == FOUND_DEAD:
            dead[key] += 1
            continue
        work[key] += 1
        if sequence < last.get(queue, -1):
            verdict.add("out of order", queue, sequence)
        last[queue] = sequence
    for key, count in [*work.items(), *dead.items()]:
        if count > 1:
            verdict.add("found more than once", *key)
    return work, dead


def expected_places(mark, settled):
    """(least, most) in the work queue, in the dead letter queue, and least in both together."""
    if settled == ACKNOWLEDGED_COMMITTED:
        return (0, 0), (0, 0), 0
    if settled == REJECTED_COMMITTED:
        return (0, 0), (1, 1), 1
    if settled == ACKNOWLEDGED:
        return (0, 1), (0, 0), 0
    if settled == REJECTED:
        # The copy is stored before the original goes: a kill between the two leaves both.
        return (0, 1), (0, 1), 1
    # Not settled. What a consumer saw was already stored, confirmed or not.
    least = 1 if mark == CONFIRMED or settled in (DELIVERED, REQUEUED) else 0
    return (least, 1), (0, 0), least


def expected_places_of_expired(mark, settled):
    """The same for a message whose time was over before anybody looked: it is a dead letter and nothing else."""
    if settled == ACKNOWLEDGED:
        return (0, 0), (0, 1), 0
    least = 1 if mark == CONFIRMED or settled in (DELIVERED, REQUEUED, REJECTED) else 0
    return (0, 0), (least, 1), least


def check_priorities(found, verdict):
    """Where `queue` tells the priority: from a queue that nothing is added to, the higher ones come first."""
    lowest = None
    for mark, priority, sequence, _ in found:
        if mark != FOUND:
            continue
        if lowest is not None and priority > lowest:
            verdict.add("came after a lower priority", priority, sequence)
        lowest = priority if lowest is None else min(lowest, priority)


def least_dead_letters(published_entries, consumed_entries):
    """How many expired messages must have become dead letters."""
    settled = {(queue, sequence): mark for mark, queue, sequence, _ in consumed_entries}
    return sum(expected_places_of_expired(mark, settled.get((queue, sequence)))[2]
               for mark, queue, sequence, _ in published_entries if queue == EXPIRING)


def judge(published_entries, consumed_entries, found_entries, kind="plain"):
    """The verdict over one cycle."""
    verdict = Verdict()
    if kind == "priorities":
        check_priorities(found_entries, verdict)
    published = {(queue, sequence): (mark, checksum) for mark, queue, sequence, checksum in published_entries}
    settled = {(queue, sequence): mark for mark, queue, sequence, _ in consumed_entries}
    work, dead = check_found(published, found_entries, verdict)
    for key, (mark, _) in published.items():
        expires = kind == "expiring" and key[0] == EXPIRING
        in_work, in_dead, least = (expected_places_of_expired if expires else expected_places)(mark, settled.get(key))
        if expires and work[key]:
            verdict.add("delivered after its time was over", *key)
        elif work[key] + dead[key] < least:
            verdict.add("lost", *key)
        elif min(work[key], 1) > in_work[1] or min(dead[key], 1) > in_dead[1]:
            verdict.add("back although it was settled" if settled.get(key) else "in the dead letter queue without a reason", *key)
        elif work[key] < in_work[0] or dead[key] < in_dead[0]:
            verdict.add("in the wrong queue", *key)
    return verdict
