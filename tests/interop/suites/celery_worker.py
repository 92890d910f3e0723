"""A Celery worker and a client with results over RPC queues: retries, countdowns, late acknowledgements. needs: amqp"""

import os
import pathlib
import subprocess
import sys
import time

from suite import equal, eventually, main, name, test

os.environ["MILLRACE_CELERY_QUEUE"] = name("celery")

import celery  # noqa: E402
import celery_tasks as tasks  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
WAIT = 40


@test
def results_come_back():
    equal(tasks.add.delay(2, 3).get(timeout=WAIT), 5)


@test
def many_results_at_once():
    equal(sorted(result.get(timeout=WAIT) for result in [tasks.add.delay(number, 0) for number in range(100)]), list(range(100)))


@test
def a_group_and_a_chain():
    equal(celery.group(tasks.add.s(number, 1) for number in range(5))().get(timeout=WAIT), [1, 2, 3, 4, 5])
    equal(celery.chain(tasks.add.s(1, 2), tasks.add.s(10))().get(timeout=WAIT), 13)


@test
def retried_until_it_works():
    equal(tasks.third_time.delay().get(timeout=WAIT), 2)


@test
def failures_are_told():
    try:
        tasks.fails.delay().get(timeout=WAIT)
        raise AssertionError("no failure")
    except ValueError as error:
        equal(str(error), "as it should")


@test
def countdown_waits():
    began = time.monotonic()
    equal(tasks.add.apply_async((1, 1), countdown=1).get(timeout=WAIT), 2)
    assert time.monotonic() - began >= 0.9


@test
def acknowledged_late():
    equal(tasks.late.delay("done").get(timeout=WAIT), "DONE")


@test
def the_worker_answers_remote_control():
    answers = eventually(lambda: tasks.app.control.ping(timeout=2), WAIT, "a worker answers")
    equal([list(answer.values()) for answer in answers], [[{"ok": "pong"}]])


if __name__ == "__main__":
    worker = subprocess.Popen([sys.executable, "-m", "celery", "-A", "celery_tasks", "worker", "--loglevel", "WARNING", "--pool", "solo"],
                              cwd=HERE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        main()
    finally:
        worker.terminate()
        worker.wait()
