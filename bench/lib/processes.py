"""What the kernel and the brokers tell about a running broker."""

import os
import re
import signal
import socket
import subprocess
import time
import urllib.request


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def rss_bytes(pid):
    """Resident memory: all, and without the pages of files (which the kernel can drop)."""
    status = open(f"/proc/{pid}/status").read()
    kib = {name: int(value) for name, value in re.findall(r"^(VmRSS|RssAnon):\s+(\d+) kB", status, re.M)}
    return kib["VmRSS"] * 1024, kib["RssAnon"] * 1024


def cpu_seconds(pid):
    """(user, system) of a process and all its threads."""
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    return int(fields[11]) / ticks, int(fields[12]) / ticks


def disk_bytes(folder):
    """Bytes that the files of a folder hold, holes and preallocated space not counted twice."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(where, name)).st_size
            except FileNotFoundError:
                pass
    return total


def metrics(port):
    """The samples of a Prometheus page, summed over their labels; empty when there is none."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except OSError:
        return {}
    found = {}
    for line in text.splitlines():
        match = re.match(r"([A-Za-z_:][\w:]*)(?:\{[^}]*\})?\s+([-+.\deE]+)", line)
        if match:
            found[match.group(1)] = found.get(match.group(1), 0.0) + float(match.group(2))
    return found


class Syncs:
    """Counts the sync calls of a process with strace, from begin to end of the `with` block."""

    def __init__(self, pid, scratch):
        self.pid = pid
        self.path = os.path.join(scratch, "syncs")
        self.calls = {}

    def __enter__(self):
        self.tracer = subprocess.Popen(
            ["strace", "-f", "-qq", "-c", "-U", "name,calls", "-e", "trace=fsync,fdatasync,msync,sync_file_range",
             "-o", self.path, "-p", str(self.pid)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(1.0)
        return self

    def __exit__(self, *_):
        self.tracer.send_signal(signal.SIGINT)
        self.tracer.wait(30)
        text = open(self.path).read() if os.path.exists(self.path) else ""
        rows = re.findall(r"^\s*(\w+)\s+(\d+)\s*$|^\s*(\d+)\s+(\w+)\s*$", text, re.M)
        for name_first, calls_after, calls_first, name_after in rows:
            name = name_first or name_after
            if name != "total":
                self.calls[name] = int(calls_after or calls_first)

    def total(self):
        return sum(self.calls.values())

    def text(self):
        return ", ".join(f"{count} {name}" for name, count in sorted(self.calls.items())) or "no sync calls"


def sync_micros(folder, size=4096, count=100, share=0.5):
    """What one append and fdatasync cost on this disk, in microseconds: the median, or what a share of them stay below."""
    path = os.path.join(folder, "sync-probe")
    taken = []
    with open(path, "wb", buffering=0) as file:
        for _ in range(count):
            begin = time.monotonic()
            file.write(b"x" * size)
            os.fdatasync(file.fileno())
            taken.append(time.monotonic() - begin)
    os.unlink(path)
    return sorted(taken)[int(count * share)] * 1e6
