"""Apache Kafka as a peer, and its own programs as the load for both brokers. All of it comes from Maven Central."""

import base64
import glob
import os
import re
import shutil
import subprocess
import uuid

from lib import processes
from lib.brokers import BrokerFailed, wait_for_port

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
POM = os.path.join(ROOT, "bench", "kafka_pom.xml")
FOLDER = os.path.join(ROOT, "build", "bench-kafka")

SERVER = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={folder}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
"""


class Unavailable(Exception):
    pass


def classpath():
    """Fetches the jars once; Unavailable when this machine cannot."""
    jars = os.path.join(FOLDER, "jars")
    for program in ("java", "mvn"):
        if not shutil.which(program):
            raise Unavailable(f"no {program} (scripts/install_deps.sh java)")
    if not glob.glob(f"{jars}/kafka_2*.jar"):
        os.makedirs(FOLDER, exist_ok=True)
        shutil.copy(POM, os.path.join(FOLDER, "pom.xml"))
        fetched = subprocess.run(["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars"], cwd=FOLDER,
                                 capture_output=True, text=True)
        if fetched.returncode:
            raise Unavailable("Maven cannot fetch Apache Kafka: " + fetched.stdout.strip()[-300:])
    return f"{jars}/*"


def java(main, *arguments, seconds=600):
    """Runs one of Kafka's programs; its output."""
    run = subprocess.run(["java", "-Xmx512m", "-cp", classpath(), main, *map(str, arguments)], capture_output=True, text=True,
                         timeout=seconds)
    if run.returncode:
        raise BrokerFailed(f"{main} ended with {run.returncode}: {(run.stdout + run.stderr).strip()[-500:]}")
    return run.stdout


class ApacheKafka:
    """One node that is broker and controller, with the heap that Kafka's own start script gives it."""

    name = "Apache Kafka"

    def __init__(self, scratch, synced):
        self.folder = os.path.join(scratch, "kafka-data")
        self.home = os.path.join(scratch, "kafka")
        self.synced = synced
        self.process = None
        self.kafka_port = 0
        os.makedirs(self.home, exist_ok=True)

    @staticmethod
    def version():
        jar = glob.glob(os.path.join(FOLDER, "jars", "kafka_2*.jar"))
        return "Apache Kafka " + re.search(r"-([\d.]+)\.jar$", jar[0]).group(1) if jar else "Apache Kafka"

    @property
    def pid(self):
        return self.process.pid

    def start(self):
        self.kafka_port, controller = processes.free_port(), processes.free_port()
        properties = os.path.join(self.home, "server.properties")
        with open(properties, "w") as file:
            file.write(SERVER.format(port=self.kafka_port, controller=controller, folder=self.folder))
            if self.synced:
                file.write("log.flush.interval.messages=1\n")
        identity = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        java("kafka.tools.StorageTool", "format", "-t", identity, "-c", properties)
        with open(os.path.join(self.home, "server.log"), "ab") as log:
            self.process = subprocess.Popen(["java", "-Xms1g", "-Xmx1g", "-server", "-XX:+UseG1GC", "-cp", classpath(), "kafka.Kafka",
                                             properties], stdout=log, stderr=log, cwd=self.home)
        wait_for_port(self.process, self.kafka_port, 120, f"Apache Kafka (see {self.home}/server.log)")
        return self

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def create_topic(port, topic, partitions):
    java("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", f"127.0.0.1:{port}", "--create", "--topic", topic,
         "--partitions", partitions, "--replication-factor", 1)


def produce(port, topic, records, size, *properties):
    """MB/s and records/s as Kafka's ProducerPerformance reports them (1 MB = 2^20 bytes), and its latencies in ms."""
    output = java("org.apache.kafka.tools.ProducerPerformance", "--topic", topic, "--num-records", records, "--record-size", size,
                  "--throughput", -1, "--producer-props", f"bootstrap.servers=127.0.0.1:{port}", "acks=all", *properties)
    last = [line for line in output.splitlines() if "99th" in line][-1]
    found = re.search(r"(\d+) records sent, ([\d.]+) records/sec \(([\d.]+) MB/sec\).* (\d+) ms 99th", last)
    if not found or int(found.group(1)) != records:
        raise BrokerFailed(f"the producer did not send all: {last}")
    return {"records_per_second": float(found.group(2)), "mb_per_second": float(found.group(3)), "p99_ms": int(found.group(4))}


def consume(port, topic, records):
    """MB/s of the fetching alone, as Kafka's ConsumerPerformance reports it."""
    output = java("org.apache.kafka.tools.ConsumerPerformance", "--bootstrap-server", f"127.0.0.1:{port}", "--topic", topic,
                  "--messages", records, "--timeout", 60000)
    lines = [line for line in output.splitlines() if line.count(",") >= 9]
    names, values = ([cell.strip() for cell in line.split(",")] for line in (lines[0], lines[-1]))
    result = dict(zip(names, values))
    if int(result["data.consumed.in.nMsg"]) < records:
        raise BrokerFailed(f"the consumer did not get all: {lines[-1]}")
    return {"mb_per_second": float(result["fetch.MB.sec"]), "mb": float(result["data.consumed.in.MB"])}
