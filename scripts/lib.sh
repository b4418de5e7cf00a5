# Shared by the scripts: what must be installed, and how the release is built. Sourced, not run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

build_packages=(g++ cmake ninja-build pkg-config libcaf-dev libboost1.81-dev libboost-json1.81-dev libssl-dev libcurl4-openssl-dev
  libpq-dev libsqlite3-dev libcli11-dev libtomlplusplus-dev libspdlog-dev prometheus-cpp-dev catch2 tzdata)
test_packages=(openssl nginx postgresql pgbouncer prometheus sqlite3 valgrind iproute2 chromium fonts-noto-cjk fonts-noto-color-emoji clang-format procps)

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# install_packages NAME...: apt-get install of what is missing; silent when nothing is. Nothing is started by it
# (invoke-rc.d(8): a policy of 101 forbids it), and the policy goes away with it: the machine is left as apt leaves it,
# but for nginx, pgbouncer, prometheus and mariadb, which would listen from the next boot on.
install_packages() {
  local missing=()
  for package in "$@"; do is_installed "$package" || missing+=("$package"); done
  [ ${#missing[@]} = 0 ] && return
  say "installing ${missing[*]}"
  local log policy=/usr/sbin/policy-rc.d is_ours='' status=0
  log=$(mktemp)
  if [ ! -e $policy ]; then
    is_ours=yes
    printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
    as_root chmod 755 $policy
  fi
  { as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    --no-install-recommends -o Dpkg::Options::=--force-confold "${missing[@]}"; } >"$log" 2>&1 || status=1
  [ -z $is_ours ] || as_root rm -f $policy
  for service in nginx pgbouncer prometheus mariadb-server; do
    [[ " ${missing[*]} " != *" $service "* ]] ||
      as_root rm -f "/etc/systemd/system/multi-user.target.wants/${service%-server}.service"
  done
  if [ $status != 0 ]; then
    cat "$log" >&2
    say "could not install ${missing[*]}"
    return 1
  fi
  rm -f "$log"
}

# Node and npm from anywhere will do, if they are new enough for the tests.
install_node() {
  command -v node >/dev/null && command -v npm >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ] && return
  install_packages nodejs npm
}

# await_url FILE PID: where a server listens, as it says on its output; fails when it ends or says nothing for ten seconds.
await_url() {
  local url
  for _ in $(seq 100); do
    url=$(sed -n 's/^hongyan listening on //p' "$1")
    if [ -n "$url" ]; then
      echo "$url"
      return 0
    fi
    kill -0 "$2" 2>/dev/null || break
    sleep 0.1
  done
  return 1
}

# build PRESET [TARGET...]: configures and builds, quietly unless it fails.
build() {
  local preset=$1 log
  shift
  mkdir -p "$root/build"
  log="$root/build/build-$preset.log"
  if ! (cd "$root" && cmake --preset "$preset" && cmake --build --preset "$preset" ${1:+--target "$@"}) >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    say "the $preset build failed; all of it is in build/build-$preset.log"
    return 1
  fi
}
