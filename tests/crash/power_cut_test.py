#!/usr/bin/env python3
"""What a power cut takes and what it leaves: small programs under the preloaded library, and their data after it."""

import os
import pathlib
import random
import subprocess
import sys
import tempfile
import textwrap
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import power_cut  # noqa: E402


class PowerCut(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.build = tempfile.TemporaryDirectory()
        cls.library = pathlib.Path(cls.build.name) / "liblost_sync.so"
        subprocess.run(["g++", "-std=c++23", "-O1", "-fPIC", "-shared", "-o", cls.library, HERE / "lost_sync.cc",
                        HERE / "lost_sync_log.cc", "-ldl"], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.build.cleanup()

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        base = pathlib.Path(self.folder.name)
        self.root, self.saved, self.journal = base / "data", base / "saved", base / "journal"
        self.root.mkdir()
        self.saved.mkdir()

    def tearDown(self):
        self.folder.cleanup()

    def run_and_cut(self, program, how="all", seed=1):
        """Runs a program in the data folder, then cuts the power; the files that are left, by name."""
        helpers = """
            import os
            def opened(name, flags=os.O_RDWR | os.O_CREAT):
                return os.open(ROOT + "/" + name, flags, 0o600)
            def sync_folder(name=""):
                fd = os.open(ROOT + "/" + name, os.O_RDONLY)
                os.fsync(fd)
                os.close(fd)
            """
        code = f"ROOT = {str(self.root)!r}\n" + textwrap.dedent(helpers) + textwrap.dedent(program)
        subprocess.run(["python3", "-I", "-c", code], check=True, env={
            "PATH": os.environ["PATH"], "LD_PRELOAD": str(self.library), "LOST_SYNC_ROOT": str(self.root),
            "LOST_SYNC_LOG": str(self.journal), "LOST_SYNC_SAVED": str(self.saved)})
        self.lost = power_cut.cut(self.root, self.journal, self.saved, random.Random(seed), how)
        self.journal.unlink()
        return {str(path.relative_to(self.root)): path.read_bytes() for path in self.root.rglob("*") if path.is_file()}

    def test_synced_bytes_stay_and_others_go(self):
        left = self.run_and_cut("""
            f = opened("log")
            os.pwrite(f, b"safe", 0)
            os.fdatasync(f)
            sync_folder()
            os.pwrite(f, b"XX", 1)
            os.pwrite(f, b"tail", 4)
            """)
        self.assertEqual(left, {"log": b"safe"})
        self.assertEqual(self.lost, (2, 0))

    def test_a_file_in_a_folder_that_was_not_synced_is_gone(self):
        left = self.run_and_cut("""
            f = opened("log")
            os.pwrite(f, b"safe", 0)
            os.fsync(f)
            """)
        self.assertEqual(left, {})

    def test_rename_goes_back_to_the_old_content(self):
        program = """
            for name, text in (("current", b"old"), ("next", b"new")):
                f = opened(name)
                os.write(f, text)
                os.fsync(f)
            sync_folder()
            os.rename(ROOT + "/next", ROOT + "/current")
            """
        self.assertEqual(self.run_and_cut(program), {"current": b"old", "next": b"new"})
        for path in self.root.iterdir():
            path.unlink()
        self.assertEqual(self.run_and_cut(program + "sync_folder()\n"), {"current": b"new"})

    def test_removed_file_comes_back(self):
        left = self.run_and_cut("""
            f = opened("log")
            os.write(f, b"kept")
            os.fsync(f)
            sync_folder()
            os.unlink(ROOT + "/log")
            """)
        self.assertEqual(left, {"log": b"kept"})

    def test_truncation_is_undone(self):
        left = self.run_and_cut("""
            f = opened("log")
            os.write(f, b"0123456789")
            os.fsync(f)
            sync_folder()
            os.ftruncate(f, 3)
            os.pwrite(f, b"ab", 3)
            """)
        self.assertEqual(left, {"log": b"0123456789"})

    def test_reserved_space_is_undone(self):
        left = self.run_and_cut("""
            f = opened("log")
            os.fsync(f)
            sync_folder()
            os.posix_fallocate(f, 0, 4096)
            os.pwrite(f, b"x", 100)
            """)
        self.assertEqual(left, {"log": b""})

    def test_new_folder_is_gone_with_what_is_in_it(self):
        left = self.run_and_cut("""
            os.mkdir(ROOT + "/sub")
            f = opened("sub/log")
            os.write(f, b"x")
            os.fsync(f)
            sync_folder("sub")
            """)
        self.assertEqual(left, {})

    def test_some_loss_is_between_nothing_and_everything(self):
        results = set()
        for seed in range(30):
            left = self.run_and_cut("""
                f = opened("log")
                os.write(f, b"s" * 100)
                os.fsync(f)
                sync_folder()
                for n in range(4):
                    os.pwrite(f, bytes([65 + n]) * 1000, 100 + 1000 * n)
                """, how="some", seed=seed)
            self.assertTrue(left["log"].startswith(b"s" * 100))
            results.add(left["log"])
            (self.root / "log").unlink()
        self.assertGreater(len(results), 10)

    def test_what_the_sync_did_not_cover_is_lost(self):
        """A write after the sync began is not covered by it, whenever it ended."""
        left = self.run_and_cut("""
            f = opened("log")
            sync_folder()
            os.write(f, b"1")
            os.fdatasync(f)
            os.write(f, b"2")
            sync_folder()
            """)
        self.assertEqual(left, {"log": b"1"})


if __name__ == "__main__":
    unittest.main()
