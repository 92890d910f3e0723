"""What the test stages share: running commands with a log, building presets, counting tests."""

import collections
import os
import pathlib
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parents[2]
REPORTS = ROOT / "build" / "reports"
JOBS = str(os.cpu_count() or 2)


class Outcome(collections.namedtuple("Outcome", "passed failed skipped note")):
    """How many tests of a stage passed, failed and were skipped, and a word about it."""

    def __add__(self, other):
        note = "; ".join(part for part in (self.note, other.note) if part)
        return Outcome(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped, note)


def passed(count=1, note=""):
    return Outcome(count, 0, 0, note)


def failed(count=1, note=""):
    return Outcome(0, count, 0, note)


def skipped(note):
    return Outcome(0, 0, 1, note)


NOTHING = Outcome(0, 0, 0, "")


class Failure(Exception):
    """A stage cannot go on (a build failed, say)."""


def to_screen(text):
    print(text, end="", flush=True)


class Stage:
    """Runs the commands of one stage; all output goes to its log, the end of it to `say` on a failure."""

    # Stages that run side by side share the build folders.
    building = threading.RLock()

    def __init__(self, name, say=to_screen):
        self.name, self.say = name, say
        self.folder = REPORTS / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = REPORTS / f"{name}.log"
        self.log.write_text("")

    def run(self, command, timeout=1800, env=None, show=False, tail=60):
        """Exit code and output. With show, the output appears on the screen as it comes."""
        words = [str(word) for word in command]
        self.say(f"  $ {' '.join(words)}\n")
        started = time.monotonic()
        lines = []
        process = subprocess.Popen(words, cwd=ROOT, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                   start_new_session=True)
        watchdog = subprocess.Popen(["sh", "-c", f"sleep {timeout}; kill -9 -{process.pid}"], start_new_session=True)
        with self.log.open("a") as log:
            log.write(f"$ {' '.join(words)}\n")
            for line in process.stdout:
                lines.append(line)
                log.write(line)
                if show:
                    self.say(f"    {line}")
        code = process.wait()
        os.killpg(watchdog.pid, 9)
        watchdog.wait()
        if code and time.monotonic() - started >= timeout:
            lines.append(f"killed after {timeout} s\n")
        if code and not show and tail:
            self.say("".join(f"    {line}" for line in lines[-tail:]))
        return code, "".join(lines)

    def configure(self, preset):
        with self.building:
            code, _ = self.run(["cmake", "--preset", preset])
        if code:
            raise Failure(f"configuring {preset} failed")

    def build(self, preset, *targets):
        with self.building:
            self.configure(preset)
            built, output = self.run(["ninja", "-C", f"build/{preset}", "-k", "20", *targets], timeout=2400, tail=0)
        if built:
            self.say(errors_of(output) + "\n")
            raise Failure(f"building {preset} failed")

    def targets(self, preset):
        """Names of the programs that a configured preset can build."""
        listing = subprocess.run(["ninja", "-C", str(ROOT / "build" / preset), "-t", "targets", "all"],
                                 capture_output=True, text=True).stdout
        return {line.split(":")[0] for line in listing.splitlines() if line.endswith(": phony")}

    def ctest(self, preset, label, regex=None, timeout=1200, jobs=JOBS, env=None):
        """Runs the tests with a label and counts what is inside each GoogleTest binary."""
        for old in self.folder.glob("*.xml"):
            old.unlink()
        junit = self.folder / "ctest.xml"
        command = ["ctest", "--test-dir", f"build/{preset}", "-L", f"^{label}$", "-j", jobs, "--output-on-failure",
                   "--output-junit", junit]
        if regex:
            command += ["-R", regex]
        code, output = self.run(command, timeout=timeout, env={**(env or {}), "GTEST_OUTPUT": f"xml:{self.folder}/"}, tail=150)
        if "No tests were found" in output:
            return skipped(f"no test has the label {label}")
        return count_tests(junit, self.folder) if junit.is_file() else failed(note=f"ctest ended with {code}")


def errors_of(output, limit=80):
    """The lines of a build's output that say what is wrong."""
    lines = output.splitlines()
    chosen = [number for number, line in enumerate(lines) if "error:" in line or "undefined reference" in line]
    shown = sorted({near for number in chosen for near in range(number, min(number + 4, len(lines)))})
    return "\n".join(f"    {lines[number][:300]}" for number in shown[:limit]) or "\n".join(lines[-20:])


def count_tests(junit, folder):
    """ctest's verdicts, refined by the GoogleTest reports of the binaries that wrote one."""
    total, broken = NOTHING, []
    for case in xml.parse(junit).getroot().iter("testcase"):
        name = case.get("name")
        good = case.get("status") == "run"
        reports = sorted(folder.glob(f"{name}.xml")) + sorted(folder.glob(f"{name}_[0-9]*.xml"))
        inside = sum((count_gtest(report) for report in reports), NOTHING)
        if not good:
            broken.append(name)
            if not inside.failed:
                inside += failed()
        elif not reports:
            inside = passed()
        total += inside
    return total._replace(note="failed: " + ", ".join(broken) if broken else "")


def count_gtest(report):
    root = xml.parse(report).getroot()
    cases = list(root.iter("testcase"))
    bad = sum(1 for case in cases if case.find("failure") is not None)
    left = sum(1 for case in cases if case.find("skipped") is not None or case.get("status") == "notrun")
    return Outcome(len(cases) - bad - left, bad, left, "")


def find_program(preset, name):
    for path in sorted((ROOT / "build" / preset).rglob(name)):
        if path.is_file() and os.access(path, os.X_OK):
            return path
    return None


def heading(text, say=to_screen):
    say(f"\n==== {text} " + "=" * max(4, 100 - len(text)) + "\n")


def summary(results, seconds):
    """results: (title, Outcome, seconds); seconds: all of them took. Prints the table and the closing line; returns the exit code."""
    heading("summary")
    width = max(len(title) for title, _, _ in results)
    total = NOTHING
    for title, outcome, own_seconds in results:
        state = "FAILED" if outcome.failed else "passed" if outcome.passed else "skipped"
        counts = f"{outcome.passed:5} passed {outcome.failed:3} failed {outcome.skipped:3} skipped"
        print(f"{title:{width}}  {state:7} {counts}  {own_seconds:6.0f} s  {outcome.note}".rstrip())
        total += outcome
    print(f"{'all':{width}}  took {seconds:.0f} s; logs are in build/reports\n")
    if not total.passed:
        total += failed(note="nothing was tested")
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    sys.stdout.flush()
    return 1 if total.failed else 0
