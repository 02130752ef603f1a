# shellcheck shell=bash disable=SC2154 # sourced by setup.sh
# The Docker engine. An engine that answers is never touched. Another one is started or installed only if that
# is this machine's own affair: at the default local address, as root.

oldest_api=1.41 # Docker 20.10
pid_file=/var/run/docker.pid
containerd_pid_file=/var/run/docker/containerd/containerd.pid
dockerd_log=/var/log/dockerd.log

docker_engine() {
  begin "Docker engine" engine
  if engine_answers; then
    require_api
    finish "ready, $engine_version (API $engine_api)"
    return
  fi
  require_local_default
  if [ "$(uname)" != Linux ]; then fail "start Docker Desktop, or another Docker engine"; fi
  local done_what="started"
  if ! command -v dockerd >/dev/null || ! command -v docker >/dev/null; then
    install_engine
    done_what="installed and started"
  fi
  engine_answers || start_engine
  require_api
  finish "$done_what in $(step_took), $engine_version (API $engine_api)"
}

engine_answers() {
  read -r engine_version engine_api < <(
    bounded 10 docker version --format '{{.Server.Version}} {{.Server.APIVersion}}' 2>>"$log" | head -n 1
  ) && [ -n "$engine_api" ]
}

require_api() {
  [ "$(printf '%s\n' "$oldest_api" "$engine_api" | sort -V | head -n 1)" = "$oldest_api" ] ||
    fail "the engine speaks API $engine_api, $oldest_api is needed: update it to Docker 20.10 or newer"
}

require_local_default() {
  local address=${DOCKER_HOST-}
  if [ -z "$address" ] && command -v docker >/dev/null; then
    address=$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>>"$log" || true)
  fi
  case $address in
  "" | unix:///var/run/docker.sock | unix:///run/docker.sock) ;;
  *)
    fail "no engine answers at $address: start it," \
      "or unset DOCKER_HOST and choose \`docker context use default\`"
    ;;
  esac
  if [ -S /var/run/docker.sock ] && [ ! -w /var/run/docker.sock ]; then
    fail "this user may not talk to the engine: add it to the group docker and log in again"
  fi
}

install_engine() {
  is_debian_root || fail "there is no Docker engine: install Docker 20.10 or newer"
  local packages=(docker.io iptables)
  # From Debian 13 on, the command line client is a package of its own.
  apt_update
  if ! command -v docker >/dev/null && apt-cache show docker-cli >/dev/null 2>&1; then
    packages+=(docker-cli)
  fi
  apt_install "${packages[@]}"
}

start_engine() {
  busy "starting"
  if [ -d /run/systemd/system ]; then
    run systemctl start docker || fail "the engine does not run: sudo systemctl start docker"
    wait_for_engine "" || fail "the engine does not answer: see journalctl -u docker"
    return
  fi
  is_root || fail "the engine does not run: start dockerd as root"
  launch_dockerd "$pid_file" "$containerd_pid_file" "$dockerd_log" dockerd
}

# Starts a dockerd that goes on after the set-up, unless it runs, and waits until it answers.
launch_dockerd() { # PID_FILE CONTAINERD_PID_FILE LOG COMMAND…
  local own_pid_file=$1 containerd_file=$2 own_log=$3 dockerd=""
  shift 3
  if ! runs_as dockerd "$own_pid_file"; then
    # A killed dockerd left these files. Their numbers may belong to other processes by now, or to dead ones
    # that are not reaped yet, and a new dockerd would wait for those.
    rm -f "$own_pid_file"
    runs_as containerd "$containerd_file" || rm -f "$containerd_file"
    setsid nohup "$@" >>"$own_log" 2>&1 </dev/null 9>&- &
    dockerd=$!
    disown
  fi
  wait_for_engine "$dockerd" || {
    log=$own_log
    fail "dockerd does not answer: see its log"
  }
}

# Succeeds when the process of a pid file lives. A killed process that is not reaped yet has no executable.
runs_as() { # NAME PID_FILE
  local pid
  pid=$(cat "$2" 2>/dev/null) && [ "$(basename "$(readlink "/proc/$pid/exe" 2>/dev/null)")" = "$1" ]
}

wait_for_engine() { # PID, or nothing if somebody else started it
  local until=$((SECONDS + 60))
  while [ $SECONDS -lt $until ]; do
    if engine_answers; then return 0; fi
    if [ -n "$1" ] && ! kill -0 "$1" 2>/dev/null; then return 1; fi
    sleep 0.3
  done
  return 1
}

apt_update() {
  if [ -z "${apt_is_updated-}" ]; then
    busy "apt-get update"
    # A source that cannot be reached is only a warning: the packages may come from the others.
    run apt-get update || true
    apt_is_updated=yes
  fi
}

apt_install() { # PACKAGE…
  apt_update
  busy "apt-get install $*"
  DEBIAN_FRONTEND=noninteractive run apt-get install -y --no-install-recommends "$@" ||
    fail "apt-get could not install $*"
}
