"""franz-go's own tests that need a broker: chains of groups and of transactions that members join and leave. needs: kafka"""

import re

from own_suite import KAFKA, clients, run_go_test, unavailable

MODULE, VERSION = "github.com/twmb/franz-go", "v1.22.3"
# Files of tests against a broker; the others look at the client alone.
FILES = ("client_test.go", "consumer_test.go", "group_test.go", "produce_request_test.go", "txn_test.go")


def tests():
    try:
        folder = clients.go_module(MODULE, VERSION) / "pkg" / "kgo"
    except clients.Unavailable as reason:
        unavailable(reason)
    return [name for file in FILES for name in re.findall(r"^func (Test\w+)", (folder / file).read_text(), re.MULTILINE)]


environment = {"KGO_SEEDS": KAFKA, "KGO_TEST_RF": "1", "KGO_TEST_RECORDS": "5000", "KGO_LOG_LEVEL": "none",
               "KGO_TEST_SCRAM_SEEDS": KAFKA, "KGO_TEST_SCRAM": "guest:guest"}
run_go_test("own_franz_go.py", MODULE, VERSION, environment, "-timeout=500s", "-run", f"^({'|'.join(tests())})$", "./pkg/kgo")
