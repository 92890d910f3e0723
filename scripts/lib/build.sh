# Sourced by the scripts beside it.

# build PRESET TARGET...: configures when needed and builds; says so only when it takes long or fails.
build() {
  local preset=$1 log=build/$1.log
  shift
  mkdir -p build
  echo "building ($preset: $*) ..." >&2
  if ! { cmake --preset "$preset" && ninja -C "build/$preset" "$@"; } >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    echo "build failed; the whole log is $log" >&2
    return 1
  fi
}

# binary PRESET NAME: where the build put a program.
binary() {
  local found
  found=$(find "build/$1" -name "$2" -type f -perm -u+x -print -quit)
  [[ -n $found ]] || { echo "no program $2 in build/$1" >&2 && return 1; }
  echo "$found"
}
