"""A word count with Kafka Streams (exactly once), whose program and whose server are killed in the middle. needs: server kafka"""

import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import confluent_kafka as ck

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import clients  # noqa: E402
import server as servers  # noqa: E402
import suite  # noqa: E402
from suite import Skip, equal, main, name, test  # noqa: E402

PARTITIONS = 2
WORDS = [f"word{i}" for i in range(11)]
SECONDS = 150
suite.TEST_SECONDS = 4 * SECONDS  # Java starts twice, and a killed member is waited for


def lines(first, count):
    """Lines of three words each; which ones follows from the number of the line."""
    return [" ".join(WORDS[(n * step + step) % len(WORDS)] for step in (1, 3, 7)) for n in range(first, first + count)]


def counts_of(text):
    """word -> what a count of them must show: 1, 2, 3 ... without a gap or a repetition"""
    found = {}
    for line in text:
        for word in line.split():
            found.setdefault(word, []).append(len(found[word]) + 1)
    return found


def create(address, *topics):
    from confluent_kafka.admin import AdminClient, NewTopic
    admin = AdminClient({"bootstrap.servers": address})
    made = admin.create_topics([NewTopic(topic, PARTITIONS, 1) for topic in topics])
    for done in made.values():
        done.result(20)


def send(address, topic, text):
    producer = ck.Producer({"bootstrap.servers": address, "enable.idempotence": True})
    for number, line in enumerate(text):
        producer.produce(topic, line.encode(), key=str(number), partition=number % PARTITIONS)
    equal(producer.flush(60), 0, "lines that were not taken")


class Output:
    """What was counted, as a reader of committed records sees it."""

    def __init__(self, address, topic):
        self.reader = ck.Consumer({"bootstrap.servers": address, "group.id": name("reader"), "enable.auto.commit": False,
                                   "isolation.level": "read_committed", "auto.offset.reset": "earliest"})
        self.reader.assign([ck.TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
        self.counts = {}
        self.total = 0

    def read_until(self, total, seconds=SECONDS):
        limit = time.monotonic() + seconds
        while self.total < total and time.monotonic() < limit:
            self.read(0.5)
        return self.total

    def read(self, seconds):
        record = self.reader.poll(seconds)
        if record is not None and not record.error():
            self.counts.setdefault(record.key().decode(), []).append(int(record.value()))
            self.total += 1
        return record is not None


class Program:
    """One life of the word count, with an empty folder for its state, so that it rebuilds it from its changelog."""

    def __init__(self, classpath, address, application, log, *topics):
        self.folder = tempfile.TemporaryDirectory(prefix="millrace-streams-")
        self.process = subprocess.Popen(["java", "-Xmx256m", "-cp", classpath, "WordCount", address, application, self.folder.name, *topics],
                                        stdout=log, stderr=log)

    def kill(self):
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(OSError):
            self.folder.cleanup()


@test
def a_word_count_is_exact_over_kills():
    try:
        classpath = clients.java_classpath()
    except clients.Unavailable as why:
        raise Skip(str(why)) from why
    server = servers.Server(os.environ["MILLRACE_SERVER"]).start()
    programs = []
    with tempfile.TemporaryFile("w+") as log:
        try:
            address, application, source, result = server.address("kafka"), name("app"), name("lines"), name("counts")
            create(address, source, result)
            output = Output(address, result)

            def start():
                programs.append(Program(classpath, address, application, log, source, result))

            def told():
                log.seek(0)
                return f"{log.read()[-600:]} {server.tail(5)}"

            start()
            send(address, source, lines(0, 400))
            if output.read_until(300) < 300:
                raise AssertionError(f"after the first start: {output.total} counts; {told()}")
            programs[-1].kill()  # in the middle of a transaction, most likely
            send(address, source, lines(400, 400))
            start()
            if output.read_until(1500) < 1500:
                raise AssertionError(f"after the program was killed: {output.total} counts; {told()}")
            server.kill()
            server.start()
            send(address, source, lines(800, 400))
            expected = counts_of(lines(0, 1200))
            if output.read_until(3 * 1200) < 3 * 1200:
                raise AssertionError(f"after the server was killed: {output.total} counts; {told()}")
            while output.read(2):  # what would be too much
                pass
            equal(output.counts, expected, "counts")
        finally:
            for program in programs:
                program.kill()
            server.kill()
            server.remove()


if __name__ == "__main__":
    main()
