#!/usr/bin/env python3
"""Every header compiles as the only thing a file includes. Results are kept until a reached header changes."""

import subprocess
import sys
import tempfile

import common

COMPILE = ["g++", "-std=c++23", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-x", "c++"]


def include_folders(path):
    extra = ["-I", "client/include"] if (common.ROOT / "client/include").is_dir() else []
    return ["-I", "src", "-I", path.parts[0], "-I", "."] + extra


def compile_alone(path):
    """The compiler's words, or an empty string."""
    with tempfile.NamedTemporaryFile("w", suffix=".cc") as source:
        source.write(f'#include "{common.ROOT / path}"\n')
        source.flush()
        run = subprocess.run(COMPILE + include_folders(path) + [source.name],
                             cwd=common.ROOT, capture_output=True, text=True)
    return run.stderr if run.returncode else ""


def main():
    headers = [path for path in common.project_files((".h",)) if path.parts[0] in ("src", "client", "cli", "tests", "bench")]
    passed = common.Passed("headers")
    hashes = common.ClosureHash(salt=common.version_of("g++", "--version") + " ".join(COMPILE))
    keys = {path: hashes.of(path) for path in headers}
    todo = [path for path in headers if keys[path] not in passed]

    def check(path):
        words = compile_alone(path)
        if not words:
            passed.add(keys[path])  # at once, so that an interrupted run is not lost
        return words

    findings = [f"{path}:1: does not compile alone\n{words.rstrip()}"
                for path, words in zip(todo, common.run_parallel(check, todo)) if words]
    print(f"headers_alone: {len(headers) - len(todo)} unchanged since they last passed", file=sys.stderr)
    return common.report("headers_alone", findings, len(headers))


if __name__ == "__main__":
    sys.exit(main())
