"""Kombu's own integration tests over AMQP. needs: amqp"""

from own_suite import run_pytest

run_pytest("own_kombu.py", "kombu", "5.5.4", "t/integration/test_py_amqp.py")
