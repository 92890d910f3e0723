#!/usr/bin/env python3
"""Runs public clients against a server.

  tests/interop/run.py --server build/release/bin/millrace-server [SUITE]...
  tests/interop/run.py --against amqp=127.0.0.1:5672 [SUITE]...    the AMQP suites against another broker (or kafka=...)

Each file in suites/ is a suite: it says in its first lines what it needs ("needs: amqp kafka"), gets MILLRACE_AMQP_HOST,
MILLRACE_AMQP_PORT, MILLRACE_KAFKA (host:port) and MILLRACE_SERVER (the binary), and prints one line per test:
"ok - NAME", "not ok - NAME: why" or "skip - NAME: why".
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import time

import clients
import server as servers

HERE = pathlib.Path(__file__).resolve().parent
SUITES = HERE / "suites"
SUITE_SECONDS = 600
LINE = re.compile(r"^(ok|not ok|skip) - (.*)$", re.MULTILINE)


def suite_files(names):
    found = [path for path in sorted(SUITES.iterdir())
             if path.suffix in (".py", ".js", ".c", ".go", ".sh", ".java") and "needs:" in path.read_text()[:600]]
    return [path for path in found if not names or path.stem in names or path.name in names]


def needs(path):
    return set(re.search(r"needs: ([a-z ]+)", path.read_text()).group(1).split())


def command(path):
    """How to run a suite, and what to add to its environment."""
    if path.suffix == ".py":
        return [clients.python(), path], {"PYTHONPATH": str(SUITES)}
    if path.suffix == ".js":
        return ["node", path], {"NODE_PATH": str(clients.node())}
    if path.suffix == ".c":
        return [clients.c_program(path)], {}
    if path.suffix == ".go":
        return [clients.go_program(path)], {}
    if path.suffix == ".sh":
        return ["bash", path], {}
    return ["java", "-cp", clients.java_classpath(), path.stem], {}


def not_served(suite, other_broker):
    """Tests of this suite that must fail, with the reason; none on another broker."""
    found = {}
    if other_broker:
        return found
    for line in (HERE / "not_served.txt").read_text().splitlines():
        words = line.split(None, 2)
        if len(words) == 3 and words[0] == suite:
            found[words[1].rstrip(":")] = words[2]
    return found


def judge(suite, lines, other_broker):
    """Failures that not_served.txt announces become skips; an announced test that passes is a failure."""
    expected = not_served(suite, other_broker)
    judged = []
    for kind, text in lines:
        test = text.split(":")[0].strip()
        if test not in expected:
            judged.append((kind, text))
        elif kind == "not ok":
            judged.append(("skip", f"{test}: not served yet: {expected[test]}"))
        else:
            judged.append(("not ok", f"{test}: works now; take it out of not_served.txt"))
    return judged


def run_suite(path, environment, available):
    """(passed, failed, skipped, notes)"""
    missing = needs(path) - available
    if missing:
        return 0, 0, 1, [f"needs {', '.join(sorted(missing))}"]
    try:
        words, more = command(path)
    except clients.Unavailable as reason:
        return 0, 0, 1, [str(reason)]
    except clients.Broken as reason:
        return 0, 1, 0, [str(reason)]
    try:
        done = subprocess.run([str(word) for word in words], env={**os.environ, **environment, **more}, cwd=HERE,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=SUITE_SECONDS)
        output, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        output, code = (late.stdout or b"").decode(errors="replace"), f"time-out after {SUITE_SECONDS} s"
    lines = LINE.findall(output)
    served_all = not any(kind == "not ok" for kind, _ in lines)
    lines = judge(path.name, lines, "server" not in available)
    counts = {kind: sum(1 for found, _ in lines if found == kind) for kind in ("ok", "not ok", "skip")}
    notes = [text for kind, text in lines if kind != "ok"]
    if code and not counts["not ok"] and served_all:
        counts["not ok"] += 1
        notes.append(f"ended with {code}: {output[-1500:]}")
    elif not lines:
        counts["not ok"] += 1
        notes.append("ran no test")
    return counts["ok"], counts["not ok"], counts["skip"], notes


def run_all(paths, environment, available, alive):
    totals = [0, 0, 0]
    passed = dict.fromkeys(available - {"server"}, 0)
    for path in paths:
        began = time.monotonic()
        result = run_suite(path, environment, available)
        print(f"{path.name:28} {result[0]:3} passed {result[1]:3} failed {result[2]:3} skipped  "
              f"{time.monotonic() - began:5.1f} s", flush=True)
        for note in result[3]:
            print("    " + note.replace("\n", "\n    "), flush=True)
        totals = [total + count for total, count in zip(totals, result)]
        for protocol in needs(path) & passed.keys():
            passed[protocol] += result[0]
        if not alive():
            print(f"the server died during {path.name}", flush=True)
            totals[1] += 1
            break
    # One protocol of which nothing ran must not hide behind the others.
    for protocol in sorted(name for name, count in passed.items() if not count and any(name in needs(path) for path in paths)):
        print(f"{protocol}: no test passed", flush=True)
        totals[1] += 1
    return totals


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--server", type=pathlib.Path)
    which.add_argument("--against", metavar="PROTOCOL=HOST:PORT")
    parser.add_argument("suites", nargs="*")
    arguments = parser.parse_args()
    paths = suite_files(arguments.suites)

    if arguments.against:
        protocol, _, address = arguments.against.partition("=")
        host, _, port = address.partition(":")
        environment = {"MILLRACE_AMQP_HOST": host, "MILLRACE_AMQP_PORT": port, "MILLRACE_KAFKA": address}
        totals = run_all(paths, environment, {protocol}, lambda: True)
    else:
        log = clients.BUILD / "reports" / "interop-server.log"
        log.unlink(missing_ok=True)
        server = servers.Server(arguments.server.resolve(), log=log).start()
        environment = {"MILLRACE_AMQP_HOST": "127.0.0.1", "MILLRACE_AMQP_PORT": str(server.ports["amqp"]),
                       "MILLRACE_KAFKA": server.address("kafka"), "MILLRACE_SERVER": str(arguments.server.resolve())}
        totals = run_all(paths, environment, {"amqp", "kafka", "server"}, server.alive)
        code = server.stop()
        if code != 0:
            print(f"the server's clean stop ended with {code}:\n{server.tail()}")
            totals[1] += 1
        server.remove()
    print(f"{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped")
    return 1 if totals[1] or not totals[0] else 0


if __name__ == "__main__":
    sys.exit(main())
