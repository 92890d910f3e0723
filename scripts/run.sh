#!/usr/bin/env bash
# Builds Millrace and starts it in the foreground.
#
#   scripts/run.sh [SERVER ARGUMENT]...   Ctrl-C stops it cleanly
#   scripts/run.sh --demo                 runs the example order system, with a broker of its own that gets killed
#   scripts/run.sh --help                 prints this, and the server's settings once it is built
#
# Data goes to ./millrace-data unless --data-dir says otherwise. docs/configuration.md has every setting.
set -euo pipefail
caller=$PWD
cd "$(dirname "$0")/.."

source scripts/lib/build.sh
help() {
  sed -n '2,8s/^# \{0,1\}//p' scripts/run.sh
  local server
  server=$(binary release millrace-server 2>/dev/null) || return 0
  echo
  "$server" --help
}

demo=false
arguments=()
for argument in "$@"; do
  case $argument in
    --demo) demo=true ;;
    -h | --help) help && exit 0 ;;
    *) arguments+=("$argument") ;;
  esac
done

scripts/install_deps.sh build
if $demo; then
  build release millrace-server order-demo
  exec examples/order_system/demo.sh "$(binary release millrace-server)"
fi
build release millrace-server millrace
server=$PWD/$(binary release millrace-server)
cd "$caller"
exec "$server" "${arguments[@]}"
