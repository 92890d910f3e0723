#!/usr/bin/env python3
"""Links between the project's pages lead somewhere, and README.md names every page of docs/."""

import pathlib
import posixpath
import re
import sys

import common

# [text](target) or [text](target "title"); what begins with a scheme is not ours to check.
LINK = re.compile(r"\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
FOREIGN = re.compile(r"[a-z][a-z0-9+.-]*:")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def anchors(text):
    """What a link may have behind '#': headings in lower case, with hyphens for spaces and without punctuation."""
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in HEADING.findall(text)}


def check(pages, exists):
    """pages: text by path. exists(path): whether the project has it."""
    findings = []
    for path, text in sorted(pages.items()):
        prose = FENCE.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), text)
        for match in LINK.finditer(prose):
            target, _, anchor = match.group(1).partition("#")
            if FOREIGN.match(target):
                continue
            page = posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) if target else path
            line = prose.count("\n", 0, match.start()) + 1
            if not exists(page):
                findings.append(f"{path}:{line}: there is no {page}")
            elif anchor and page in pages and anchor not in anchors(pages[page]):
                findings.append(f"{path}:{line}: {page} has no heading '{anchor}'")
    listed = {match.group(1) for match in LINK.finditer(pages.get("README.md", ""))}
    findings += [f"README.md:1: {path} is not linked" for path in sorted(pages)
                 if path.startswith("docs/") and path not in listed]
    return findings


def main():
    files = common.project_files({".md"})
    findings = check({str(path): common.read(common.ROOT / path) for path in files},
                     lambda path: pathlib.Path(common.ROOT / path).exists())
    return common.report("pages", findings, len(files))


if __name__ == "__main__":
    sys.exit(main())
