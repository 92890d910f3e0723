#!/usr/bin/env bash
# Installs the Debian 12 packages that Millrace needs, and nothing that is already there.
#
#   scripts/install_deps.sh [GROUP]...      groups: build (default), test, bench, java, all
#   scripts/install_deps.sh --list GROUP... print the packages instead
#
# Quick when everything is installed: no network is used.
set -euo pipefail

build=(g++ cmake ninja-build ccache pkg-config
  libboost1.81-dev libboost-system1.81-dev libboost-json1.81-dev libspdlog-dev libfmt-dev libcli11-dev
  libtomlplusplus-dev libre2-dev libssl-dev libzstd-dev liblz4-dev libsnappy-dev zlib1g-dev
  libgtest-dev prometheus-cpp-dev)
test=(git clang-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev lld-19
  python3 python3-venv openssl librabbitmq-dev amqp-tools kcat)
bench=(rabbitmq-server libbenchmark-dev strace linux-perf)
java=(default-jdk-headless maven)

fail() {
  echo "install_deps: $*" >&2
  exit 1
}

# Node from elsewhere (nodesource, nvm) conflicts with Debian's npm, so Debian's is used only when there is none.
node_packages() {
  command -v node >/dev/null || echo nodejs
  command -v npm >/dev/null || echo npm
}

java_packages() {
  command -v javac >/dev/null || echo "${java[0]}"
  command -v mvn >/dev/null || echo "${java[1]}"
}

wanted() {
  local group
  for group in "$@"; do
    case $group in
      build) printf '%s\n' "${build[@]}" ;;
      test) printf '%s\n' "${build[@]}" "${test[@]}" && node_packages ;;
      bench) printf '%s\n' "${build[@]}" "${bench[@]}" ;;
      java) java_packages ;;
      all) wanted test bench java ;;
      *) fail "unknown group '$group' (build, test, bench, java, all)" ;;
    esac
  done
}

missing() {
  local package
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
  done
}

as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "not root and no sudo: run as root: $*"
  fi
}

# Debian starts a server when its package is installed. A benchmark starts its own; this one would be in the way.
stop_new_rabbitmq() {
  if command -v systemctl >/dev/null && [[ -d /run/systemd/system ]]; then
    as_root systemctl disable --now rabbitmq-server || true
  else
    as_root service rabbitmq-server stop || true
  fi
}

list_only=false
groups=()
for argument in "$@"; do
  case $argument in
    --list) list_only=true ;;
    -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0" && exit 0 ;;
    *) groups+=("$argument") ;;
  esac
done
[[ ${#groups[@]} -gt 0 ]] || groups=(build)

# Assigned on its own line so that a failure inside ends the script.
packages=$(wanted "${groups[@]}")
if $list_only; then
  sort -u <<<"$packages"
  exit 0
fi

command -v dpkg-query >/dev/null || fail "this is not Debian; install the equivalents of: $(echo $packages)"
to_install=$(missing $(sort -u <<<"$packages"))
[[ -n $to_install ]] || exit 0

release=$(. /etc/os-release && echo "${ID:-unknown} ${VERSION_ID:-}")
[[ $release == "debian 12" ]] || echo "install_deps: made for Debian 12, this is $release; trying the same names" >&2

echo "install_deps: installing" $to_install
export DEBIAN_FRONTEND=noninteractive
as_root apt-get update -q || fail "apt-get update failed"
as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $to_install ||
  fail "apt-get could not install:" $to_install
if grep -qx rabbitmq-server <<<"$to_install"; then
  stop_new_rabbitmq
fi
