"""py-amqp's own integration tests. needs: amqp"""

from own_suite import run_pytest

# Those with TLS are left out by name: they would wait for a port that is not there.
run_pytest("own_pyamqp.py", "amqp", "5.3.1", "t/integration", "-k", "not tls")
