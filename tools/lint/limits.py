#!/usr/bin/env python3
"""No file over 800 lines, no function over 70. There are no exemptions, also not for generated code."""

import ast
import re
import sys

import common

FILE_LIMIT = 800
FUNCTION_LIMIT = 70
CPP = {".cc", ".h", ".c", ".java"}
SUFFIXES = CPP | {".py", ".sh", ".js", ".ts", ".tsx", ".css", ".cmake"}

_CONTAINER = re.compile(r"(^|[\s>\]])(namespace|class|struct|union|enum|interface|extern\s*\"[^\"]*\")(\s|$|\[|\")")
_ACCESS = re.compile(r"^(\s*(public|private|protected)\s*:(?!:))+")
_PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)


class Scanner:
    """Walks over braces outside of functions and yields (name, first line, last line) of each function body."""

    def __init__(self, text):
        text = common.strip_cpp(text)
        self.text = _PREPROCESSOR.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)
        self.line = 1
        self.found = []

    def close_of(self, start):
        depth = 0
        for position in range(start, len(self.text)):
            if self.text[position] == "{":
                depth += 1
            elif self.text[position] == "}":
                depth -= 1
                if depth == 0:
                    return position
        return len(self.text) - 1

    def scan(self):
        position, start, parens = 0, 0, 0
        while position < len(self.text):
            char = self.text[position]
            if char == "(":
                parens += 1
            elif char == ")":
                parens = max(0, parens - 1)
            elif parens == 0 and char in ";}":
                start = position + 1
            elif char == "{":
                header = self.text[start:position]
                kind = "initializer" if parens else classify(header)
                if kind == "container":
                    start = position + 1
                else:
                    close = self.close_of(position)
                    if kind == "function":
                        self.note(start, header, close)
                    position = close
                    if kind != "initializer":
                        start = close + 1
            position += 1
        return self.found

    def note(self, start, header, close):
        access = _ACCESS.match(header)
        skipped = access.end() if access else 0
        skipped += len(header[skipped:]) - len(header[skipped:].lstrip())
        first = self.text.count("\n", 0, start + skipped) + 1
        last = self.text.count("\n", 0, close) + 1
        self.found.append((function_name(header), first, last))


def outside_parens(header):
    """The header without what is inside parentheses (default arguments, attributes with arguments, casts)."""
    kept, depth = [], 0
    for char in header:
        if char == "(":
            depth += 1
        if depth == 0:
            kept.append(char)
        elif depth == 1 and char == "(":
            kept.append("()")
        if char == ")":
            depth = max(0, depth - 1)
    return "".join(kept)


def without_template_arguments(text):
    while (shorter := re.sub(r"<[^<>]*>", "", text)) != text:
        text = shorter
    return text


def classify(header):
    """container (its content is scanned), function, initializer (the declaration goes on after it) or other."""
    flat = outside_parens(_ACCESS.sub("", header))
    flat = re.sub(r"operator\s*(\(\)|[^\s\w(]+)", "operator", flat)
    if not flat.strip():
        return "other"
    assigned = re.search(r"(?<![=!<>])=(?![=>])", without_template_arguments(flat))
    if assigned:
        return "function" if re.search(r"=\s*\[[^\]]*\]", flat) else "initializer"
    if "()" not in flat:
        return "container" if _CONTAINER.search(flat) else "initializer"
    members = re.search(r"\(\)[^:?]*:(?!:)(.*)$", flat, re.DOTALL)
    if members and re.search(r"[\w>]\s*$", flat) and not flat.rstrip().endswith(("try", "const", "noexcept")):
        return "initializer"
    if re.search(r"(^|[\s>])(class|struct|namespace|enum)\s+[\w:<>(), \[\]]*$", flat) and not flat.rstrip().endswith(")"):
        return "container"
    return "function"


def function_name(header):
    match = re.search(r"([~\w:]+|operator\s*[^\s\w(]+)\s*\(([^()]*)", header)
    if not match:
        return "function"
    name = match.group(1)
    return f"{name}({match.group(2).strip()})" if name.isupper() or name.startswith("TEST") else name


def python_functions(text):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [(node.name, min([node.lineno] + [d.lineno for d in node.decorator_list]), node.end_lineno)
            for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)]


def shell_functions(text):
    found, name, first = [], None, 0
    for number, line in enumerate(text.splitlines(), 1):
        start = re.match(r"(?:function\s+)?([\w-]+)\s*\(\)\s*[{(]\s*(.*)$", line)
        if start and not start.group(2).endswith(("}", ")")):
            name, first = start.group(1), number
        elif name and re.match(r"[})]", line):
            found.append((name, first, number))
            name = None
    return found


def functions(path, text):
    if path.suffix in CPP:
        return Scanner(text).scan()
    if path.suffix == ".py":
        return python_functions(text)
    if path.suffix == ".sh":
        return shell_functions(text)
    return []


def check(path, text):
    findings = []
    lines = len(text.splitlines())
    if lines > FILE_LIMIT:
        findings.append(f"{path}:1: {lines} lines, the limit is {FILE_LIMIT}: split it")
    for name, first, last in functions(path, text):
        length = last - first + 1
        if length > FUNCTION_LIMIT:
            findings.append(f"{path}:{first}: {name} has {length} lines, the limit is {FUNCTION_LIMIT}")
    return findings


def main():
    files = common.project_files(SUFFIXES, exact=(".ci/run",))
    findings = [finding for path in files for finding in check(path, common.read(common.ROOT / path))]
    return common.report("limits", findings, len(files))


if __name__ == "__main__":
    sys.exit(main())
