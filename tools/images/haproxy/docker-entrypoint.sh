#!/bin/sh
# Arguments alone are arguments of haproxy; haproxy itself always runs as master and worker, in the foreground.
set -e
case "${1-}" in
-*) set -- haproxy "$@" ;;
esac
if [ "${1-}" = haproxy ]; then
  shift
  set -- haproxy -W -db "$@"
fi
exec "$@"
