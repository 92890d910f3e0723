"""What the measurements share: the brokers of this run, the generator, and how long to measure."""

import contextlib
import os
import signal
import time

from lib import brokers, processes
from lib.generator import Generator


class Context:
    def __init__(self, arguments, scratch):
        self.scratch = scratch
        self.seconds = arguments.seconds
        self.arguments = arguments
        self.generator = Generator(arguments.load)
        self.millrace = brokers.Millrace(arguments.server, scratch)
        wanted = arguments.peer == "rabbitmq" and brokers.RabbitMQ.installed()
        self.rabbitmq = brokers.RabbitMQ(scratch) if wanted else None
        self.sync_micros = processes.sync_micros(scratch)

    def peers(self):
        return [broker for broker in (self.millrace, self.rabbitmq) if broker]

    def begin(self):
        """Both run all the time with empty folders; the one that is not measured is stopped with SIGSTOP."""
        for broker in self.peers():
            broker.start()
            self.pause(broker)

    @staticmethod
    def pause(broker):
        os.kill(broker.pid, signal.SIGSTOP)

    @staticmethod
    def resume(broker):
        if broker.process.poll() is not None:
            print(f"note: {broker.name} is not running any more and is started again")
            broker.start()
        os.kill(broker.pid, signal.SIGCONT)
        # Timers that came due while it stood still.
        time.sleep(0.3)

    @contextlib.contextmanager
    def only(self, broker):
        self.resume(broker)
        try:
            yield broker
        finally:
            with contextlib.suppress(ProcessLookupError):
                self.pause(broker)

    def measure(self, broker, *options, **more):
        with self.only(broker):
            return self.generator.load(broker, *options, **more)

    def end(self):
        for broker in self.peers():
            if broker.process and broker.process.poll() is None and broker.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(broker.pid, signal.SIGCONT)
            broker.stop()
        if self.rabbitmq:
            self.rabbitmq.close()


CLASSIC = ("--durable",)
QUORUM = ("--durable", "--queue-type", "quorum")
