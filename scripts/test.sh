#!/usr/bin/env bash
# Everything that is tested, in stages, with one command. See scripts/test.sh --help.
set -euo pipefail
cd "$(dirname "$0")/.."
case " $* " in
  *" --help "* | *" -h "* | *" --list "*) ;;
  *) scripts/install_deps.sh test java ;;
esac
exec python3 -u scripts/lib/stages.py "$@"
