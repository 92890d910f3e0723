"""Starts and stops a millrace-server for tests: free ports, a data folder of its own, and its log kept."""

import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

READY = re.compile(r"^millrace ready\b(.*)$", re.MULTILINE)
START_SECONDS = 60
STOP_SECONDS = 30
PORTS = (16000, 32000)


def free_port():
    """A port that nobody listens on. It is none of those that the system gives to outgoing connections: one of these could be taken
    before the server starts, or while it is down between a kill and a restart."""
    while True:
        port = random.randrange(*PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Server:
    """One server process. It can be killed and started again on the same data and the same ports."""

    def __init__(self, binary, data=None, arguments=(), log=None, env=None):
        self.binary = str(binary)
        self.own_data = data is None
        self.data = pathlib.Path(data or tempfile.mkdtemp(prefix="millrace-test-"))
        self.log = pathlib.Path(log) if log else self.data.with_name(self.data.name + ".log")
        self.arguments = list(arguments)
        # The tests' own settings are not the server's.
        outside = {name: value for name, value in os.environ.items() if not name.startswith("MILLRACE_")}
        self.env = {**outside, **(env or {})}
        self.ports = {"amqp": free_port(), "kafka": free_port(), "metrics": free_port()}
        self.process = None
        self.seconds_to_ready = 0.0

    def command(self):
        flags = [word for name, port in self.ports.items() for word in (f"--{name}-port", str(port))]
        return [self.binary, "--data-dir", str(self.data), *flags, *self.arguments]

    def launch(self):
        """Starts the process; returns where in the log its words begin."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            offset = log.seek(0, os.SEEK_END)
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.env)
        return offset

    def start_and_kill(self, seconds):
        """A start that is killed, most likely while it recovers."""
        self.launch()
        time.sleep(seconds)
        self.kill()

    def start(self):
        began = time.monotonic()
        offset = self.launch()
        while time.monotonic() - began < START_SECONDS:
            with self.log.open("rb") as log:
                log.seek(offset)
                ready = READY.search(log.read().decode(errors="replace"))
            if ready:
                self.seconds_to_ready = time.monotonic() - began
                for name, port in re.findall(r"(\w+)=[^\s:]*:(\d+)", ready.group(1)):
                    self.ports[name] = int(port)
                return self
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode} before it was ready:\n{self.tail()}")
            time.sleep(0.01)
        self.kill()
        raise RuntimeError(f"the server was not ready after {START_SECONDS} s:\n{self.tail()}")

    def address(self, name):
        return f"127.0.0.1:{self.ports[name]}"

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """SIGKILL: nothing is flushed, nothing is said."""
        if self.alive():
            self.process.send_signal(signal.SIGKILL)
        if self.process:
            self.process.wait()

    def stop(self):
        """SIGTERM; the exit code, or None when it had to be killed."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def tail(self, lines=40):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.is_file() else ""

    def remove(self):
        if self.own_data:
            shutil.rmtree(self.data, ignore_errors=True)
