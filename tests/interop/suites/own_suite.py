"""How the clients' own suites are run: their tests as they are, with the port in their environment."""

import fnmatch
import json
import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import clients  # noqa: E402

NOT_RUN = pathlib.Path(__file__).resolve().parents[1] / "client_suites.txt"
KAFKA = os.environ.get("MILLRACE_KAFKA", "127.0.0.1:9092")
HOST = os.environ.get("MILLRACE_AMQP_HOST", "127.0.0.1")
PORT = os.environ.get("MILLRACE_AMQP_PORT", "5672")


def not_run(suite):
    """(pattern, reason) of the tests that client_suites.txt excludes."""
    found = []
    for line in NOT_RUN.read_text().splitlines():
        if line.startswith(f"{suite} "):
            pattern, _, reason = line.partition(" ")[2].partition(": ")
            found.append((pattern, reason))
    return found


def tell(suite, results):
    """Prints (name, failure or None) of each test; what is excluded is a skip, whatever came of it."""
    excluded = not_run(suite)
    bad = 0
    for name, failure in results:
        name = re.sub(r"[^\w.\-\[\]]+", "_", name)
        # Brackets belong to names here, not to patterns.
        reason = next((reason for pattern, reason in excluded if fnmatch.fnmatchcase(name, pattern.replace("[", "[[]"))), None)
        if reason:
            print(f"skip - {name}: {reason}")
        elif failure is None:
            print(f"ok - {name}")
        else:
            bad += 1
            print(f"not ok - {name}: {' '.join(failure.split())[:300]}")
    sys.exit(1 if bad else 0)


def unavailable(reason):
    print(f"skip - everything: {' '.join(str(reason).split())[:300]}")
    sys.exit(0)


def junit(path):
    """The tests of a JUnit report."""
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        problem = case.find("failure")
        problem = case.find("error") if problem is None else problem
        if case.find("skipped") is None:
            yield case.get("name"), None if problem is None else problem.get("message", "failed")


def go_results(lines):
    """(name, failure or None) of each test that ran, of what `go test -json` says."""
    said, found = {}, {}
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue  # of the compiler
        test = event.get("Test")
        if test is None or "/" in test:
            continue  # a part of a test counts with the whole
        if event["Action"] == "output":
            said.setdefault(test, []).append(event["Output"])
        elif event["Action"] == "pass":
            found[test] = None
        elif event["Action"] == "fail":
            found[test] = "".join(said.get(test, ["failed"]))[-600:]
    return found


def run_go_test(suite, module, version, environment, *arguments):
    """Arguments are those of `go test`."""
    try:
        folder = clients.go_module(module, version)
    except clients.Unavailable as reason:
        unavailable(reason)
    environment = {**os.environ, "GOFLAGS": "-mod=mod", **environment}
    # The race detector would need a C compiler; it looks at the client only.
    done = subprocess.run(["go", "test", "-count=1", "-json", *arguments], cwd=folder, env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    found = go_results(done.stdout.splitlines())
    if not found:
        print(f"not ok - go test: {' '.join(done.stdout.split())[-800:]}")
        sys.exit(1)
    tell(suite, sorted(found.items()))


def run_pytest(suite, package, version, *arguments):
    try:
        folder = clients.sdist(package, version)
    except clients.Unavailable as reason:
        unavailable(reason)
    report = clients.BUILD / "reports" / f"{pathlib.Path(suite).stem}.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    environment = {**os.environ, "RABBITMQ_HOST": HOST, "RABBITMQ_5672_TCP": PORT}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--reruns", "1",
                           f"--junit-xml={report}", *arguments], cwd=folder, env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if not report.is_file():
        print(f"not ok - pytest: {done.stdout[-800:]}")
        sys.exit(1)
    tell(suite, list(junit(report)))
