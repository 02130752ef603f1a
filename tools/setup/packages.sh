# shellcheck shell=bash disable=SC2154,SC2034 # sourced by setup.sh

require_node() {
  begin "Node" node
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    fail "there is no node or npm on the PATH:" \
      "install Node.js 24 (or any from 20 on, this script then adds Node 24)"
  fi
}

# package.json is the one place where versions are written.
read_versions() {
  read -r pulumi_version docker_plugin_version node_wanted < <(node -p '
    const { dependencies, engines } = require("./package.json");
    [dependencies.pulumi, dependencies["@pulumi/docker"], engines.node.replace(">=", "")].join(" ")') ||
    fail "package.json does not name pulumi, @pulumi/docker and engines.node"
}

npm_packages() {
  begin "npm packages" npm
  if node "$tools/setup/npm-fresh.mjs"; then
    finish "ready"
    return
  fi
  busy "npm ci"
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
      finish "ready, $("$node" --version)"
      return
    fi
    break
  done < <(type -aP node)
  if is_good_node node_modules/.bin/node; then
    finish "ready, $(node_modules/.bin/node --version) in node_modules"
    return
  fi
  busy "npm install node@24"
  if ! run npm install --no-save --no-fund --no-audit node@24 || ! is_good_node node_modules/.bin/node; then
    fail "npm could not add Node 24: install Node.js $node_wanted or newer"
  fi
  finish "$(node_modules/.bin/node --version) added to node_modules in $(step_took)"
}

is_good_node() { # PATH
  [ -x "$1" ] && "$1" -e '
    const parse = (version) => version.split(".").map(Number);
    const [major, minor] = parse(process.versions.node);
    const [wantedMajor, wantedMinor = 0] = parse(process.argv[1]);
    const isGood = major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
    process.exit(isGood ? 0 : 1)' "$node_wanted"
}
