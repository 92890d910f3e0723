#!/usr/bin/env bash
# Orders, inventory and payment over Millrace, while a consumer and the broker are killed with SIGKILL.
#
#   examples/order_system/demo.sh SERVER_BINARY [DATA_DIR]
#
# Starts a broker of its own on free ports with its data in DATA_DIR (default: a temporary folder that is removed when all
# is well), runs the three programs against it, kills and restarts, and prints a summary made from what the services
# recorded. The exit status is 0 when every order was reserved and paid exactly once.
#
# DEMO_ORDERS (3000), DEMO_RATE (500 a second) and ORDER_DEMO (the built order-demo program) can be set.
set -euo pipefail

usage() { sed -n '2,11s/^# \{0,1\}//p' "$0"; }
[[ ${1:-} != -h && ${1:-} != --help ]] || { usage && exit 0; }
[[ $# -ge 1 && $# -le 2 ]] || { usage >&2 && exit 2; }
server=$(realpath "$1")
[[ -x $server ]] || { echo "demo: no program $1" >&2 && exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
orders=${DEMO_ORDERS:-3000}
rate=${DEMO_RATE:-500}

demo=${ORDER_DEMO:-}
if [[ -z $demo ]]; then
  cd "$root"
  source scripts/lib/build.sh
  build release order-demo
  demo=$(realpath "$(binary release order-demo)")
fi

keep=false
if [[ $# == 2 ]]; then
  mkdir -p "$2"
  data=$(realpath "$2")
  keep=true
  if compgen -G "$data/*.ledger" >/dev/null; then
    echo "demo: $data holds the ledgers of an earlier run: choose another folder" >&2
    exit 2
  fi
else
  data=$(mktemp -d -t millrace-orders-XXXXXX)
fi

# Settings of other servers are not this one's.
for name in "${!MILLRACE_@}"; do unset "$name"; done

broker=0
port=0
declare -A service=()

finish() {
  local status=$? pid
  for pid in "$broker" "${service[@]}" "${producer:-0}"; do
    [[ $pid == 0 ]] || kill -KILL "$pid" 2>/dev/null || true
  done
  wait 2>/dev/null || true
  if [[ $status == 0 ]] && ! $keep; then
    rm -rf "$data"
  else
    echo "demo: data and logs are in $data"
  fi
}
trap finish EXIT

say() { printf '\n== %s\n' "$*"; }

# Starts the broker, the first time on any free port, later on the same one.
start_broker() {
  local log="$data/broker.log" waited=0
  : >"$data/ready"
  "$server" --data-dir "$data/broker" --amqp-port "$port" --kafka-port 0 --metrics-port 0 >"$data/ready" 2>>"$log" &
  broker=$!
  until grep -q '^millrace ready' "$data/ready"; do
    kill -0 "$broker" 2>/dev/null || { echo "demo: the broker stopped, see $log" >&2 && exit 1; }
    ((++waited <= 1200)) || { echo "demo: the broker is not ready after a minute" >&2 && exit 1; }
    sleep 0.05
  done
  port=$(sed -n 's/^millrace ready.* amqp=[^ ]*:\([0-9]*\).*/\1/p' "$data/ready")
}

start_service() {
  "$demo" "$1" --port "$port" --state "$data" 2>>"$data/$1.log" &
  service[$1]=$!
}

# wait_for SERVICE COUNT: until its ledger holds that many lines.
wait_for() {
  local lines=0 waited=0
  while :; do
    [[ ! -f $data/$1.ledger ]] || lines=$(wc -l <"$data/$1.ledger")
    ((lines < $2)) || return 0
    kill -0 "$producer" 2>/dev/null || return 0
    ((++waited <= 6000)) || { echo "demo: $1 has $lines orders after five minutes" >&2 && exit 1; }
    sleep 0.05
  done
}

kill_hard() {
  kill -KILL "$1"
  wait "$1" 2>/dev/null || true
}

say "starting a broker"
start_broker
cat "$data/ready"
begin=$(date +%s.%N)

say "starting inventory, payment and a producer of $orders orders"
start_service inventory
start_service payment
"$demo" producer --port "$port" --state "$data" --orders "$orders" --rate "$rate" 2>>"$data/producer.log" &
producer=$!

wait_for inventory $((orders * 3 / 10))
say "killing the inventory service (SIGKILL) after $(wc -l <"$data/inventory.ledger") orders, and starting it again"
kill_hard "${service[inventory]}"
sleep 0.3
start_service inventory

wait_for payment $((orders * 6 / 10))
say "killing the broker (SIGKILL) after $(wc -l <"$data/payment.ledger") orders, and starting it again"
kill_hard "$broker"
sleep 0.3
start_broker

placed=0
wait "$producer" || placed=$?
producer=0
end=$(date +%s.%N)
kill -TERM "${service[@]}" 2>/dev/null || true
wait "${service[@]}" 2>/dev/null || true
service=()
kill -TERM "$broker" 2>/dev/null || true
wait "$broker" 2>/dev/null || true
broker=0

[[ $placed == 0 ]] || echo "demo: the producer did not get all of its answers" >&2
seconds=$(awk -v from="$begin" -v to="$end" 'BEGIN { printf "%.2f", to - from }')
"$demo" summary --state "$data" --orders "$orders" --seconds "$seconds"
[[ $placed == 0 ]]
