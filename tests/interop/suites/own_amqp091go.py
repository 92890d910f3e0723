"""amqp091-go's own tests, with those that need a broker. needs: amqp"""

import json
import os
import subprocess

from own_suite import HOST, PORT, clients, tell, unavailable

MODULE, VERSION = "github.com/rabbitmq/amqp091-go", "v1.10.0"


def results(lines):
    """(name, failure or None) of each test that ran."""
    said, found = {}, {}
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue  # of the compiler
        test = event.get("Test")
        if test is None or "/" in test:
            continue  # a part of a test counts with the whole
        if event["Action"] == "output":
            said.setdefault(test, []).append(event["Output"])
        elif event["Action"] == "pass":
            found[test] = None
        elif event["Action"] == "fail":
            found[test] = "".join(said.get(test, ["failed"]))[-600:]
    return found


def main():
    try:
        folder = clients.go_module(MODULE, VERSION)
    except clients.Unavailable as reason:
        unavailable(reason)
    environment = {**os.environ, "AMQP_URL": f"amqp://guest:guest@{HOST}:{PORT}/", "GOFLAGS": "-mod=mod"}
    # The race detector would need a C compiler; it looks at the client only.
    done = subprocess.run(["go", "test", "-tags", "integration", "-count=1", "-timeout=300s", "-json", "./..."], cwd=folder,
                          env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found = results(done.stdout.splitlines())
    if not found:
        print(f"not ok - go test: {' '.join(done.stdout.split())[-800:]}")
        raise SystemExit(1)
    tell("own_amqp091go.py", sorted(found.items()))


main()
