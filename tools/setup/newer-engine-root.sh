#!/bin/bash
# Runs dockerd in a root file system of its own. setup/newer-engine.sh starts this in a mount namespace and a
# network namespace that nobody else is in.
set -euo pipefail
folder=$1 root=$1/root

mount --bind "$root" "$root" # pivot_root wants a mount; with chroot alone Docker could not load images
mount --make-private "$root"
mount --bind /proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mkdir -p "$root$folder" "$root/oldroot" "$folder/data" "$folder/exec"
mount --bind "$folder" "$root$folder"
cd "$root"
pivot_root . oldroot
# shellcheck disable=SC2016 # the inner shell's own arguments
exec chroot . /bin/sh -c 'umount -l /oldroot; exec "$@"' sh /usr/sbin/dockerd \
  --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$folder/docker.pid" \
  --host "unix://$folder/docker.sock"
