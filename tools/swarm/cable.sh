#!/bin/bash
# cable.sh N down|up: pulls the network cable out of machine N, whose programs go on, or plugs it in again.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

needs_root
case ${2:-} in
  up | down) set_cable "$1" "$2" ;;
  *) fail "usage: cable.sh N down|up" ;;
esac
