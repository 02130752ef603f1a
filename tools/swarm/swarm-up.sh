#!/bin/bash
# Makes "machines" on this one, each with an address, a host name, processes and a Docker engine of its own,
# and joins them to a Swarm. What runs stays as it is, and what is missing is started: after kill-machine.sh
# that is a machine which gets power again, with its disk as it was. Ended by swarm-down.sh.
#
#   SW_NAME      begins the names of what is made on this host; another Swarm beside it has another one   (sw)
#   SW_PREFIX    first three numbers of the addresses: machine n is PREFIX.n, this host PREFIX.254   (10.66.0)
#   SW_DIR       disks, sockets, logs, certificates                                      (${TMPDIR:-/tmp}/sw)
#   SW_MACHINES  how many machines                                                                         (3)
#   SW_MANAGERS  the first so many are managers, the others workers                                      (all)
#   SW_POOL      where overlay networks without a subnet take one from                         (10.250.0.0/16)
#   SW_IMAGES    images to copy from the engine of the docker command, in words
#                                                               (haproxy:3.2 stefanprodan/podinfo:6.9.2)
#   SW_TLS       if it is not empty, engines take only clients with a certificate of SW_DIR/certs, which is a
#                DOCKER_CERT_PATH
#   SW_OPTIONS_n further options of dockerd on machine n, in words
#
# Machine n answers at unix://SW_DIR/n/docker.sock, and at tcp://PREFIX.n:2375, with SW_TLS at port 2376.
# Nobody but this host and the machines gets there. They reach no registry and no name server.
set -euo pipefail
swarm=$(dirname "$(readlink -f "$0")")
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$swarm/lib.sh"

# A bridge in a namespace of its own: the firewall of a host with Docker drops what crosses a bridge.
start_hub() {
  make_netns hub
  in_netns hub ip link show br0 >/dev/null 2>&1 || in_netns hub ip link add br0 type bridge
  in_netns hub ip link set br0 up
  if ! ip link show "$SW_NAME-host" >/dev/null 2>&1; then
    ip link add "$SW_NAME-host" type veth peer name porthost netns "$(netns hub)"
    in_netns hub ip link set porthost master br0
  fi
  in_netns hub ip link set porthost up
  ip link set "$SW_NAME-host" up
  ip address replace "$SW_PREFIX.254/24" dev "$SW_NAME-host"
}

connect_machine() { # MACHINE
  make_netns "$1"
  in_netns "$1" ip link set lo up
  if ! in_netns "$1" ip link show eth0 >/dev/null 2>&1; then
    in_netns hub ip link delete "port$1" 2>/dev/null || true # that of a killed machine may outlive it
    in_netns hub ip link add "port$1" type veth peer name eth0 netns "$(netns "$1")"
    in_netns hub ip link set "port$1" master br0
  fi
  set_cable "$1" up
  in_netns "$1" ip link set eth0 up
  in_netns "$1" ip address replace "$(address_of "$1")/24" dev eth0
  # Who asks a registry or a name server is told at once that there is none.
  in_netns "$1" ip route replace unreachable default
  in_netns "$1" sysctl -qw net.ipv4.ip_forward=1
}

start_machine() { # MACHINE
  local disk=$SW_DIR/$1 further=SW_OPTIONS_$1 options own
  connect_machine "$1"
  if is_running "$1"; then return 0; fi
  mkdir -p "$disk"
  options=(--host "unix://$disk/docker.sock" --data-root "$disk/data" --label "machine=$1")
  # a cgroup that says whose it is, on hosts with systemd as well
  options+=(--cgroup-parent "/$(netns "$1")" --exec-opt native.cgroupdriver=cgroupfs)
  options+=(--bip 172.31.255.1/24 --log-level warn)
  if [ -n "$SW_TLS" ]; then
    options+=(--host "tcp://$(address_of "$1"):2376" --tlsverify --tlscacert "$SW_DIR/certs/ca.pem")
    options+=(--tlscert "$disk/cert.pem" --tlskey "$disk/key.pem")
  else
    options+=(--host "tcp://$(address_of "$1"):2375" --tls=false)
  fi
  read -ra own <<<"${!further-}"
  # Nothing is left that holds this script's output open, or ends with its terminal.
  setsid nsenter --net="/var/run/netns/$(netns "$1")" \
    unshare --mount --propagation private --uts --pid --fork --kill-child --mount-proc \
    "$swarm/machine.sh" "machine$1" "${options[@]}" "${own[@]}" </dev/null >>"$disk/dockerd.log" 2>&1 &
}

# A certificate of our authority, with its key beside it.
issue() { # FOLDER COMMON-NAME EXTENSIONS…
  local folder=$1 name=$2
  shift 2
  if [ -e "$folder/cert.pem" ]; then return 0; fi
  mkdir -p "$folder"
  printf '%s\n' "$@" >"$folder/extensions"
  new_key "$folder/key.pem"
  openssl req -new -key "$folder/key.pem" -subj "/CN=$name" |
    openssl x509 -req -days 30 -CA "$SW_DIR/certs/ca.pem" -CAkey "$SW_DIR/authority.pem" -CAcreateserial \
      -CAserial "$SW_DIR/authority.srl" -extfile "$folder/extensions" -out "$folder/cert.pem" \
      2>>"$SW_DIR/authority.log" # it says there what goes well, too
  rm "$folder/extensions"
}

new_key() { # FILE
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" # readable by its owner alone
}

issue_certificates() {
  local n
  mkdir -p "$SW_DIR/certs"
  if [ ! -e "$SW_DIR/certs/ca.pem" ]; then
    new_key "$SW_DIR/authority.pem"
    openssl req -x509 -new -key "$SW_DIR/authority.pem" -days 30 -subj "/CN=$SW_NAME machines" \
      -out "$SW_DIR/certs/ca.pem"
  fi
  issue "$SW_DIR/certs" client extendedKeyUsage=clientAuth
  for n in $(machine_numbers); do
    issue "$SW_DIR/$n" "machine$n" extendedKeyUsage=serverAuth "subjectAltName=IP:$(address_of "$n")"
  done
}

load_images() { # MACHINE
  local image id missing=()
  for image in $SW_IMAGES; do
    id=$(docker image inspect --format '{{.Id}}' "$image") || fail "image $image is not on this host's engine"
    [ "$(engine "$1" image inspect --format '{{.Id}}' "$image" 2>/dev/null)" = "$id" ] || missing+=("$image")
  done
  if [ ${#missing[@]} -eq 0 ]; then return 0; fi
  docker save "${missing[@]}" | engine "$1" load -q >/dev/null
}

load_images_everywhere() { # at once: most of the time is the disk's
  local n pid pids=()
  for n in $(machine_numbers); do
    load_images "$n" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid"; done # not for all children: the machines are some of them
}

# inactive, pending while it looks for the others, or active
swarm_state() { engine "$1" info --format '{{.Swarm.LocalNodeState}}'; }

join_swarm() {
  local n role
  if [ "$(swarm_state 1)" = inactive ]; then
    engine 1 swarm init --advertise-addr "$(address_of 1)" --default-addr-pool "$SW_POOL" >/dev/null
  fi
  await "a leader of the Swarm" engine 1 node ls
  for n in $(machine_numbers); do
    [ "$(swarm_state "$n")" = inactive ] || continue
    role=worker
    if [ "$n" -le "$SW_MANAGERS" ]; then role=manager; fi
    engine "$n" swarm join --advertise-addr "$(address_of "$n")" \
      --token "$(engine 1 swarm join-token -q "$role")" "$(address_of 1):2377" >/dev/null
  done
}

is_active() { [ "$(swarm_state "$1")" = active ]; }
are_all_ready() { [ "$(engine 1 node ls --format '{{.Status}}' | grep -c Ready)" = "$SW_MACHINES" ]; }

needs_root
mkdir -p "$SW_DIR"
if [ -n "$SW_TLS" ]; then issue_certificates; fi
start_hub
for n in $(machine_numbers); do start_machine "$n"; done
for n in $(machine_numbers); do
  await "the engine of machine $n, whose log is $SW_DIR/$n/dockerd.log" engine "$n" version
done
load_images_everywhere
join_swarm
# The others count a machine that was killed a moment ago as ready.
for n in $(machine_numbers); do await "machine $n in the Swarm" is_active "$n"; done
await "every machine in the Swarm" are_all_ready
engine 1 node ls
