"""Compares what was promised before a kill with what is there after it.

Three ledgers (message.h describes their entries): the publisher's (what was confirmed), the consumer's (what was settled, and
what of that was committed) and the one of emptying all queues after the restart, in order.
"""

import collections
import struct

ENTRY = struct.Struct("<BIQI")
SENT, CONFIRMED, REFUSED, DELIVERED, ACKNOWLEDGED, ACKNOWLEDGED_COMMITTED, REJECTED, REJECTED_COMMITTED, REQUEUED, FOUND, FOUND_DEAD = range(11)
SHOWN_PER_KIND = 3


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


def judge(published_entries, consumed_entries, found_entries):
    """The verdict over one cycle."""
    verdict = Verdict()
    published = {(queue, sequence): (mark, checksum) for mark, queue, sequence, checksum in published_entries}
    settled = {(queue, sequence): mark for mark, queue, sequence, _ in consumed_entries}
    work, dead = check_found(published, found_entries, verdict)
    for key, (mark, _) in published.items():
        in_work, in_dead, least = expected_places(mark, settled.get(key))
        if work[key] + dead[key] < least:
            verdict.add("lost", *key)
        elif min(work[key], 1) > in_work[1] or min(dead[key], 1) > in_dead[1]:
            verdict.add("back although it was settled" if settled.get(key) else "in the dead letter queue without a reason", *key)
        elif work[key] < in_work[0] or dead[key] < in_dead[0]:
            verdict.add("in the wrong queue", *key)
    return verdict
