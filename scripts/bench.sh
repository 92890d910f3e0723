#!/usr/bin/env bash
# Measures Millrace beside RabbitMQ on this machine and prints tables. Arguments go to bench/run.py (--help lists them).
set -euo pipefail
cd "$(dirname "$0")/.."

case " $* " in
  *" --help "* | *" -h "*) exec python3 bench/run.py --help ;;
esac
scripts/install_deps.sh bench
source scripts/lib/build.sh
build release millrace-server amqp-load
exec python3 bench/run.py --server "$(binary release millrace-server)" --load "$(binary release amqp-load)" "$@"
