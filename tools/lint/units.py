"""Several source files as one, so that a compiler reads the headers they share only once.

A unit is the text of its files, one after the other: for the compiler all of it is the main file. What a file declares for itself
(in an unnamed namespace, say) gets a number where a file before it has something of that name. What still clashes, like a
second `main`, goes to another unit.
"""

import bisect
import re

import common

MAX_FILES = 40
MAX_LINES = 6500

_SCOPE = re.compile(r'^(?:inline\s+)?namespace\b(?!.*=)|^extern\s*"')
_TYPE = re.compile(r"\b(?:struct|class|union|concept|enum(?:\s+(?:struct|class))?)\s+(\w+)")
_MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.MULTILINE)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)


def _declared(head):
    """The name that a declaration at namespace scope introduces, from its text up to its body or end; None without one."""
    head = re.sub(r"\[\[.*?\]\]", " ", head)
    while "<" in (shorter := re.sub(r"<[^<>]*>", " ", head)) and shorter != head:
        head = shorter
    head = shorter.strip()
    if re.match(r"using\b(?!.*=)|namespace\b|friend\b|static_assert\b", head):
        return None
    if found := _TYPE.search(head.split("(")[0]):
        return found.group(1)
    before = re.split(r"[(=]", head.replace("==", " "))[0].strip()
    name = re.search(r"(::\s*)?(~?\w+)$", before)
    # A qualified name is declared elsewhere; TEST(...) and the like make names of their own.
    return None if not name or name.group(1) or (name.group(2).isupper() and "(" in head) else name.group(2)


def _is_function(head):
    """Whether a brace ends the declaration; after that of a class or an initializer comes a semicolon."""
    return "(" in head and "=" not in head.replace("==", " ").split("(")[0]


def scope_names(text):
    """What a file declares: namespace::name -> "own" for itself, "shared" with other files, or "fixed", a macro or main."""
    stripped = common.strip_cpp(text)
    found = dict.fromkeys(_MACRO.findall(stripped), "fixed")
    stripped = _DIRECTIVE.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), stripped)
    depth, head, scopes = 0, "", []  # depth: how many braces deep inside something that is no namespace
    for token in re.split(r"([{};])", stripped):
        if token == "{":
            if depth or not _SCOPE.match(head.strip()):
                depth += 1
            else:
                scopes.append("".join(re.findall(r"namespace\s+([\w:]+)", head)) if "namespace" in head else None)
                head = ""
        elif token in ("}", ";"):
            if token == "}" and not depth and scopes:
                scopes.pop()
            depth -= token == "}" and depth > 0
            if not depth and (token == ";" or _is_function(head)):
                if name := _declared(head):
                    # What is in an unnamed namespace is seen in the one around it.
                    own = "" in scopes or re.match(r"\s*(?:using|static|constexpr|const)\b", head)
                    found["::".join([*filter(None, scopes), name])] = "own" if own else "fixed" if name == "main" else "shared"
                head = ""
        elif not depth:
            head += token
    return found


def renamed(text, names, number):
    """The text with a number behind each of the names, where the code uses them unqualified."""
    if not names:
        return text
    stripped = _DIRECTIVE.sub(lambda match: " " * len(match.group(0)), common.strip_cpp(text))
    pieces, end = [], 0
    for found in re.finditer(r"(?<!::)(?<!\.)(?<!->)\b(?:" + "|".join(sorted(names)) + r")\b", stripped):
        pieces += [text[end:found.end()], str(number)]
        end = found.end()
    return "".join(pieces) + text[end:]


def _compatible(mine, theirs):
    """Whether a file with a name of kind mine may follow one with the same name of kind theirs."""
    return "fixed" not in (mine, theirs) and (mine == "own" or theirs == "shared")


def pack(files):
    """[(path, kind, text)] -> lists of (path, text); only files of one kind share a unit, and none that clash."""
    open_units = []
    for path, kind, text in files:
        names, size = scope_names(text), text.count("\n")
        for unit in open_units:
            common_names = names.keys() & unit["names"].keys()
            if (unit["kind"] == kind and len(unit["parts"]) < MAX_FILES and unit["lines"] + size <= MAX_LINES
                    and all(_compatible(names[name], unit["names"][name]) for name in common_names)):
                break
        else:
            unit = {"kind": kind, "parts": [], "lines": 0, "names": {}}
            common_names = ()
            open_units.append(unit)
        again = {name.rpartition("::")[2] for name in common_names if names[name] == "own"}
        unit["parts"].append((path, renamed(text, again, len(unit["parts"]) + 1)))
        unit["lines"] += size
        unit["names"] = names | unit["names"]
    return [unit["parts"] for unit in open_units]


class Joined:
    """The text of a unit, and the way back from its lines to those of the files."""

    def __init__(self, parts):
        """parts: [(path, text)]"""
        self.starts, self.paths, self.text = [], [], ""
        line = 1
        for path, text in parts:
            text = text if text.endswith("\n") else text + "\n"
            self.starts.append(line)
            self.paths.append(path)
            self.text += text
            line += text.count("\n")

    def origin(self, line):
        """(path, line) that stands at this line of the unit."""
        part = bisect.bisect_right(self.starts, line) - 1
        return self.paths[part], line - self.starts[part] + 1

    def translate(self, words, unit_path):
        """A compiler's words about the unit as words about its files."""
        place = re.compile(re.escape(str(unit_path)) + r":(\d+):")
        shift, lines = 0, []
        for line in words.split("\n"):
            if found := place.search(line):
                path, at = self.origin(int(found.group(1)))
                shift = int(found.group(1)) - at
                line = line[:found.start()] + f"{path}:{at}:" + line[found.end():]
            elif re.match(r"\S*/\S+:\d+:\d+: ", line):
                shift = 0
            elif shift and (gutter := re.match(r"( *\d+) \|", line)):
                number = str(int(gutter.group(1)) - shift)
                line = number.rjust(len(gutter.group(1))) + line[gutter.end(1):]
            lines.append(line)
        return "\n".join(lines)
