#!/usr/bin/env bash
# Every style check, with one command: the same here and in CI.
#
#   scripts/lint.sh                 check everything
#   scripts/lint.sh --fix           format the sources first
#   scripts/lint.sh --tidy-changed  clang-tidy only on files that differ from the main branch
#   scripts/lint.sh --no-tidy       everything but clang-tidy (a few seconds)
#
# clang-tidy takes some minutes for the whole tree; what passed before is not checked again.
set -uo pipefail
cd "$(dirname "$0")/.."

fix=false
tidy=()
run_tidy=true
for argument in "$@"; do
  case $argument in
    --fix) fix=true ;;
    --tidy-changed) tidy+=(--changed) ;;
    --no-tidy) run_tidy=false ;;
    -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0" && exit 0 ;;
    *) echo "lint: unknown argument '$argument'" >&2 && exit 2 ;;
  esac
done

failed=()
check() {
  local name=$1
  shift
  "$@" || failed+=("$name")
}

sources() {
  git ls-files -z --cached --others --exclude-standard -- '*.cc' '*.h' '*.c' | grep -zv '/generated/' |
    while IFS= read -r -d '' file; do [[ -f $file ]] && printf '%s\0' "$file"; done
}

format() {
  sources | xargs -0 --no-run-if-empty clang-format-19 "$@"
}

shell_syntax() {
  local file status=0
  while IFS= read -r file; do
    bash -n "$file" || status=1
  done < <(git ls-files --cached --others --exclude-standard -- '*.sh' '.ci/run')
  return $status
}

$fix && format -i
check format format --dry-run -Werror
check shell shell_syntax
check limits python3 tools/lint/limits.py
check words python3 tools/lint/words.py
check pages python3 tools/lint/pages.py
check places python3 tools/lint/places.py
check module_edges python3 tools/lint/module_edges.py
check headers_alone python3 tools/lint/headers_alone.py
if $run_tidy; then
  mkdir -p build
  cmake --preset lint >build/lint-configure.log 2>&1 || { cat build/lint-configure.log && exit 1; }
  check tidy python3 tools/lint/tidy.py --build build/lint "${tidy[@]}"
fi

if [[ ${#failed[@]} -gt 0 ]]; then
  echo "lint: failed: ${failed[*]}"
  exit 1
fi
echo "lint: ok"
