# shellcheck shell=bash disable=SC2154,SC2034 # sourced by setup.sh

require_node() {
  begin "Node" node
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    fail "there is no node or npm on the PATH:" \
      "install Node.js 24 (or any from 20 on, this script then adds Node 24)"
  fi
}

# package.json is the one place where versions are written.
read_facts() {
  local facts
  facts=$(node "$tools/setup/facts.mjs") ||
    fail "package.json does not name pulumi, @pulumi/docker and engines.node"
  {
    read -r pulumi_version
    read -r docker_plugin_version
    read -r node_wanted
    read -r npm_state
    read -r user_home
  } <<<"$facts"
}

npm_packages() {
  begin "npm packages" npm
  if [ "$npm_state" = fresh ]; then
    finish "ready"
    return
  fi
  busy "npm ci"
  export BALANCER_PACKAGE=no # a checkout runs its code as it is written (tools/package.sh)
  if ! run npm ci --no-fund --no-audit; then
    lacks_only_other_platforms ||
      fail "npm ci did not work: is the npm registry reachable, and does package-lock.json fit package.json?"
    run npm install --no-save --no-fund --no-audit ||
      fail "npm install did not work: is the npm registry reachable?"
  fi
  finish "installed in $(step_took)"
}

# A lock file that was written against a registry without some optional packages of other platforms lacks
# these, and npm ci refuses it, naming no version for them. npm install takes the same locked versions of
# everything else.
lacks_only_other_platforms() {
  local complaints
  complaints=$(grep -E '^npm error (Missing|Invalid): ' "$log") &&
    ! grep -qv '@ from lock file$' <<<"$complaints"
}

# npm and npx put node_modules/.bin first on the PATH, so a Node in there runs the program. It is no
# dependency and npm ci removes it, so this step comes after that one.
good_node() {
  begin "Node $node_wanted or newer" node
  local node
  while read -r node; do
    case $node in */node_modules/.bin/*) continue ;; esac
    if is_good_node "$node"; then
      finish "ready, $found_node"
      return
    fi
    break
  done < <(type -aP node)
  if is_good_node node_modules/.bin/node; then
    finish "ready, $found_node in node_modules"
    return
  fi
  busy "npm install node@24"
  if ! run npm install --no-save --no-fund --no-audit node@24 || ! is_good_node node_modules/.bin/node; then
    fail "npm could not add Node 24: install Node.js $node_wanted or newer"
  fi
  finish "$found_node added to node_modules in $(step_took)"
}

# Leaves the version in found_node, such as v24.21.0.
is_good_node() { # PATH
  local major minor wanted_major wanted_minor
  [ -x "$1" ] && found_node=$("$1" --version) || return 1
  IFS=. read -r major minor _ <<<"${found_node#v}"
  IFS=. read -r wanted_major wanted_minor _ <<<"$node_wanted"
  if [ "$major" -ne "$wanted_major" ]; then
    [ "$major" -gt "$wanted_major" ]
  else
    [ "$minor" -ge "${wanted_minor:-0}" ]
  fi
}
