#!/usr/bin/env python3
"""Compares what Millrace answers with what RabbitMQ answers to the same scripted conversations.

  tests/golden/run.py --server build/release/bin/millrace-server            with the transcripts recorded from RabbitMQ
  tests/golden/run.py --server ... --peer                                   with a RabbitMQ started now (Debian's package)
  tests/golden/run.py --record                                              records the transcripts anew
  tests/golden/run.py --server ... --only 'declare.*'                       some conversations; --show prints transcripts

Each difference must be in differences.toml with its reason, and each entry of it must be met. Ends with
'N passed, N failed, N skipped': one per conversation.
"""

import argparse
import concurrent.futures
import difflib
import fnmatch
import json
import lzma
import pathlib
import re
import sys
import tempfile
import time
import tomllib
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import book  # noqa: E402
import brokers  # noqa: E402
from talk import PATIENT_SECONDS, QUIET_SECONDS, Talk  # noqa: E402

RECORDED = HERE / "recorded.jsonl.xz"
DIFFERENCES = HERE / "differences.toml"
AT_ONCE = 8


def hold(name, script, address, quiet_seconds=QUIET_SECONDS):
    """One conversation's transcript."""
    talk = Talk(name, address, quiet_seconds)
    try:
        script(talk)
        talk.finish()
    except Exception:  # whatever goes wrong belongs to the transcript of this conversation only
        talk.lines.append("the script broke: " + traceback.format_exc(limit=-3))
        for link in talk.links.values():
            link.close()
    return talk.lines


def hold_all(chosen, address):
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        futures = {name: pool.submit(hold, name, script, address) for name, script in chosen.items()}
        return {name: future.result() for name, future in futures.items()}


def hold_again(chosen, address, theirs, ours):
    """What differs is held once more, alone and with patience: how fast the machine is must not decide. Only what differs then as well
    is a difference, and what did not is told."""
    expected, rewrites = load_expected()
    for name, script in chosen.items():
        if name in theirs and compare(name, theirs[name], ours[name], expected, rewrites):
            again = hold(f"{name}/again", script, address, PATIENT_SECONDS)
            if not compare(name, theirs[name], again, expected, rewrites):
                print(f"note - {name} differed at first, and not when it was held again", flush=True)
            ours[name] = again


def wanted(name, patterns):
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns.split())


class Expected:
    """An entry of differences.toml: in these conversations RabbitMQ says this where Millrace says that."""

    def __init__(self, entry):
        self.entry = entry
        self.names, self.reason = entry["conversations"], entry["reason"]
        self.rabbitmq, self.millrace = re.compile(entry["rabbitmq"]), re.compile(entry["millrace"])
        self.met = False

    def concerns(self, name):
        return wanted(name, self.names)

    def explains(self, name, theirs, ours):
        if not self.concerns(name) or not self.rabbitmq.search(theirs) or not self.millrace.search(ours):
            return False
        self.met = True
        return True


class Rewrite:
    """An entry of differences.toml: what is taken out of one side's lines (or put in another form) before they are compared."""

    def __init__(self, entry):
        self.entry, self.side, self.reason = entry, entry["side"], entry["reason"]
        self.pattern, self.to = re.compile(entry["pattern"]), entry["to"]
        self.met = False

    def apply(self, lines):
        changed = [self.pattern.sub(self.to, line) for line in lines]
        self.met = self.met or changed != lines
        return changed


def changes(theirs, ours):
    """Pairs of differing lines; "" where one side has none."""
    matcher = difflib.SequenceMatcher(None, theirs, ours, autojunk=False)
    for kind, a1, a2, b1, b2 in matcher.get_opcodes():
        if kind == "equal":
            continue
        left, right = theirs[a1:a2], ours[b1:b2]
        for index in range(max(len(left), len(right))):
            yield left[index] if index < len(left) else "", right[index] if index < len(right) else ""


def compare(name, theirs, ours, expected, rewrites):
    """The lines that nobody explains."""
    found = []
    for rewrite in rewrites:
        if rewrite.side == "millrace":
            ours = rewrite.apply(ours)
        else:
            theirs = rewrite.apply(theirs)
    for left, right in changes(theirs, ours):
        if not any(entry.explains(name, left, right) for entry in expected):
            found += [f"    RabbitMQ: {left}", f"    Millrace: {right}"]
    return found


def load_expected():
    entries = tomllib.loads(DIFFERENCES.read_text())
    return [Expected(entry) for entry in entries.get("difference", [])], [Rewrite(entry) for entry in entries.get("rewrite", [])]


def from_peer(chosen):
    with tempfile.TemporaryDirectory(prefix="millrace-golden-") as scratch:
        peer = brokers.Peer(scratch)
        try:
            peer.start()
            wait_ready(peer.address())
            return hold_all(chosen, peer.address())
        finally:
            peer.close()


def wait_ready(address, seconds=120):
    """RabbitMQ listens before its definitions are imported."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        talk = Talk("ready", address)
        talk.login(0, "limited", "guest", "other")
        try:
            talk.link(0)
            return talk.drop(0)
        except (AssertionError, OSError):
            time.sleep(0.5)
    raise SystemExit("RabbitMQ did not import the definitions")


def recorded():
    found = {}
    for line in lzma.decompress(RECORDED.read_bytes()).decode().splitlines():
        name, lines = json.loads(line)
        found[name] = lines
    return found


def record(chosen, transcripts, everything):
    kept = {} if everything else recorded() if RECORDED.is_file() else {}
    kept.update({name: transcripts[name] for name in chosen})
    broken = [name for name, lines in kept.items() if any("the script broke" in line for line in lines)]
    text = "".join(json.dumps([name, kept[name]], ensure_ascii=False) + "\n" for name in sorted(kept))
    RECORDED.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"recorded {len(chosen)} conversations" + (f"; broken: {' '.join(broken)}" if broken else ""))
    return 1 if broken else 0


def report(chosen, theirs, ours, everything):
    failed = 0
    expected, rewrites = load_expected()
    for name in chosen:
        found = compare(name, theirs[name], ours[name], expected, rewrites) if name in theirs else ["    was never recorded"]
        if found:
            failed += 1
            print(f"not ok - {name}", *found, sep="\n")
    if everything:
        for name in sorted(set(theirs) - set(chosen)):
            failed += 1
            print(f"not ok - {name}\n    was recorded, but is no longer there")
        for entry in expected + rewrites:
            if not entry.met:
                failed += 1
                print(f"not ok - expected difference that does not appear: {entry.entry}")
    print(f"{len(chosen) - min(failed, len(chosen))} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", type=pathlib.Path)
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--only", default="*", metavar="PATTERNS")
    parser.add_argument("--show", action="store_true")
    arguments = parser.parse_args()
    everything = arguments.only == "*"
    chosen = {name: script for name, script in book.load().items() if wanted(name, arguments.only)}
    if arguments.peer or arguments.record:
        if not brokers.RabbitMQ.installed():
            raise SystemExit("RabbitMQ is not installed (scripts/install_deps.sh bench)")
        theirs = from_peer(chosen)
    else:
        theirs = {name: lines for name, lines in recorded().items() if wanted(name, arguments.only)}
    if arguments.show:
        for name in chosen:
            print(name, *theirs.get(name, []), sep="\n    ")
    if arguments.record:
        return record(chosen, theirs, everything)
    with tempfile.TemporaryDirectory(prefix="millrace-golden-") as scratch:
        millrace = brokers.Millrace(arguments.server.resolve(), scratch).start()
        ours = hold_all(chosen, millrace.address())
        hold_again(chosen, millrace.address(), theirs, ours)
        code = millrace.close()
    if code:
        print(f"the server's clean stop ended with {code}")
    return report(chosen, theirs, ours, everything) or (1 if code else 0)


if __name__ == "__main__":
    sys.exit(main())
