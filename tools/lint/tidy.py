#!/usr/bin/env python3
"""clang-tidy over the project's sources, two at a time, keeping what passed until one of its inputs changes.

  tidy.py --build DIR [--changed] [--budget SECONDS] [FILE]...

DIR is a configured build folder (its compile_commands.json is read; nothing needs to be built). --changed takes only files
that differ from the main branch. With --budget, what does not fit the time is named and left for the next run: findings are
always a failure, an unfinished list is not.
"""

import argparse
import json
import pathlib
import shlex
import subprocess
import sys
import time

import common

TIDY = "clang-tidy-19"
# The database is written for g++, whose warnings are the build's to give; clang only needs the meaning.
EXTRA = ["-Wno-everything"]


def clang_command(words, source):
    kept, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word == "-o":
            skip = True
        elif word not in ("-c", source) and not word.startswith("-W"):
            kept.append(word)
    return kept + EXTRA


def load_database(build, target):
    """Writes a database for clang to target; returns path (relative to the root) -> command."""
    found = {}
    entries = []
    for entry in json.loads(common.read(build / "compile_commands.json")):
        path = pathlib.Path(entry["file"])
        if path.is_absolute() and path.is_relative_to(common.ROOT) and path.suffix in (".cc", ".c"):
            relative = path.relative_to(common.ROOT)
            if relative.parts[0] == "build" or "generated" in relative.parts or relative in found:
                continue
            arguments = clang_command(shlex.split(entry["command"]), entry["file"])
            entries.append({"directory": entry["directory"], "file": str(path), "arguments": arguments + ["-c", str(path)]})
            found[relative] = " ".join(arguments)
    target.mkdir(parents=True, exist_ok=True)
    (target / "compile_commands.json").write_text(json.dumps(entries, indent=1))
    return found


def changed_files():
    base = subprocess.run(["git", "-C", str(common.ROOT), "merge-base", "HEAD", "origin/main"],
                          capture_output=True, text=True).stdout.strip() or "HEAD"
    names = subprocess.run(["git", "-C", str(common.ROOT), "diff", "--name-only", base],
                           check=True, capture_output=True, text=True).stdout.split()
    return {pathlib.Path(name) for name in names}


def newest_first(paths):
    """Files of the latest commits first: if the budget ends early, what was written last has been checked."""
    log = subprocess.run(["git", "-C", str(common.ROOT), "log", "-n", "200", "--format=", "--name-only"],
                         capture_output=True, text=True).stdout.split()
    rank = {pathlib.Path(name): position for position, name in reversed(list(enumerate(log)))}
    return sorted(paths, key=lambda path: (rank.get(path, len(log)), str(path)))


def check(database, path, deadline):
    """(finished?, findings)"""
    if deadline and time.monotonic() > deadline:
        return False, ""
    # In tests the analyzer walks through GoogleTest's macros path by path (nine tenths of the time, nothing found), and
    # a copy too many does no harm.
    checks = ["--checks=-clang-analyzer-*,-performance-*"] if path.name.endswith("_test.cc") else []
    run = subprocess.run([TIDY, "-p", str(database), "--quiet", *checks, str(common.ROOT / path)],
                         capture_output=True, text=True)
    return True, (run.stdout.strip() or run.stderr.strip()) if run.returncode else ""


def select(arguments, commands):
    if arguments.files:
        wanted = {pathlib.Path(name).resolve().relative_to(common.ROOT) for name in arguments.files}
    elif arguments.changed:
        wanted = changed_files()
    else:
        wanted = set(commands)
    return sorted(path for path in commands if path in wanted)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--changed", action="store_true")
    parser.add_argument("--budget", type=float, default=0)
    parser.add_argument("files", nargs="*")
    arguments = parser.parse_args()

    database = arguments.build.resolve() / "tidy"
    commands = load_database(arguments.build.resolve(), database)
    salt = common.version_of(TIDY, "--version") + common.read(common.ROOT / ".clang-tidy")
    hashes = common.ClosureHash(salt=salt)
    passed = common.Passed("tidy")
    chosen = select(arguments, commands)
    keys = {path: hashes.of(path) for path in chosen}
    todo = newest_first([path for path in chosen if keys[path] not in passed])

    deadline = time.monotonic() + arguments.budget if arguments.budget else 0

    def check_and_keep(path):
        finished, words = check(database, path, deadline)
        if finished and not words:
            passed.add(keys[path])  # at once, so that an interrupted run is not lost
        return finished, words

    results = list(zip(todo, common.run_parallel(check_and_keep, todo)))
    findings = [f"{path}:1: clang-tidy\n{words}" for path, (_, words) in results if words]
    left = [str(path) for path, (finished, _) in results if not finished]
    print(f"tidy: {len(chosen) - len(todo)} unchanged since they last passed", file=sys.stderr)
    if left:
        print(f"tidy: {len(left)} did not fit the {arguments.budget:.0f} s budget: {' '.join(left)}", file=sys.stderr)
    return common.report("tidy", findings, len(chosen) - len(left))


if __name__ == "__main__":
    sys.exit(main())
