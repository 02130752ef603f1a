# shellcheck shell=bash disable=SC2154 # sourced by setup.sh
# A second Docker engine, for the tests that run on two: the newest of Debian's packages, whatever the machine
# has. It has its own root file system and its own network namespace, so that its ports and subnets meet
# nobody's, and it goes on running as the machine's own does.

newer_folder=/var/lib/balancer-newer-engine # this and the next as in test/harness/newer-engine.ts
newer_namespace=balancer-newer

newer_engine() {
  begin "newer Docker engine" newer-engine
  local done_what="ready"
  if ! on_newer engine_answers; then
    if ! is_debian_root; then
      finish "not here: only root on Debian can start it, and the tests that ask for it fail"
      return
    fi
    done_what="started"
    if [ ! -x "$newer_folder/root/usr/sbin/dockerd" ]; then
      install_newer_engine
      done_what="installed and started"
    fi
    start_newer_engine
  fi
  load_images
  if [ "$done_what" != ready ]; then done_what+=" in $(step_took)"; fi
  finish "$done_what, $engine_version (API $engine_api)"
}

on_newer() { # COMMAND…
  DOCKER_HOST=unix://$newer_folder/docker.sock "$@"
}

install_newer_engine() {
  require_debootstrap "newer Docker engine"
  mkdir -p "$newer_folder"
  rm -rf "$newer_folder/root.new"
  unpack_debian "$newer_folder/root.new" docker.io,iptables,ca-certificates
  mv "$newer_folder/root.new" "$newer_folder/root"
}

start_newer_engine() {
  busy "starting"
  command -v ip >/dev/null || apt_install iproute2
  [ -e "/var/run/netns/$newer_namespace" ] || run ip netns add "$newer_namespace" ||
    fail "a network namespace cannot be made here"
  run ip -n "$newer_namespace" link set lo up || fail "the network namespace $newer_namespace is broken"
  on_newer launch_dockerd "$newer_folder/docker.pid" "$newer_folder/exec/containerd/containerd.pid" \
    "$newer_folder/dockerd.log" nsenter --net="/var/run/netns/$newer_namespace" \
    unshare --mount --propagation private "$tools/setup/newer-engine-root.sh" "$newer_folder"
}

# Nothing can be pulled from within the namespace.
load_images() {
  local image id missing=()
  for image in "$haproxy" "$podinfo" ${BALANCER_HAPROXY_IMAGE:+"$BALANCER_HAPROXY_IMAGE"}; do
    id=$(image_id "$image") || fail "the image $image is not on this machine's engine: run tools/setup.sh"
    [ "$(on_newer image_id "$image")" = "$id" ] || missing+=("$image")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    busy "loading images"
    docker save "${missing[@]}" | on_newer run docker load || fail "the images cannot be loaded"
  fi
}

image_id() { docker image inspect --format '{{.Id}}' "$1" 2>>"$log"; }
