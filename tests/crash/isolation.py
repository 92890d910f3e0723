"""Judges a recorded history of transactions: each wrote its number to every partition of a topic, and was committed, aborted, or
nobody heard what became of it. A copy of the topic was made by a loop that commits its results with what it read.

Kinds of violation: lost, duplicated, aborted read, torn (in some partitions only), out of order, vanished (a reader saw what is not
there in the end), and copied wrongly.
"""

import collections

COMMITTED, ABORTED, UNKNOWN = "committed", "aborted", "unknown"


def judge(outcomes, final, seen=(), copies=None):
    """outcomes: number -> outcome; final: the numbers of each partition in their order, as read_committed shows them in the end;
    seen: the same as readers saw it while the load ran, a list per partition; copies: the copy's partitions in the end.
    A Counter of violations by kind."""
    found = collections.Counter()
    for partition in final:
        counts = collections.Counter(partition)
        found["duplicated"] += sum(count - 1 for count in counts.values())
        found["out of order"] += sum(left > right for left, right in zip(partition, partition[1:]))
        found["aborted read"] += sum(outcomes.get(number) in (ABORTED, None) for number in counts)
    sets = [set(partition) for partition in final]
    everywhere = set.intersection(*sets) if sets else set()
    found["torn"] = len(set().union(*sets) - everywhere)
    found["lost"] = sum(outcome == COMMITTED and not any(number in one for one in sets) for number, outcome in outcomes.items())
    for before, after in zip(seen, final):
        found["vanished"] += before != after[:len(before)]
    if copies is not None:
        found["copied wrongly"] += sum(copy != original for copy, original in zip(copies, final))
    return +found
