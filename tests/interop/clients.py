"""Installs the public clients under build/, once, each through its own package manager."""

import fcntl
import functools
import hashlib
import json
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build"


class Unavailable(Exception):
    """A client cannot be had here; its suites are skipped with this reason."""


class Broken(Exception):
    """A suite of ours does not compile: a failure, not a reason to skip."""


def run(command, what, cwd=None, timeout=600, problem=Unavailable):
    try:
        done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, timeout=timeout)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise problem(f"{what}: {error}") from error
    if done.returncode:
        raise problem(f"{what}: {(done.stderr.strip() or done.stdout.strip())[-1000:]}")
    return done.stdout.strip()


def digest(sources):
    """A word that changes with any of these files."""
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


def installed_from(folder, *sources):
    """True when folder was made from this version of the source files."""
    mark = folder / ".made-from"
    return mark.is_file() and mark.read_text() == digest(sources)


def mark_made(folder, *sources):
    (folder / ".made-from").write_text(digest(sources))


def locked(name):
    """Marks a function that makes this folder of build/. Suites run side by side, and some install things themselves: one process
    or thread at a time does it."""
    def wrap(function):
        @functools.wraps(function)
        def call(*arguments):
            BUILD.mkdir(exist_ok=True)
            with (BUILD / f".{name}.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                return function(*arguments)
        return call
    return wrap


@locked("interop-venv")
def python():
    folder, wanted = BUILD / "interop-venv", HERE / "requirements.txt"
    interpreter = folder / "bin" / "python"
    if not installed_from(folder, wanted):
        shutil.rmtree(folder, ignore_errors=True)
        run(["python3", "-m", "venv", folder], "python3 -m venv")
        run([interpreter, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", wanted], "pip install")
        mark_made(folder, wanted)
    return interpreter


@locked("interop-sdists")
def sdist(name, version):
    """The unpacked source package of a Python client, which has its own tests."""
    folder = BUILD / "interop-sdists"
    unpacked = folder / f"{name}-{version}"
    if not unpacked.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        run([python(), "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "--no-build-isolation",
             "--no-binary", ":all:", "-d", folder, f"{name}=={version}"], f"pip download {name}")
        archive = next(folder.glob(f"{name.replace('-', '_')}-{version}.tar.gz"), None)
        if archive is None:
            raise Unavailable(f"no source package of {name} {version}")
        # Debian's Python has no filters: the package is of a fixed version, from the same index as the clients.
        shutil.unpack_archive(archive, folder)
    return unpacked


@locked("interop-node")
def node():
    folder, wanted = BUILD / "interop-node", HERE / "package.json"
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise Unavailable(f"no {program}")
    if not installed_from(folder, wanted):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        shutil.copy(wanted, folder)
        run(["npm", "install", "--no-audit", "--no-fund", "--silent"], "npm install", cwd=folder)
        mark_made(folder, wanted)
    return folder / "node_modules"


@locked("interop-go")
def go_program(source):
    """A suite in Go, built with the modules that go/go.mod names."""
    folder = BUILD / "interop-go" / source.stem
    if not shutil.which("go"):
        raise Unavailable("no go")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("go.mod", "go.sum"):
        shutil.copy(HERE / "go" / name, folder)
    run(["go", "mod", "download"], "go mod download", cwd=folder)
    shutil.copy(source, folder / "main.go")
    run(["go", "build", "-o", "suite", "."], f"go build {source.name}", cwd=folder, problem=Broken)
    return folder / "suite"


@locked("interop-go")
def go_module(module, version):
    """A copy of a Go client with its tests, which the module proxy has with it."""
    folder = BUILD / "interop-go" / f"{module.rpartition('/')[2]}-{version}"
    if not shutil.which("go"):
        raise Unavailable("no go")
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        told = run(["go", "mod", "download", "-json", f"{module}@{version}"], f"go mod download {module}", cwd=folder.parent)
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(json.loads(told)["Dir"], partial, copy_function=shutil.copy)
        run(["chmod", "-R", "u+w", partial], "chmod")
        # What its tests need comes along now, so that a run needs no network.
        run(["go", "mod", "download"], "go mod download", cwd=partial)
        partial.rename(folder)
    return folder


@locked("interop-c")
def c_program(source):
    target = BUILD / "interop-c" / source.stem
    target.parent.mkdir(parents=True, exist_ok=True)
    flags = run(["pkg-config", "--cflags", "--libs", "librabbitmq"], "librabbitmq").split()
    run(["cc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-o", target, source, *flags], f"compiling {source.name}",
        problem=Broken)
    return target


@locked("interop-java")
def java_classpath():
    """Compiled Java suites together with the clients from Maven Central."""
    folder, wanted = BUILD / "interop-java", HERE / "pom.xml"
    for program in ("javac", "mvn"):
        if not shutil.which(program):
            raise Unavailable(f"no {program} (scripts/install_deps.sh java)")
    if not installed_from(folder, wanted):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        shutil.copy(wanted, folder)
        run(["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars"], "mvn", cwd=folder)
        mark_made(folder, wanted)
    classes, sources = folder / "classes", sorted((HERE / "suites").glob("*.java"))
    if not installed_from(classes, *sources):
        shutil.rmtree(classes, ignore_errors=True)
        run(["javac", "-d", classes, "-cp", f"{folder}/jars/*", *sources], "javac", problem=Broken)
        mark_made(classes, *sources)
    return f"{classes}:{folder}/jars/*"
