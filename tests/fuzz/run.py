#!/usr/bin/env python3
"""Runs every fuzz target of a build for a while, as many at a time as there are cores.

  tests/fuzz/run.py --build build/asan [--seconds N] [--total N] [TARGET]...

Each target starts from its seeds in tests/fuzz/corpus/TARGET and keeps what it learns under BUILD/corpus, so that the next
run goes on from there. A failing input is kept under BUILD/findings, with the command that shows it again.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEEDS = ROOT / "tests" / "fuzz" / "corpus"
CANARY = "fuzz_canary"
CANARY_SECONDS = 120
INPUT_BYTES_MAX = 65536
MEMORY_MIB_MAX = 2048


def seeds_of(name):
    short = name.removeprefix("fuzz_").removesuffix("_fuzz")
    return [folder for folder in (SEEDS / name, SEEDS / short, SEEDS / f"{short}_fuzz") if folder.is_dir()]


def fuzz(binary, build, seconds):
    """(found nothing?, executions, last lines of the output)"""
    name = binary.name
    corpus = build / "corpus" / name
    findings = build / "findings" / name
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    command = [str(binary), str(corpus), *map(str, seeds_of(name)), f"-max_total_time={seconds}",
               f"-max_len={INPUT_BYTES_MAX}", f"-rss_limit_mb={MEMORY_MIB_MAX}", "-timeout=10",
               "-print_final_stats=1", f"-artifact_prefix={findings}/"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=seconds + 120, cwd=ROOT)
    except subprocess.TimeoutExpired:
        return False, 0, f"did not end within {seconds + 120} s"
    executed = re.search(r"stat::number_of_executed_units:\s*(\d+)", run.stderr)
    return run.returncode == 0, int(executed.group(1)) if executed else 0, run.stderr[-3000:]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=int, default=int(os.environ.get("MILLRACE_FUZZ_SECONDS", 60)))
    parser.add_argument("--total", type=int, default=int(os.environ.get("MILLRACE_FUZZ_TOTAL", 1800)))
    parser.add_argument("targets", nargs="*")
    arguments = parser.parse_args()

    build = arguments.build.resolve()
    binaries = [path for path in sorted((build / "fuzz").glob("fuzz_*")) if os.access(path, os.X_OK) and path.is_file()]
    if arguments.targets:
        binaries = [path for path in binaries if path.name in arguments.targets]
    jobs = os.cpu_count() or 2
    seconds = max(1, min(arguments.seconds, arguments.total * jobs // max(1, len(binaries))))
    print(f"fuzz: {len(binaries)} targets, {seconds} s each, {jobs} at a time", flush=True)

    counts = {"passed": 0, "failed": 0}

    def one(binary):
        is_canary = binary.name == CANARY
        clean, executed, output = fuzz(binary, build, CANARY_SECONDS if is_canary else seconds)
        good = not clean if is_canary else clean and executed > 0
        counts["passed" if good else "failed"] += 1
        what = "the planted bug was found" if is_canary and good else "THE PLANTED BUG WAS NOT FOUND" if is_canary else (
            "ok" if good else "FAILED")
        print(f"fuzz: {binary.name}: {what}, {executed} inputs", flush=True)
        if not good:
            print(output, flush=True)

    with concurrent.futures.ThreadPoolExecutor(max_workers=jobs) as pool:
        for done in [pool.submit(one, binary) for binary in binaries]:
            done.result()
    print(f"{counts['passed']} passed, {counts['failed']} failed, 0 skipped")
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
