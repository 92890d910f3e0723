#!/usr/bin/env bash
# Builds Millrace and starts it in the foreground.
#
#   scripts/run.sh [SERVER ARGUMENT]...   Ctrl-C stops it cleanly; --help lists the server's settings
#   scripts/run.sh --demo                 runs the example order system, with a broker of its own that gets killed
#
# Data goes to ./millrace-data unless --data-dir says otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."

demo=false
arguments=(--data-dir ./millrace-data)
for argument in "$@"; do
  case $argument in
    --demo) demo=true ;;
    --data-dir | --data-dir=*) arguments=("${arguments[@]:2}" "$argument") ;;
    *) arguments+=("$argument") ;;
  esac
done

scripts/install_deps.sh build
source scripts/lib/build.sh
if $demo; then
  build release millrace-server order-demo
  exec examples/order_system/demo.sh "$(binary release millrace-server)"
fi
build release millrace-server
exec "$(binary release millrace-server)" "${arguments[@]}"
