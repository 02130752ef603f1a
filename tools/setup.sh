#!/usr/bin/env bash
# Brings this machine to where `npx pulumi up` works: npm packages, Node, Docker engine, the images of the
# example, Pulumi and its Docker plugin. It tries published downloads first, and builds those that cannot be
# reached (see README.md). It may be run again at any time: a step that finds its result changes nothing.
# With --tests it adds the things that only the tests need to a machine that is set up.
set -euo pipefail

tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=$(dirname "$tools")
work=$checkout/.setup
pulumi_home=${PULUMI_HOME:-$HOME/.pulumi} # the npm package looks for the CLI here
PATH=$PATH:/usr/sbin:/sbin # dockerd and debootstrap live there, and root may not have them on the PATH

# shellcheck source-path=SCRIPTDIR
source "$tools/setup/report.sh"
source "$tools/setup/packages.sh"
source "$tools/setup/go-tools.sh"
source "$tools/setup/pulumi.sh"
source "$tools/setup/engine.sh"
source "$tools/setup/images.sh"
source "$tools/setup/tests.sh"
source "$tools/setup/newer-engine.sh"

main() {
  cd "$checkout"
  open_workspace
  case $* in
  "") set_up ;;
  --tests) set_up_tests ;;
  *) echo "usage: tools/setup.sh [--tests]" >&2 && exit 2 ;;
  esac
}

set_up() {
  require_node
  read_facts
  start_early_build

  npm_packages
  good_node
  docker_engine
  haproxy_image
  podinfo_root
  pulumi_cli
  docker_plugin
  podinfo_image
}

set_up_tests() {
  prometheus_image
  nginx_image
  postgresql_image
  browser
  newer_engine
}

# Prepares the logs and takes the lock that keeps two set-ups of one checkout apart. Every child process holds
# the lock too, so a build that outlives a killed set-up still keeps the next one waiting. Only dockerd lets
# go of it.
open_workspace() {
  mkdir -p "$work/logs"
  echo '*' >"$work/.gitignore"
  if command -v flock >/dev/null; then
    exec 9>"$work/lock"
    flock --nonblock 9 || { echo "another set-up of this checkout is running, waiting for it" && flock 9; }
  fi
  rm -rf "$work/tmp"
  mkdir "$work/tmp"
  trap close_workspace EXIT
}

close_workspace() {
  stop_early_build
  rm -rf "$work/tmp"
}

main "$@"
