#!/bin/bash
# kill-machine.sh N: machine N loses its cable and its power at once. swarm-up.sh starts it again, with its
# disk as it was.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

needs_root
if [ -z "${1:-}" ] || [ ! -d "$SW_DIR/$1" ]; then fail "usage: kill-machine.sh N"; fi
kill_machine "$1"
