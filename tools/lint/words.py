#!/usr/bin/env python3
"""Nothing unfinished, no leftover debugging and no path of one machine gets in."""

import re
import sys

import common

SUFFIXES = {".cc", ".h", ".c", ".py", ".sh", ".js", ".ts", ".tsx", ".java", ".md", ".cmake", ".txt", ".json", ".toml",
            ".yml", ".yaml", ".html", ".css", ".sql", ".xml"}
CODE = {".cc", ".h", ".c"}

# Written in two halves so that this file passes its own check.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK|WI" r"P)\b(?![-_.*])")
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(home/\w|root/|Users/\w|wo" r"rk/|mnt/\w)")
CONFLICT = re.compile(r"^(<<<<<<<|>>>>>>>|=======$)")
DEBUGGING = {
    ".py": re.compile(r"\b(breakpoint\(\)|pdb\.set_trace|import i?pdb\b)"),
    ".js": re.compile(r"^\s*debugger;?"),
    ".ts": re.compile(r"^\s*(debugger;?|console\.log\()"),
    ".tsx": re.compile(r"^\s*(debugger;?|console\.log\()"),
}
CODE_DEBUGGING = re.compile(r"^\s*#\s*if\s+0\b|__builtin_trap\(\)|\braise\(SIGTRAP\)")
# Production modules print through the log; src/server talks to the person who started it.
PRINTING = re.compile(r"\bstd::(cout|cerr|clog)\b|(?<![\w:.])f?printf\(|\bfmt::print(ln)?\(")
MAY_PRINT = ("src/server/", "src/base/", "src/testing/")


def check(path, text):
    findings = []
    rules = [(UNFINISHED, "unfinished work"), (MACHINE_PATH, "a path of one machine"), (CONFLICT, "a merge conflict")]
    if path.suffix in DEBUGGING:
        rules.append((DEBUGGING[path.suffix], "leftover debugging"))
    if path.suffix in CODE:
        rules.append((CODE_DEBUGGING, "leftover debugging"))
        name = str(path)
        if name.startswith("src/") and not name.startswith(MAY_PRINT) and not name.endswith(("_test.cc", "_fuzz.cc")):
            rules.append((PRINTING, "printing instead of logging"))
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, what in rules:
            match = pattern.search(line)
            if match:
                findings.append(f"{path}:{number}: {what}: {match.group(0).strip()}")
    return findings


def main():
    files = [path for path in common.project_files(SUFFIXES, exact=(".ci/run", "CMakeLists.txt"))
             if "corpus" not in path.parts]
    findings = [finding for path in files for finding in check(path, common.read(common.ROOT / path))]
    return common.report("words", findings, len(files))


if __name__ == "__main__":
    sys.exit(main())
