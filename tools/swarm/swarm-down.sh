#!/bin/bash
# Ends all machines of swarm-up.sh with the same SW_NAME, and removes what they wrote into SW_DIR.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

needs_root
for namespace in /var/run/netns/"$SW_NAME"-[0-9]*; do
  if [ -e "$namespace" ]; then kill_machine "${namespace##*-}"; fi
done
# its port goes with it, and so does this host's end
! has_netns hub || ip netns delete "$(netns hub)"
rm -rf "$SW_DIR"/[0-9]* "$SW_DIR"/certs "$SW_DIR"/authority.*
rmdir "$SW_DIR" 2>/dev/null || true # unless there is something else in it
