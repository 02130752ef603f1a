# shellcheck shell=bash
# What the scripts of this folder share; swarm-up.sh says what the variables mean.

SW_NAME=${SW_NAME:-sw}
SW_PREFIX=${SW_PREFIX:-10.66.0}
SW_DIR=${SW_DIR:-${TMPDIR:-/tmp}/$SW_NAME}
SW_MACHINES=${SW_MACHINES:-3}
SW_MANAGERS=${SW_MANAGERS:-$SW_MACHINES}
SW_POOL=${SW_POOL:-10.250.0.0/16}
SW_IMAGES=${SW_IMAGES-haproxy:3.2 stefanprodan/podinfo:6.9.2}
SW_TLS=${SW_TLS:-}

fail() { # WHAT…
  echo "$*" >&2
  exit 1
}

needs_root() {
  [ "$(id -u)" = 0 ] || fail "only root can make machines"
  local tool
  for tool in dockerd docker ip nsenter unshare ${SW_TLS:+openssl}; do
    [ -n "$(type -P "$tool")" ] || fail "$tool is not on the PATH"
  done
}

await() { # WHAT COMMAND…
  local what=$1 tries=0
  shift
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || fail "$what: not there after a minute"
    sleep 0.2
  done
}

machine_numbers() { seq "$SW_MACHINES"; }
address_of() { echo "$SW_PREFIX.$1"; }
netns() { echo "$SW_NAME-$1"; }
has_netns() { [ -e "/var/run/netns/$(netns "$1")" ]; }
make_netns() { has_netns "$1" || ip netns add "$(netns "$1")"; }

# `ip netns exec` would mount a /sys of its own, which hides the cgroups.
in_netns() { # NAMESPACE COMMAND…
  local where=$1
  shift
  nsenter --net="/var/run/netns/$(netns "$where")" "$@"
}

# The engine of a machine by its socket, whatever TLS the caller's environment asks for.
engine() { # MACHINE ARGUMENT…
  local machine=$1
  shift
  env -u DOCKER_TLS_VERIFY -u DOCKER_TLS -u DOCKER_CONTEXT DOCKER_HOST="unix://$SW_DIR/$machine/docker.sock" \
    docker "$@"
}

# Everything of a machine but what is in its containers, which ends with the machine's first process.
pids_of() { has_netns "$1" && ip netns pids "$(netns "$1")"; }
is_running() { [ -n "$(pids_of "$1")" ]; }

# The hub's end of a machine's cable. A machine whose cable is out can tell nobody anything.
set_cable() { # MACHINE up|down
  in_netns hub ip link set "port$1" "$2"
}

kill_machine() { # MACHINE
  local pids tries=0
  set_cable "$1" down 2>/dev/null || true # who dies says no good-bye; one that is dead has no cable
  while pids=$(pids_of "$1") && [ -n "$pids" ]; do
    # shellcheck disable=SC2086 # a number each
    kill -9 $pids 2>/dev/null || true
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || fail "machine $1 does not die: $pids"
    sleep 0.1
  done
  ! has_netns "$1" || ip netns delete "$(netns "$1")"
  remove_cgroups "$1"
}

# The kernel takes a moment to let go of the last container's.
remove_cgroups() { # MACHINE
  local cgroup
  for cgroup in /sys/fs/cgroup/*/"$(netns "$1")" "/sys/fs/cgroup/$(netns "$1")"; do
    [ ! -d "$cgroup" ] || await "the end of $cgroup" remove_cgroup "$cgroup"
  done
}

remove_cgroup() { # CGROUP
  find "$1" -depth -type d -exec rmdir {} +
  [ ! -d "$1" ]
}
