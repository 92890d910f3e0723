#!/usr/bin/env python3
"""Modules include only what they declare, and declare only what the architecture allows.

Three comparisons: the #includes of each folder with the DEPS of its CMakeLists.txt (TEST_DEPS count for tests and fuzz
targets), the DEPS with the table below, and the names used by the neutral core and outside libraries with their rules.
"""

import collections
import re
import sys

import common

# What each module may depend on; "{p}" stands for the protocol of the folder itself. ARCHITECTURE.md explains it.
ALLOWED = {
    "base": "",
    "bytes": "base",
    "io": "base bytes",
    "model": "base bytes",
    "storage": "base bytes io model",
    "catalog": "base bytes io model storage",
    "auth": "base bytes catalog",
    "broker": "base bytes io model storage catalog auth",
    "wire/*": "base bytes",
    "gateway/*": "base bytes io model catalog auth broker wire/{p}",
    "admin": "base bytes io model catalog auth broker",
    "testing": "base bytes io model",
    "server": "*",
}
# A test may use the fakes, and whatever its own module may use.
ALLOWED_IN_TESTS = "testing"

# Folders beside src/. "client" there means the client library.
ALLOWED_OUTSIDE = {
    "client": "base bytes wire/*",
    "cli": "client base bytes auth wire/kafka",
    "examples": "client",
}

# Outside libraries that only some modules may include.
RESTRICTED = [
    (re.compile(r"boost/(asio|beast)"), {"io"}, "only src/io uses Asio and Beast"),
    (re.compile(r"gtest/|gmock/"), set(), "only tests use GoogleTest"),
    (re.compile(r"spdlog/"), {"base"}, "log through base/log.h"),
    (re.compile(r"toml\+\+|CLI/"), {"server", "cli", "examples", "bench", "tests"}, "configuration is read by src/server only"),
]

# The core must run in a simulation with several shards on one thread, and know no protocol's words.
SIMULATED = ("model", "storage", "catalog", "auth", "broker", "wire/", "gateway/", "admin")
NEUTRAL = ("model", "storage", "broker")
FORBIDDEN = [
    (SIMULATED, re.compile(r"\bthread_local\b|\bthis_thread\b|\bpthread_self\b|\bgettid\b"), "thread identity"),
    (SIMULATED, re.compile(r"\b(steady|system|high_resolution)_clock::now\b|\bclock_gettime\b|\bgettimeofday\b"), "a real clock"),
    (SIMULATED, re.compile(r"\brandom_device\b|\bsrand\b"), "real randomness"),
    (SIMULATED, re.compile(r"\b(of|if|f)stream\b|\bfopen\b"), "files outside io/"),
    (NEUTRAL, re.compile(r"\w*(amqp|kafka|mqtt|stomp|rabbitmq)\w*", re.IGNORECASE), "a protocol's word"),
]

# The one place that numbers the gateways, so that a stored message can say which one understands its opaque block.
_REGISTRY = re.compile(r"enum class Protocol\b[^{]*\{[^}]*\}")

_MODULE = re.compile(r"millrace_module\s*\(([^)]*)\)")
_SECTION = re.compile(r"^(DEPS|LIBS|PRIVATE_LIBS|TEST_DEPS|TEST_LIBS)$")

Declared = collections.namedtuple("Declared", "deps test_deps")


def declared_modules(root):
    """module name -> what its CMakeLists.txt declares, for every folder under src/."""
    found = {}
    for path in sorted((root / "src").rglob("CMakeLists.txt")):
        for match in _MODULE.finditer(re.sub(r"#[^\n]*", "", common.read(path))):
            words = match.group(1).split()
            sections = collections.defaultdict(list)
            section = None
            for word in words[1:]:
                if _SECTION.match(word):
                    section = word
                else:
                    sections[section].append(word)
            found[words[0]] = Declared(set(sections["DEPS"]), set(sections["TEST_DEPS"]))
    return found


def matches(module, patterns):
    return any(pattern == "*" or module == pattern or (pattern.endswith("/*") and module.startswith(pattern[:-1]))
               for pattern in patterns.split())


def allowed_for(module):
    if module in ALLOWED:
        return ALLOWED[module]
    family, _, protocol = module.partition("/")
    pattern = ALLOWED.get(f"{family}/*")
    return None if pattern is None else pattern.replace("{p}", protocol)


def check_declarations(modules):
    findings = []
    for module, declared in modules.items():
        where = f"src/{module}/CMakeLists.txt:1:"
        allowed = allowed_for(module)
        if allowed is None:
            findings.append(f"{where} module {module} is not in the architecture's table (tools/lint/module_edges.py)")
            continue
        for dep in sorted(declared.deps | declared.test_deps):
            test_only = dep in declared.test_deps and dep not in declared.deps
            if dep not in modules:
                findings.append(f"{where} {module} declares {dep}, which does not exist")
            elif not matches(dep, allowed) and not (test_only and matches(dep, ALLOWED_IN_TESTS)):
                findings.append(f"{where} {module} must not depend on {dep}")
    return findings


def module_of(path, modules):
    """The module that holds a path relative to src/ (the longest name wins, as in gateway/kafka)."""
    parts = path.split("/")[:-1]
    for length in range(len(parts), 0, -1):
        name = "/".join(parts[:length])
        if name in modules:
            return name
    return None


def is_for_tests(path):
    return re.search(r"(_test|_fuzz|_for_test|_test_support|_test_util)\.(cc|h)$", path.name) is not None


def check_includes(path, text, module, modules, root):
    findings = []
    is_test = is_for_tests(path)
    declared = modules[module]
    usable = {module} | declared.deps | (declared.test_deps if is_test else set())
    for line, quoted, name in common.includes(text):
        where = f"{path}:{line}:"
        if not quoted:
            for pattern, owners, why in RESTRICTED:
                if pattern.match(name) and module not in owners and not (is_test and "gtest" in name):
                    findings.append(f"{where} {name}: {why}")
            continue
        target = module_of(name, modules)
        if target is None or not (root / "src" / name).is_file():
            findings.append(f'{where} "{name}" is not a header of a module; write "module/file.h"')
        elif target not in usable:
            findings.append(f"{where} {module} includes {name} but does not declare {target} in DEPS")
    return findings


def check_words(path, text, module):
    if is_for_tests(path):
        return []
    findings = []
    code = _REGISTRY.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), common.strip_cpp(text))
    for prefixes, pattern, what in FORBIDDEN:
        if module.startswith(prefixes):
            for match in pattern.finditer(code):
                line = code.count("\n", 0, match.start()) + 1
                findings.append(f"{path}:{line}: {module} must not use {what} ({match.group(0)})")
    return findings


def check_outside(path, text, modules):
    """client, cli and examples: includes of src/ modules and of the client library."""
    folder = path.parts[0]
    findings = []
    for line, quoted, name in common.includes(text):
        top = "client" if name.startswith(("client/", "millrace/")) else module_of(name, modules)
        if quoted and top and top != folder and not matches(top, ALLOWED_OUTSIDE[folder]):
            findings.append(f"{path}:{line}: {folder} must not include {name}")
    return findings


def check(root):
    modules = declared_modules(root)
    findings = check_declarations(modules)
    files = common.project_files((".h", ".cc"), root=root)
    for path in files:
        text = common.read(root / path)
        if path.parts[0] in ALLOWED_OUTSIDE:
            findings += check_outside(path, text, modules)
        if path.parts[0] != "src":
            continue
        module = module_of("/".join(path.parts[1:]), modules)
        if module is None:
            findings.append(f"{path}:1: belongs to no module (its folder has no millrace_module)")
            continue
        findings += check_includes(path, text, module, modules, root)
        findings += check_words(path, text, module)
    return findings, len(files)


if __name__ == "__main__":
    sys.exit(common.report("module_edges", *check(common.ROOT)))
