#!/usr/bin/env bash
# rabbitmq-c's own command line tools. needs: amqp
set -u

url="amqp://guest:guest@${MILLRACE_AMQP_HOST:-127.0.0.1}:${MILLRACE_AMQP_PORT:-5672}"
queue="tools-$$"
bad=0

if ! command -v amqp-publish >/dev/null; then
  echo "skip - everything: no amqp-tools (scripts/install_deps.sh test)"
  exit 0
fi

# is NAME EXPECTED FOUND
is() {
  if [[ $2 == "$3" ]]; then
    echo "ok - $1"
  else
    echo "not ok - $1: '$3' instead of '$2'" | tr '\n' ' '
    echo
    bad=1
  fi
}

is declare_queue "$queue" "$(amqp-declare-queue -u "$url" -d -q "$queue" 2>&1)"
amqp-publish -u "$url" -r "$queue" -b "first" -p -C text/plain
is publish_and_get "first" "$(amqp-get -u "$url" -q "$queue" 2>&1)"
amqp-get -u "$url" -q "$queue" >/dev/null 2>&1
is get_from_an_empty_queue 2 "$?"
printf 'one\ntwo\nthree\n' | amqp-publish -u "$url" -r "$queue" -l
is publish_lines_and_consume "one
two
three" "$(timeout 30 amqp-consume -u "$url" -q "$queue" -c 3 -p 1 cat 2>&1)"
amqp-publish -u "$url" -e amq.topic -r "a.b" -b "lost"
timeout 30 amqp-consume -u "$url" -e amq.topic -r "a.#" -c 1 cat >"/tmp/$queue" 2>&1 &
consumer=$!
for _ in $(seq 100); do
  amqp-publish -u "$url" -e amq.topic -r "a.b" -b "found"
  kill -0 "$consumer" 2>/dev/null || break
  sleep 0.1
done
wait "$consumer"
is consume_from_an_exchange "found" "$(sed 's/found.*/found/' "/tmp/$queue" | tail -1)"
rm -f "/tmp/$queue"
amqp-publish -u "$url" -r "$queue" -b "left"
is delete_queue 1 "$(amqp-delete-queue -u "$url" -q "$queue" 2>&1)"
amqp-get -u "$url" -q "$queue" >/dev/null 2>&1
is get_from_no_queue 1 "$?"
amqp-publish -u "${url/guest:guest/guest:wrong}" -r "$queue" -b "x" >/dev/null 2>&1
is wrong_password 1 "$?"
exit "$bad"
