"""amqplib's own tests of connections and channels (the last version whose package has its tests). needs: amqp"""

import json
import os
import subprocess

from own_suite import HOST, PORT, clients, tell, unavailable

FILES = ("test/channel_api.js", "test/callback_api.js", "test/connect.js")


def main():
    try:
        modules = clients.node()
    except clients.Unavailable as reason:
        unavailable(reason)
    done = subprocess.run([modules / ".bin" / "mocha", "--check-leaks", "-u", "tdd", "--reporter", "json", "--exit", *FILES],
                          cwd=modules / "amqplib-with-tests", env={**os.environ, "URL": f"amqp://{HOST}:{PORT}"},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    report = json.loads(done.stdout[done.stdout.index("{\n"):done.stdout.rindex("}") + 1])
    tell("own_amqplib.py", [(test["fullTitle"], test["err"].get("message", "failed") if test["err"] else None)
                            for test in report["tests"]])


main()
