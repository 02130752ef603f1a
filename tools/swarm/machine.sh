#!/bin/bash
# The first process of a machine, in namespaces of its own; swarm-up.sh starts it. When it ends, the kernel
# ends all others of the machine at once, and its mounts are gone.
set -euo pipefail

hostname "$1"
shift
# As on a machine that has just been switched on. The host's own containerd would be taken for this machine's.
mount -t tmpfs tmpfs /run
dockerd "$@" &
wait $! # and whoever lost its parent is waited for as well
