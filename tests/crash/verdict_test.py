#!/usr/bin/env python3
"""The verdict of the crash tests sees each kind of loss: one test per kind."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import verdict as v  # noqa: E402


def kinds(published, consumed, found):
    return dict(v.judge(published, consumed, found).kinds)


SENT = [(v.CONFIRMED, 0, n, 100 + n) for n in range(5)] + [(v.SENT, 0, 5, 105)]
ALL = [(v.FOUND, 0, n, 100 + n) for n in range(5)]


class Verdict(unittest.TestCase):
    def test_everything_confirmed_is_there(self):
        self.assertEqual(kinds(SENT, [], ALL), {})

    def test_an_unconfirmed_message_may_be_there_once(self):
        self.assertEqual(kinds(SENT, [], ALL + [(v.FOUND, 0, 5, 105)]), {})

    def test_loss(self):
        self.assertEqual(kinds(SENT, [], ALL[:-1]), {"lost": 1})

    def test_loss_of_a_message_that_a_consumer_saw(self):
        self.assertEqual(kinds(SENT, [(v.DELIVERED, 0, 5, 105)], ALL), {"lost": 1})
        self.assertEqual(kinds(SENT, [(v.REQUEUED, 0, 0, 100)], ALL[1:]), {"lost": 1})

    def test_changed_content(self):
        self.assertEqual(kinds(SENT, [], ALL[:-1] + [(v.FOUND, 0, 4, 1)]), {"other content than was sent": 1})

    def test_order_and_duplicates(self):
        self.assertEqual(kinds(SENT, [], [ALL[1], ALL[0], *ALL[2:]]), {"out of order": 1})
        self.assertEqual(kinds(SENT, [], [ALL[0], *ALL]), {"found more than once": 1})

    def test_from_nowhere(self):
        self.assertEqual(kinds(SENT, [], ALL + [(v.FOUND, 3, 77, 1)]), {"appeared from nowhere": 1})

    def test_acknowledged_may_come_back_until_it_is_committed(self):
        self.assertEqual(kinds(SENT, [(v.ACKNOWLEDGED, 0, 0, 100)], ALL), {})
        self.assertEqual(kinds(SENT, [(v.ACKNOWLEDGED, 0, 0, 100)], ALL[1:]), {})
        self.assertEqual(kinds(SENT, [(v.ACKNOWLEDGED_COMMITTED, 0, 0, 100)], ALL[1:]), {})
        self.assertEqual(kinds(SENT, [(v.ACKNOWLEDGED_COMMITTED, 0, 0, 100)], ALL), {"back although it was settled": 1})

    def test_rejected_is_in_one_place_at_least(self):
        dead = (v.FOUND_DEAD, 0, 0, 100)
        rejected = [(v.REJECTED, 0, 0, 100)]
        for found in (ALL, ALL[1:] + [dead], ALL + [dead]):
            self.assertEqual(kinds(SENT, rejected, found), {})
        self.assertEqual(kinds(SENT, rejected, ALL[1:]), {"lost": 1})

    def test_rejected_and_committed_is_only_a_dead_letter(self):
        dead = (v.FOUND_DEAD, 0, 0, 100)
        rejected = [(v.REJECTED_COMMITTED, 0, 0, 100)]
        self.assertEqual(kinds(SENT, rejected, ALL[1:] + [dead]), {})
        self.assertEqual(kinds(SENT, rejected, ALL), {"back although it was settled": 1})
        self.assertEqual(kinds(SENT, rejected, ALL[1:]), {"lost": 1})

    def test_dead_letter_without_a_reject(self):
        self.assertEqual(kinds(SENT, [], ALL + [(v.FOUND_DEAD, 0, 0, 100)]), {"in the dead letter queue without a reason": 1})

    def test_expired_is_a_dead_letter_and_nothing_else(self):
        def expiring(consumed, found):
            published = [(v.CONFIRMED, v.EXPIRING, 0, 100), (v.CONFIRMED, 0, 0, 200)]
            return dict(v.judge(published, consumed, found, "expiring").kinds)

        lasting, dead = (v.FOUND, 0, 0, 200), (v.FOUND_DEAD, v.EXPIRING, 0, 100)
        self.assertEqual(expiring([], [lasting, dead]), {})
        self.assertEqual(expiring([], [dead]), {"lost": 1})
        self.assertEqual(expiring([], [lasting]), {"lost": 1})
        self.assertEqual(expiring([], [lasting, dead, dead]), {"found more than once": 1})
        self.assertEqual(expiring([], [(v.FOUND, v.EXPIRING, 0, 100), lasting]), {"delivered after its time was over": 1})
        self.assertEqual(expiring([], [(v.FOUND_DEAD, 0, 0, 200), dead]), {"in the dead letter queue without a reason": 1})
        for mark in (v.DELIVERED, v.REQUEUED, v.REJECTED):
            self.assertEqual(expiring([(mark, v.EXPIRING, 0, 100)], [lasting]), {"lost": 1})
        for found in ([lasting], [lasting, dead]):
            self.assertEqual(expiring([(v.ACKNOWLEDGED, v.EXPIRING, 0, 100)], found), {})

    def test_how_many_dead_letters_are_waited_for(self):
        published = [(v.CONFIRMED, v.EXPIRING, n, 0) for n in range(4)] + [(v.SENT, v.EXPIRING, 4, 0), (v.CONFIRMED, 0, 0, 0)]
        consumed = [(v.ACKNOWLEDGED, v.EXPIRING, 0, 0), (v.DELIVERED, v.EXPIRING, 4, 0)]
        self.assertEqual(v.least_dead_letters(published, consumed), 4)

    def test_higher_priorities_come_first_and_each_in_order(self):
        published = [(v.CONFIRMED, level, n, 0) for level in range(2) for n in range(2)]
        found = [(v.FOUND, 1, 0, 0), (v.FOUND, 1, 1, 0), (v.FOUND, 0, 0, 0), (v.FOUND, 0, 1, 0)]
        self.assertEqual(dict(v.judge(published, [], found, "priorities").kinds), {})
        found[1], found[2] = found[2], found[1]
        self.assertEqual(dict(v.judge(published, [], found, "priorities").kinds), {"came after a lower priority": 1})
        found = [(v.FOUND, 1, 1, 0), (v.FOUND, 1, 0, 0), (v.FOUND, 0, 0, 0), (v.FOUND, 0, 1, 0)]
        self.assertEqual(dict(v.judge(published, [], found, "priorities").kinds), {"out of order": 1})


if __name__ == "__main__":
    unittest.main()
