#!/usr/bin/env python3
"""The isolation check sees each kind of violation: one test per kind."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from isolation import ABORTED, COMMITTED, UNKNOWN, judge  # noqa: E402

OUTCOMES = {0: COMMITTED, 1: ABORTED, 2: COMMITTED, 3: UNKNOWN}
GOOD = [[0, 2], [0, 2]]


class Isolation(unittest.TestCase):
    def test_a_good_history(self):
        self.assertEqual(judge(OUTCOMES, GOOD, [[0], []], GOOD), {})

    def test_unknown_is_all_or_nothing(self):
        self.assertEqual(judge(OUTCOMES, [[0, 2, 3], [0, 2, 3]]), {})
        self.assertEqual(judge(OUTCOMES, [[0, 2, 3], [0, 2]]), {"torn": 1})

    def test_lost(self):
        self.assertEqual(judge(OUTCOMES, [[0], [0]]), {"lost": 1})

    def test_aborted_read(self):
        self.assertEqual(judge(OUTCOMES, [[0, 1, 2], [0, 1, 2]]), {"aborted read": 2})
        self.assertEqual(judge(OUTCOMES, [[0, 2, 9], [0, 2, 9]]), {"aborted read": 2})

    def test_duplicated(self):
        self.assertEqual(judge(OUTCOMES, [[0, 2, 2], [0, 2]]), {"duplicated": 1})

    def test_out_of_order(self):
        self.assertEqual(judge(OUTCOMES, [[2, 0], [0, 2]]), {"out of order": 1})

    def test_vanished(self):
        self.assertEqual(judge(OUTCOMES, GOOD, [[0, 3], [0]]), {"vanished": 1})

    def test_copied_wrongly(self):
        self.assertEqual(judge(OUTCOMES, GOOD, [], [[0, 2], [0, 2, 2]]), {"copied wrongly": 1})


if __name__ == "__main__":
    unittest.main()
