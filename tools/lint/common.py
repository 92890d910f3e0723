"""What the checks share: the list of the project's files, C++ scanning, the result cache and the way findings are printed."""

import concurrent.futures
import hashlib
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
JOBS = int(os.environ.get("MILLRACE_JOBS", os.cpu_count() or 2))

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)
_CPP_TOKEN = re.compile(
    r'(?P<line>//(?:\\\n|[^\n])*)'
    r'|(?P<block>/\*.*?\*/)'
    r'|(?P<raw>\b(?:u8|[uUL])?R"(?P<tag>[^()\s\\]{0,16})\(.*?\)(?P=tag)")'
    r'|(?P<string>"(?:\\.|[^"\\\n])*")'
    r"|(?P<digits>(?<=[0-9a-fA-F])'(?=[0-9a-fA-F]))"
    r"|(?P<char>'(?:\\.|[^'\\\n])+')",
    re.DOTALL,
)


def project_files(suffixes=(), root=ROOT, exact=()):
    """Tracked and new files (not the ignored ones) that end in one of the suffixes, as paths relative to root."""
    listing = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True, capture_output=True, text=True).stdout
    paths = [pathlib.PurePosixPath(name) for name in sorted(set(listing.split("\0"))) if name]
    return [path for path in paths
            if (not suffixes or path.suffix in suffixes or str(path) in exact) and (root / path).is_file()]


def read(path):
    return pathlib.Path(path).read_text(encoding="utf-8", errors="replace")


def strip_cpp(text, keep_strings=False):
    """The same text with comments (and string contents) blanked; line and column of everything else stay the same."""
    def blank(match):
        kind = match.lastgroup if match.lastgroup != "tag" else "raw"
        found = match.group(0)
        if kind == "digits":
            return " "
        if kind in ("string", "char", "raw"):
            if keep_strings:
                return found
            return '"' + re.sub(r"[^\n]", " ", found[1:-1]) + '"'
        return re.sub(r"[^\n]", " ", found)

    return _CPP_TOKEN.sub(blank, text)


def includes(text):
    """(line, quoted?, path) of every #include."""
    stripped = strip_cpp(text, keep_strings=True)
    return [(stripped.count("\n", 0, m.start()) + 1, m.group(1) == '"', m.group(2))
            for m in _INCLUDE.finditer(stripped)]


class ClosureHash:
    """Hash of a file and of every project header it reaches, so that a result can be kept until one of them changes."""

    def __init__(self, root=ROOT, salt=""):
        self.root = pathlib.Path(root)
        self.salt = salt
        self.direct = {}

    def _load(self, path):
        if path not in self.direct:
            text = read(path)
            reached = [self._resolve(path, name) for _, quoted, name in includes(text) if quoted]
            digest = hashlib.sha256(text.encode()).hexdigest()
            self.direct[path] = (digest, [found for found in reached if found])
        return self.direct[path]

    def _resolve(self, path, name):
        for candidate in (self.root / "src" / name, self.root / name, path.parent / name):
            if candidate.is_file():
                return candidate.resolve()
        return None

    def of(self, path):
        return self.of_all([path])

    def of_all(self, paths):
        """One hash for several files."""
        seen, todo = {}, [(self.root / path).resolve() for path in paths]
        while todo:
            current = todo.pop()
            if current in seen:
                continue
            seen[current], reached = self._load(current)
            todo.extend(reached)
        lines = [self.salt] + sorted(f"{name.relative_to(self.root.resolve())} {digest}" for name, digest in seen.items())
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class Passed:
    """Remembers which inputs passed a check. Kept outside the build folder so that a fresh clone profits as well."""

    def __init__(self, check):
        base = os.environ.get("MILLRACE_LINT_CACHE") or os.path.join(
            os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "millrace-lint")
        self.folder = pathlib.Path(base) / check
        self.folder.mkdir(parents=True, exist_ok=True)

    def __contains__(self, key):
        return (self.folder / key).exists()

    def add(self, key):
        (self.folder / key).touch()


def version_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def run_parallel(function, items):
    """function(item) for all items on all cores; results in the order of the items."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=JOBS) as pool:
        return list(pool.map(function, items))


def report(check, findings, checked):
    """Prints findings as file:line: text and returns the exit code of the check."""
    for finding in findings:
        print(finding)
    state = f"{len(findings)} finding{'s' if len(findings) != 1 else ''}" if findings else "ok"
    print(f"{check}: {checked} checked, {state}", file=sys.stderr)
    return 1 if findings else 0
