#!/usr/bin/env python3
"""clang-tidy over the project's sources, keeping what passed until one of its inputs changes.

  tidy.py --build DIR [--changed] [FILE]...

DIR is a configured build folder whose compile_commands.json names each source by itself, as the preset lint has it (nothing
needs to be built). --changed takes only files that differ from the main branch.

The sources are checked many at a time, joined to units (units.py): nearly all of clang-tidy's time goes into the standard
library's headers, which it reads and matches again for each main file. A file that does not compile with the others of its
unit is checked alone.
"""

import argparse
import json
import pathlib
import re
import shlex
import subprocess
import sys

import common
import units

TIDY = "clang-tidy-19"
# The database is written for g++, whose warnings are the build's to give; clang only needs the meaning.
EXTRA = ["-Wno-everything", "-include", str(common.ROOT / "cmake" / "pch.h")]
# The analyzer walks through a function path by path, for more time than all other checks take together. It is for the code
# that handles what comes from outside and what lies on the disk.
DEEP = ("src/bytes/", "src/wire/", "src/storage/")
# In tests a copy too many does no harm.
TEST_CHECKS = "-performance-*,"


def clang_flags(words):
    """What decides the meaning of a source: include folders, macros, the language."""
    kept, folders = [], False
    for word in words:
        if folders or word.startswith(("-I", "-D", "-std=", "-isystem")):
            kept.append(word)
            folders = word in ("-I", "-D", "-isystem") and not folders
    return kept


def load_flags(build):
    """path (relative to the root) -> flags for clang"""
    found = {}
    for entry in json.loads(common.read(build / "compile_commands.json")):
        path = pathlib.Path(entry["file"])
        if path.is_absolute() and path.is_relative_to(common.ROOT) and path.suffix == ".cc":
            relative = path.relative_to(common.ROOT)
            if relative.parts[0] != "build" and "generated" not in relative.parts and relative not in found:
                found[relative] = clang_flags(shlex.split(entry["command"]))
    return found


def kind_of(path):
    """(test?, deep?): files of one kind get the same checks, so they may share a unit."""
    test = path.name.endswith("_test.cc")
    return test, str(path).startswith(DEEP) and not test


def checks_of(path):
    test, deep = kind_of(path)
    return "--checks=" + (TEST_CHECKS if test else "") + ("" if deep else "-clang-analyzer-*")


def changed_files():
    base = subprocess.run(["git", "-C", str(common.ROOT), "merge-base", "HEAD", "origin/main"],
                          capture_output=True, text=True).stdout.strip() or "HEAD"
    names = subprocess.run(["git", "-C", str(common.ROOT), "diff", "--name-only", base],
                           check=True, capture_output=True, text=True).stdout.split()
    return {pathlib.Path(name) for name in names}


def select(arguments, flags):
    if arguments.files:
        wanted = {pathlib.Path(name).resolve().relative_to(common.ROOT) for name in arguments.files}
    elif arguments.changed:
        wanted = changed_files()
    else:
        wanted = set(flags)
    return sorted(path for path in flags if path in wanted)


class Checker:
    """Checks units; root is where the files lie, folder takes the text of the units."""

    def __init__(self, flags, folder, root=common.ROOT, extra=EXTRA):
        self.flags = flags
        self.folder = folder
        self.root = root
        self.extra = extra
        folder.mkdir(parents=True, exist_ok=True)

    def run(self, parts):
        """(findings as text, files that do not compile in this unit)"""
        paths = [path for path, _ in parts]
        joined = units.Joined(parts)
        name = "-".join(paths[0].parts).removesuffix(".cc")
        unit = self.folder / f"{name}-{len(paths)}.cc"
        unit.write_text(joined.text)
        flags = dict.fromkeys(flag for path in paths for flag in self.flags[path])
        folders = dict.fromkeys(f"-iquote{self.root / path.parent}" for path in paths)
        run = subprocess.run([TIDY, "--quiet", f"--config-file={common.ROOT / '.clang-tidy'}", checks_of(paths[0]), str(unit), "--",
                              *flags, *folders, *self.extra], capture_output=True, text=True)
        if not run.returncode:
            return "", []
        words = run.stdout.strip() or run.stderr.strip()
        errors = re.findall(re.escape(str(unit)) + r":(\d+):\d+: error: .*\[clang-diagnostic", words)
        clashing = {joined.origin(int(line))[0] for line in errors}
        if "clang-diagnostic-error" in words and not clashing:
            clashing = set(paths)
        return joined.translate(words, unit), sorted(clashing)

    def check(self, parts):
        words, clashing = self.run(parts)
        if len(parts) == 1 or not clashing:
            return words
        print(f"tidy: checked alone, for they clash with others of their unit: {' '.join(map(str, clashing))}", file=sys.stderr)
        found = [self.run([part])[0] for part in parts if part[0] in clashing]
        rest = [part for part in parts if part[0] not in clashing]
        if rest:
            words, clashing = self.run(rest)
            found += [self.run([part])[0] for part in rest] if clashing else [words]
        return "\n".join(filter(None, found))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--changed", action="store_true")
    parser.add_argument("files", nargs="*")
    arguments = parser.parse_args()

    flags = load_flags(arguments.build.resolve())
    if not flags:
        print(f"tidy: {arguments.build}/compile_commands.json names no source of the project by itself; "
              "configure with cmake --preset lint", file=sys.stderr)
        return 1
    chosen = select(arguments, flags)
    packed = units.pack([(path, kind_of(path), common.read(common.ROOT / path)) for path in chosen])

    salt = common.version_of(TIDY, "--version") + common.read(common.ROOT / ".clang-tidy") + repr((DEEP, TEST_CHECKS))
    hashes = common.ClosureHash(salt=salt)
    passed = common.Passed("tidy")
    keys = {id(unit): hashes.of_all([path for path, _ in unit]) for unit in packed}
    # What takes longest first, so that no core waits at the end.
    todo = sorted((unit for unit in packed if keys[id(unit)] not in passed),
                  key=lambda unit: (kind_of(unit[0][0])[1], sum(text.count("\n") for _, text in unit)), reverse=True)
    checker = Checker(flags, arguments.build.resolve() / "tidy")

    def check_and_keep(unit):
        words = checker.check(unit)
        if words:
            print(words, flush=True)
        else:
            passed.add(keys[id(unit)])  # at once, so that an interrupted run is not lost
        return not words

    failed = common.run_parallel(check_and_keep, todo).count(False)
    state = f"findings in {failed}" if failed else "ok"
    print(f"tidy: {len(chosen)} files in {len(packed)} units, {len(packed) - len(todo)} of them unchanged since they last passed, {state}",
          file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
