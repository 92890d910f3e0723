#!/usr/bin/env python3
"""Power cuts: the server is killed under load and everything that it had not synced is taken from its data as well.

  tests/crash/lost_sync.py --server build/release/bin/millrace-server

The same load and the same verdict as in run.py; in every tenth cycle with the Kafka loads of run.py beside it: a producer with
acks=all and the offsets that its group commits, and transactions. The last cycle runs the server with syncing switched off, and demands that the
loss is seen: a test that cannot see a missing sync proves nothing.

MILLRACE_LOST_SYNC_CYCLES (200), MILLRACE_LOST_SYNC_MESSAGES (confirmed per cycle, 8000), MILLRACE_CRASH_SEED
"""

import argparse
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time

import cycles
import power_cut
from cycles import AmqpLoad, PythonLoad, clients, shorten

import server as servers


# Which cycles have Kafka loads: their clients take seconds to start, and to see what is there.
KAFKA_EVERY = 10


class Plant:
    """A server with the library preloaded, and its journal."""

    def __init__(self, binary, library, folder, *arguments):
        self.folder = folder
        self.saved = folder / "saved"
        self.journal = folder / "journal"
        self.saved.mkdir(parents=True)
        # The layer sees what happens below this folder, not the sync of the folder above that keeps its own name.
        (folder / "data").mkdir()
        self.server = servers.Server(binary, data=folder / "data", log=folder / "server.log", arguments=arguments, env={
            "LD_PRELOAD": str(library), "LOST_SYNC_ROOT": str(folder / "data"), "LOST_SYNC_LOG": str(self.journal),
            "LOST_SYNC_SAVED": str(self.saved)})

    def power_cut(self, chance, how):
        self.server.kill()
        lost = power_cut.cut(self.server.data, self.journal, self.saved, chance, how)
        self.journal.unlink(missing_ok=True)
        for path in self.saved.iterdir():
            path.unlink()
        return lost


def kafka_loads(folder, number):
    """Loads by Kafka clients, by what they check."""
    return {"acks=all": PythonLoad(folder, f"k{number}", number),
            "isolation": PythonLoad(folder, f"t{number}", number, "transaction_load.py")}


def cycle(plant, program, number, messages, chance, how, transactions=False, others=None):
    """(problem, text); others: more loads, by what they check."""
    others = others or {}
    queues = 20 if number % 2 else 1
    load = AmqpLoad(program, plant.folder, f"p{number}", queues, chance.randrange(1 << 60),
                    transactions and number % 4 >= 2, messages // 3)
    try:
        for each in others.values():
            each.start(cycles.addresses(plant.server, each))
        if others:  # whose work takes time to get going
            time.sleep(chance.uniform(3, 5))
        load.start(plant.server.ports["amqp"])
        load.wait_confirmed(messages)
        time.sleep(chance.uniform(0, 0.2))
        plant.server.kill()
        load.finish()
        for each in others.values():
            each.finish()
        data, names = plant.power_cut(chance, how)
        plant.server.start()
        verdict, confirmed, text = load.check(plant.server.ports["amqp"])
        problem = "; ".join(verdict.lines()) or ("" if confirmed else "nothing was confirmed")
        for promise, each in others.items():
            text += f"; {promise}: {each.check(cycles.addresses(plant.server, each))}"
        return problem, f"{text}; {data} writes and {names} names taken away"
    except Exception as error:  # a server that does not start again is a failure as well
        return shorten(error), ""
    finally:
        load.stop()
        for each in others.values():
            each.stop()


def blind_server_is_seen(binary, library, program, folder, chance):
    """A server that does not sync must fail this test."""
    plant = Plant(binary, library, folder, "--storage-durability", "os")
    try:
        plant.server.start()
        problem, text = cycle(plant, program, 0, 3000, chance, "all")
    finally:
        plant.server.kill()
    return "" if problem and "lost" in problem else f"a server that does not sync passed: {problem or text}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", type=pathlib.Path, required=True)
    binary = parser.parse_args().server.resolve()
    program = cycles.load_program(binary)
    library = program.with_name("liblost_sync.so")
    seed = cycles.setting("SEED", random.randrange(1 << 30))
    chance = random.Random(seed)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="millrace-power-"))
    print(f"lost-sync: seed {seed}, data in {folder}", flush=True)
    counts = [0, 0]
    skipped = 0
    try:
        clients.python()
    except clients.Unavailable as reason:
        skipped = 1
        print(f"skip - loads of Kafka clients: {reason}")

    def result(name, problem, text=""):
        print(f"{'not ok' if problem else 'ok'} - {name}: {problem or text}", flush=True)
        counts[1 if problem else 0] += 1

    plant = Plant(binary, library, folder / "plant")
    plant.server.start()
    transactions, _ = cycles.has_transactions(program, plant.server.ports["amqp"])
    for number in range(int(os.environ.get("MILLRACE_LOST_SYNC_CYCLES", 200))):
        how = "all" if number % 3 == 0 else "some"
        others = kafka_loads(plant.folder, number) if number % KAFKA_EVERY == 0 and not skipped else {}
        problem, text = cycle(plant, program, number, int(os.environ.get("MILLRACE_LOST_SYNC_MESSAGES", 8000)), chance, how,
                              transactions, others)
        result(f"power cut {number}, {how} lost", problem, text)
        if not plant.server.alive():
            break
    plant.server.kill()
    result("a server without syncs is caught",
           blind_server_is_seen(binary, library, program, folder / "blind", chance), "its loss was seen")
    reports = clients.BUILD / "reports"
    reports.mkdir(parents=True, exist_ok=True)
    shutil.copy(plant.server.log, reports / "lost-sync-server.log")
    if counts[1]:
        print(f"lost-sync: MILLRACE_CRASH_SEED={seed} repeats the choices; the data is kept in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{counts[0]} passed, {counts[1]} failed, {skipped} skipped")
    return 1 if counts[1] else 0


if __name__ == "__main__":
    sys.exit(main())
