#!/usr/bin/env python3
"""What ARCHITECTURE.md names in the sources is there.

`file: Name` (files relative to src/) must name a function that the file defines, or a class that it is about; a file alone must
exist, and a `Class::name` alone must be somewhere in src/. The steps of "where does a publish go" and "where does a fetch go" must
each name at least one such place.
"""

import re
import sys

import common

PAGE = "ARCHITECTURE.md"
PLACE = re.compile(r"`([a-z][\w/]*/\w+\.(?:cc|h))(?:: ([A-Za-z_]\w*(?:::[A-Za-z_]\w*)*))?`")
NAME = re.compile(r"`((?:[A-Za-z_]\w*::)+[A-Za-z_]\w*)(?:\(\))?`")
PATHS = ("Where does a publish go", "Where does a fetch go")
STEP = re.compile(r"^\d+\. ", re.MULTILINE)
STEPS_MAX = 12


def defines(text, name):
    """Whether a source (without comments) has the function, class or enumerator. A definition begins in the first column, or inside its class."""
    scope, _, own = name.rpartition("::")
    if own[0].isupper():
        return re.search(rf"\b{own}\b", text) is not None
    qualified = rf"{scope}::{own}" if scope else rf"(?:\w+::)*{own}"
    if re.search(rf"^(?:[A-Za-z_][^\n;=(]*[\s*&])?{qualified}\(", text, re.MULTILINE):
        return True
    inside = scope.rpartition("::")[2]
    within = rf"\b(?:class|struct) (?:\w+::)*{inside}\b.*?" if inside else ""
    return re.search(rf"{within}^ +(?:[A-Za-z_][^\n;=(]*[\s*&]{own}\(|{own},)", text, re.MULTILINE | re.DOTALL) is not None


def sections(page):
    """(title, first line, text) of the page's parts."""
    heads = list(re.finditer(r"^## (.*)$", page, re.MULTILINE))
    ends = [head.start() for head in heads[1:]] + [len(page)]
    return [(head.group(1), page.count("\n", 0, head.start()) + 1, page[head.end():end]) for head, end in zip(heads, ends)]


def check_steps(page):
    findings = []
    found = {title: (line, text) for title, line, text in sections(page) if title in PATHS}
    for title in PATHS:
        line, text = found.get(title, (1, ""))
        starts = [match.start() for match in STEP.finditer(text)]
        if not 1 <= len(starts) <= STEPS_MAX:
            findings.append(f"{PAGE}:{line}: '{title}' has {len(starts)} steps, 1 to {STEPS_MAX} are wanted")
        for begin, end in zip(starts, starts[1:] + [len(text)]):
            step = re.split(r"\n\s*\n", text[begin:end])[0]
            if not PLACE.search(step):
                findings.append(f"{PAGE}:{line + text.count(chr(10), 0, begin)}: this step names no `file: function`")
    return findings


def check(page, sources):
    """page: its text. sources: text by path, relative to the project."""
    sources = {path: common.strip_cpp(text) for path, text in sources.items()}
    findings = []
    for match in NAME.finditer(page):
        # Namespaces are not looked for.
        name = "::".join(part for part in match.group(1).split("::")[:-1] if part[0].isupper())
        name = "::".join(filter(None, (name, match.group(1).rpartition("::")[2])))
        if not any(name.rpartition("::")[2] in text and defines(text, name) for text in sources.values()):
            findings.append(f"{PAGE}:{page.count(chr(10), 0, match.start()) + 1}: nothing in src/ is a {match.group(1)}")
    for match in PLACE.finditer(page):
        file, name = match.groups()
        line = page.count("\n", 0, match.start()) + 1
        text = sources.get(f"src/{file}")
        if text is None:
            findings.append(f"{PAGE}:{line}: there is no src/{file}")
        elif name and not defines(text, name):
            findings.append(f"{PAGE}:{line}: src/{file} has no {name}")
    return findings + check_steps(page)


def main():
    page = common.read(common.ROOT / PAGE)
    files = [path for path in common.project_files({".cc", ".h"}) if str(path).startswith("src/")]
    sources = {str(path): common.read(common.ROOT / path) for path in files}
    return common.report("places", check(page, sources), len(PLACE.findall(page)))


if __name__ == "__main__":
    sys.exit(main())
