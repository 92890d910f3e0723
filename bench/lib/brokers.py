"""Starts and stops the brokers that are measured, each with a folder and ports of its own."""

import os
import re
import shutil
import signal
import subprocess
import time

from lib import processes

RABBIT_HOME = "/usr/lib/rabbitmq"


class BrokerFailed(Exception):
    pass


def wait_for_port(process, port, seconds, what):
    import socket
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if process.poll() is not None:
            raise BrokerFailed(f"{what} stopped with status {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise BrokerFailed(f"{what} does not accept connections after {seconds} s")


class Millrace:
    """The server binary of this project."""

    name = "Millrace"

    def __init__(self, binary, scratch, extra=()):
        self.binary = binary
        self.folder = os.path.join(scratch, "millrace")
        self.log_path = os.path.join(scratch, "millrace.log")
        self.extra = list(extra)
        self.process = None
        self.port = self.kafka_port = self.metrics_port = 0
        self.ready_seconds = 0.0
        os.makedirs(self.folder, exist_ok=True)

    def version(self):
        out = subprocess.run([self.binary, "--version"], capture_output=True, text=True)
        return out.stdout.strip().splitlines()[0] if out.returncode == 0 and out.stdout.strip() else "this build"

    def command(self):
        return [self.binary, "--data-dir", self.folder, "--amqp-port", str(self.port),
                "--kafka-port", "0", "--metrics-port", "0",
                "--log-level", "warning", *self.extra]

    def start(self, seconds=600, wrapper=()):
        """Starts and waits for the line that says ready."""
        begin = time.monotonic()
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen([*wrapper, *self.command()], stdout=subprocess.PIPE, stderr=log)
        log.close()
        os.set_blocking(self.process.stdout.fileno(), False)
        text = b""
        while b"millrace ready" not in text or not text.endswith(b"\n"):
            if self.process.poll() is not None or time.monotonic() - begin > seconds:
                self.kill()
                with open(self.log_path, errors="replace") as words:
                    raise BrokerFailed("Millrace did not get ready: " + "".join(words.readlines()[-5:]))
            text += self.process.stdout.read() or b""
            time.sleep(0.001)
        self.ready_seconds = time.monotonic() - begin
        line = [at for at in text.decode().splitlines() if "millrace ready" in at][0]
        self.port = int(re.search(r" amqp=\S*:(\d+)", line).group(1))
        self.kafka_port = int(re.search(r" kafka=\S*:(\d+)", line).group(1))
        self.metrics_port = int(re.search(r" metrics=\S*:(\d+)", line).group(1))
        return self

    @property
    def pid(self):
        return self.process.pid

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        if self.process:
            self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()

    def wipe(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder, exist_ok=True)


class RabbitMQ:
    """Debian's RabbitMQ as a node of its own: its folders, cookie, epmd and ports are private to the run."""

    name = "RabbitMQ"

    def __init__(self, scratch):
        self.home = os.path.join(scratch, "rabbitmq")
        self.folder = os.path.join(self.home, "data")
        self.port = 0
        self.process = None
        self.pid = 0
        self.epmd = None
        self.ready_seconds = 0.0
        os.makedirs(self.folder, exist_ok=True)

    def version(self):
        out = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "rabbitmq-server"], capture_output=True, text=True)
        erlang = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "erlang-base"], capture_output=True, text=True)
        return f"RabbitMQ {out.stdout} on Erlang {erlang.stdout}"

    @staticmethod
    def installed():
        return os.path.exists(f"{RABBIT_HOME}/bin/rabbitmq-server")

    def environment(self):
        home = self.home
        os.makedirs(f"{home}/log", exist_ok=True)
        for name, text in (("plugins", "[].\n"), ("rabbitmq.conf", "vm_memory_high_watermark.relative = 0.6\n")):
            with open(f"{home}/{name}", "w") as file:
                file.write(text)
        keep = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return keep | {
            "HOME": home, "RABBITMQ_NODENAME": "bench@localhost", "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port), "RABBITMQ_DIST_PORT": str(self.dist_port),
            "RABBITMQ_MNESIA_BASE": self.folder, "RABBITMQ_LOG_BASE": f"{home}/log",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{home}/plugins", "RABBITMQ_CONFIG_FILE": f"{home}/rabbitmq.conf",
            "RABBITMQ_CONF_ENV_FILE": f"{home}/none", "RABBITMQ_PID_FILE": f"{home}/pid",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_PORT": str(self.epmd_port), "ERL_EPMD_ADDRESS": "127.0.0.1"}

    def start(self, attempts=3):
        """On a busy machine its start sometimes gives up; then it is tried again."""
        for attempt in range(1, attempts + 1):
            try:
                return self.start_once(600)
            except BrokerFailed as failure:
                self.kill()
                print(f"note: {failure}; its last words:\n{self.last_words()}")
                if attempt == attempts:
                    raise

    def last_words(self):
        with open(os.path.join(self.home, "server.log"), errors="replace") as log:
            return "".join(log.readlines()[-5:])

    def start_once(self, seconds):
        if not self.port:
            self.port, self.dist_port, self.epmd_port = (processes.free_port() for _ in range(3))
        environment = self.environment()
        if self.epmd is None:
            self.epmd = subprocess.Popen(["epmd", "-port", str(self.epmd_port), "-address", "127.0.0.1"],
                                         env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        begin = time.monotonic()
        with open(os.path.join(self.home, "server.log"), "ab") as log:
            self.process = subprocess.Popen([f"{RABBIT_HOME}/bin/rabbitmq-server"], env=environment, stdout=log,
                                            stderr=log, start_new_session=True)
        wait_for_port(self.process, self.port, seconds, f"RabbitMQ (see {self.home}/server.log)")
        self.ready_seconds = time.monotonic() - begin
        self.pid = self.beam_pid()
        return self

    def beam_pid(self):
        """The Erlang machine: the start script runs it as itself or as a child."""
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                name = open(f"/proc/{entry}/comm").read().strip()
                environment = open(f"/proc/{entry}/environ", "rb").read().split(b"\0")
            except OSError:
                continue
            if name == "beam.smp" and f"RABBITMQ_MNESIA_BASE={self.folder}".encode() in environment:
                return int(entry)
        raise BrokerFailed("no Erlang machine found")

    def signal_all(self, number):
        """To the start script and the Erlang machine: they are a process group of their own."""
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass

    def kill(self):
        if self.process:
            self.signal_all(signal.SIGKILL)
            self.process.wait()
        while self.pid and os.path.exists(f"/proc/{self.pid}"):
            time.sleep(0.01)
        self.pid = 0

    def stop(self):
        if self.process and self.process.poll() is None:
            self.signal_all(signal.SIGTERM)
            try:
                self.process.wait(90)
            except subprocess.TimeoutExpired:
                self.kill()
        self.pid = 0

    def wipe(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder, exist_ok=True)

    def close(self):
        self.stop()
        if self.epmd:
            self.epmd.kill()
            self.epmd.wait()
            self.epmd = None
