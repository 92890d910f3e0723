"""The stages of scripts/test.sh.

  scripts/test.sh                     everything
  scripts/test.sh --only unit,fuzz    only these stages
  scripts/test.sh --skip fuzz         all but these
  scripts/test.sh --list              their names

MILLRACE_FUZZ_SECONDS   time per fuzz target (60); MILLRACE_FUZZ_TOTAL bounds all of them (1800)
MILLRACE_SIM_SEEDS      seeds of the storage simulation in the sim stage (2000)
MILLRACE_CRASH_CYCLES   how often the server is killed and checked (20)
MILLRACE_LOST_SYNC_CYCLES  how often it loses its power and is checked (200)
MILLRACE_SIM_WORLDS     seeds of the whole-broker simulation with damage to synced data among its faults (200)
MILLRACE_SIM_STRICT     seeds of it without such damage, where nothing at all may be missing (2000)
MILLRACE_TIDY           0: without clang-tidy, which takes some minutes for the whole tree
MILLRACE_TSAN_SERVER    1: also build the server with the thread sanitizer and run clients and kills on it

The last line counts single tests: N passed, N failed, N skipped.
"""

import argparse
import concurrent.futures
import os
import re
import sys
import time

import harness
from harness import ROOT, Failure, failed, passed, skipped

# Only what runs threads of its own is worth the slow build.
TSAN_TESTS = ["io_test"]
# Simulated worlds: one thread, seeded faults, power losses.
SIM_TESTS = ["storage_test", "catalog_test", "broker_test", "testing_test", "sim_test"]
SIM_FILTER = "*Sim*:*Crash*:*Power*:*DeadLetter*:*Model*:*Million*:Seeds/*"
# Seeds for the same tests in the sanitized build, which is slow: of those that count them themselves the first six, and
# those that take minutes are left to the optimised one.
SANITIZED_SEEDS = "50"
SANITIZED_FILTER = "-" + ":".join([*(f"Seeds/*/{seed}" for seed in (6, 7, 8, 9, "??", "???")), "TopologyPowerTest.*", "*Model*",
                                   "*Million*", "SimMutants.*"])
PROGRAMS = ["millrace-server", "millrace", "order-demo", "amqp-load", "crash_load", "lost_sync"]


def unittest_count(output, code):
    ran = re.search(r"^Ran (\d+) tests?", output, re.MULTILINE)
    bad = sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", output))
    count = int(ran.group(1)) if ran else 0
    return harness.Outcome(count - bad, bad, 0, "") if count and (bad or not code) else failed(note="unit tests did not run")


def closing_counts(code, output, what):
    """The counts of a runner that ends with 'N passed, N failed, N skipped'."""
    found = re.findall(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", output, re.MULTILINE)
    if not found:
        return failed(note=f"{what} ended with {code} and without counts")
    outcome = harness.Outcome(*(int(n) for n in found[-1]), "")
    return outcome if outcome.failed or not code else outcome + failed(note=f"{what} ended with {code}")


def server(stage):
    """The release server, built once for all stages that start it."""
    if not (ROOT / "src/server/CMakeLists.txt").is_file():
        return None
    stage.build("release", "millrace-server")
    return harness.find_program("release", "millrace-server")


def lint(stage):
    outcome = harness.NOTHING
    for tests in sorted((ROOT / "tests").rglob("*_test.py")):
        code, output = stage.run(["python3", tests])
        outcome += unittest_count(output, code)
    for generator in sorted((ROOT / "tools").glob("*/generate.py")):
        code, _ = stage.run(["python3", generator, "--check"])
        outcome += passed() if not code else failed(note=f"{generator.parent.name}: generated files are not up to date")
    tidy = [] if os.environ.get("MILLRACE_TIDY", "1") != "0" else ["--no-tidy"]
    code, output = stage.run(["scripts/lint.sh", *tidy], show=True)
    return outcome + (passed() if not code else failed(note="scripts/lint.sh"))


def programs(stage):
    """Everything that is run and not a test, optimised, as users build it."""
    stage.configure("release")
    stage.build("release", *(name for name in PROGRAMS if name in stage.targets("release")))
    return passed()


def unit(stage):
    """All unit tests, and some simulated worlds, in the build that has the sanitizers and the fuzz targets."""
    options = {"ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1",
               "UBSAN_OPTIONS": "print_stacktrace=1"}
    stage.configure("asan")
    stage.build("asan", *sorted(name for name in stage.targets("asan") if re.fullmatch(r"\w+_test", name)))
    # Of the whole-broker simulation some seconds; its mutants prove the oracle, which the sim stage does.
    return stage.ctest("asan", "(unit|sim)", timeout=2400,
                       env={**options, "MILLRACE_SIM_SEEDS": SANITIZED_SEEDS, "MILLRACE_SIM_WORLDS": SANITIZED_SEEDS,
                            "MILLRACE_SIM_SECONDS": "30",
                            "GTEST_FILTER": SANITIZED_FILTER})


def tsan(stage):
    options = {"TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1"}
    stage.configure("tsan")
    targets = [name for name in TSAN_TESTS if name in stage.targets("tsan")]
    if not targets:
        return skipped("none of " + ", ".join(TSAN_TESTS) + " is present")
    stage.build("tsan", *targets)
    outcome = stage.ctest("tsan", "unit", regex="^(" + "|".join(targets) + ")$", env=options)
    if os.environ.get("MILLRACE_TSAN_SERVER") == "1":
        outcome += tsan_server(stage)
    return outcome


def tsan_server(stage):
    """Clients and kills on a server under the thread sanitizer; a race ends the server, which fails the test at hand."""
    stage.build("tsan", "millrace-server", "crash_load")
    binary = harness.find_program("tsan", "millrace-server")
    code, output = stage.run(["python3", "tests/interop/run.py", "--server", binary, "amqplib_basic", "pika_consume",
                              "confluent_basic", "cross_protocol"], show=True)
    outcome = closing_counts(code, output, "tests/interop/run.py")
    code, output = stage.run(["python3", "tests/crash/run.py", "--server", binary], show=True,
                             env={"MILLRACE_CRASH_CYCLES": "2", "MILLRACE_CRASH_MESSAGES": "5000"})
    return outcome + closing_counts(code, output, "tests/crash/run.py")


def sim(stage):
    """The simulations among the unit tests, optimised and with many more seeds; and tests/sim."""
    stage.configure("release")
    targets = [name for name in SIM_TESTS if name in stage.targets("release")]
    if not targets:
        return skipped("no simulation is present")
    stage.build("release", *targets)
    # One call, so that both cores have something to do to the end.
    return stage.ctest("release", "(unit|sim)", regex="^(" + "|".join(targets) + ")$", timeout=1800, env={
        "MILLRACE_SIM_SEEDS": os.environ.get("MILLRACE_SIM_SEEDS", "2000"), "GTEST_FILTER": SIM_FILTER,
        "MILLRACE_SIM_WORLDS": os.environ.get("MILLRACE_SIM_WORLDS", "200"),
        "MILLRACE_SIM_STRICT": os.environ.get("MILLRACE_SIM_STRICT", "2000"),
        "MILLRACE_SIM_SECONDS": "300", "MILLRACE_SIM_LEAST": "1000"})


def fuzz(stage):
    if not list((ROOT / "src").rglob("*_fuzz.cc")):
        return skipped("no fuzz target is present")
    stage.configure("asan")
    stage.build("asan", *sorted(name for name in stage.targets("asan") if name.startswith("fuzz_")))
    code, output = stage.run(["python3", "tests/fuzz/run.py", "--build", "build/asan"], show=True)
    return closing_counts(code, output, "tests/fuzz/run.py")


def with_server(script, *more):
    def run(stage):
        if not (ROOT / script).is_file():
            return skipped(f"{script} is not present")
        binary = server(stage)
        if not binary:
            return skipped("src/server is not present")
        for target in more:
            stage.build("release", target)
        code, output = stage.run(["python3", script, "--server", binary], show=True)
        return closing_counts(code, output, script)
    return run


def golden(stage):
    """The recorded conversations with RabbitMQ, against the server."""
    binary = server(stage)
    code, output = stage.run(["python3", "tests/golden/run.py", "--server", binary], show=True)
    return closing_counts(code, output, "tests/golden/run.py")


def demo(stage):
    """The order system of examples/, with its kills; it judges itself by what its services recorded."""
    binary = server(stage)
    stage.build("release", "order-demo")
    code, output = stage.run(["examples/order_system/demo.sh", binary], show=True)
    return passed() if not code else failed(note=f"the order system ended with {code}")


STAGES = {
    "lint": ("style checks, and tests of the checks and test tools", lint),
    "programs": ("the optimised programs", programs),
    "unit": ("unit tests, address and undefined behaviour sanitizers", unit),
    "tsan": ("unit tests with threads, thread sanitizer", tsan),
    "sim": ("simulation", sim),
    "fuzz": ("fuzzing", fuzz),
    "crash": ("killed servers", with_server("tests/crash/run.py", "crash_load")),
    "lost-sync": ("lost syncs", with_server("tests/crash/lost_sync.py", "crash_load", "lost_sync")),
    "demo": ("the example order system", demo),
    "golden": ("answers compared with RabbitMQ's", golden),
    "interop": ("public clients", with_server("tests/interop/run.py", "millrace")),
}


# Stages that run at the same time: their servers have ports and folders of their own, nothing they judge depends on how fast
# they are, and each waits much (for kills, recoveries, single clients). They follow each other in STAGES.
SIDE_BY_SIDE = {"crash", "lost-sync"}


def run_stage(name, say=harness.to_screen):
    title, function = STAGES[name]
    harness.heading(f"{name}: {title}", say)
    started = time.monotonic()
    try:
        outcome = function(harness.Stage(name, say))
    except Failure as failure:
        outcome = failed(note=str(failure))
    seconds = time.monotonic() - started
    say(f"  {name}: {outcome.passed} passed, {outcome.failed} failed, {outcome.skipped} skipped "
        f"in {seconds:.0f} s {outcome.note}".rstrip() + "\n")
    return name, outcome, seconds


def run_together(names):
    """All at once. What the first says appears as it comes, what the others say when those before them have ended."""
    said = {name: [] for name in names[1:]}
    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        futures = {name: pool.submit(run_stage, name, said[name].append) for name in names[1:]}
        results = [run_stage(names[0])]
        for name, future in futures.items():
            results.append(future.result())
            harness.to_screen("".join(said[name]))
    return results


def run_all(names):
    results, together = [], [name for name in names if name in SIDE_BY_SIDE]
    for name in names:
        if name not in SIDE_BY_SIDE:
            results.append(run_stage(name))
        elif name == together[0]:
            results += run_together(together)
    return results


def names(text):
    chosen = [name for name in text.split(",") if name]
    unknown = [name for name in chosen if name not in STAGES]
    if unknown:
        raise argparse.ArgumentTypeError(f"no stage {', '.join(unknown)}; there are: {', '.join(STAGES)}")
    return chosen


def main():
    parser = argparse.ArgumentParser(prog="scripts/test.sh", description=__doc__.partition("\n")[2],
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=names, default=[], metavar="STAGE,...")
    parser.add_argument("--skip", type=names, default=[], metavar="STAGE,...")
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    if arguments.list:
        for name, (title, _) in STAGES.items():
            print(f"{name:10} {title}")
        return 0
    os.chdir(ROOT)
    chosen = [name for name in STAGES if name not in arguments.skip and (not arguments.only or name in arguments.only)]
    started = time.monotonic()
    results = run_all(chosen)
    return harness.summary(results, time.monotonic() - started)


if __name__ == "__main__":
    sys.exit(main())
