# shellcheck shell=bash disable=SC2154 # sourced by setup.sh
# Puts the Pulumi CLI, its language host and its Docker plugin where the package `pulumi` and the CLI look.

download_host=get.pulumi.com
pulumi_packages=(github.com/pulumi/pulumi/pkg/v3/cmd/pulumi ./language-nodejs)
docker_plugin_packages=(./docker-provider)

pulumi_bin() { echo "$pulumi_home/versions/$pulumi_version/bin"; }
docker_plugin_folder() { echo "$(plugin_home)/plugins/resource-docker-v$docker_plugin_version"; }

# The CLI looks for plugins in the home that the user database tells, which need not be $HOME (sudo).
plugin_home() { echo "${PULUMI_HOME:-$user_home/.pulumi}"; }

has_pulumi() {
  local bin
  bin=$(pulumi_bin)
  [ -x "$bin/pulumi" ] && [ -x "$bin/pulumi-language-nodejs" ] &&
    [ -x "$bin/pulumi-resource-pulumi-nodejs" ] &&
    is_current "$bin" go.work pulumi language-nodejs
}

# Pulumi counts every folder of this name as an installed plugin, unless a .partial file lies beside it.
has_docker_plugin() {
  local folder
  folder=$(docker_plugin_folder)
  [ -x "$folder/pulumi-resource-docker" ] && [ ! -e "$folder.partial" ] &&
    is_current "$folder" go.work docker-provider
}

# A download carries no fingerprint, and is always current.
is_current() { # FOLDER SOURCE…
  local stamp=$1/.built-from
  shift
  [ ! -e "$stamp" ] || [ "$(cat "$stamp")" = "$(fingerprint "$@")" ]
}

can_download() {
  if [ -z "${download_answer-}" ]; then
    download_answer=no
    # The npm package `pulumi` fetches the CLI from there.
    # shellcheck disable=SC2016 # JavaScript's own variables
    node -e 'fetch(`https://${process.argv[1]}/install.sh`, { signal: AbortSignal.timeout(5000) })
      .then((response) => process.exit(response.ok ? 0 : 1), () => process.exit(1))' "$download_host" &&
      download_answer=yes
  fi
  [ "$download_answer" = yes ]
}

pulumi_cli() {
  begin "Pulumi $pulumi_version" pulumi
  if has_pulumi; then
    finish "ready"
  elif can_download && download_pulumi; then
    finish "downloaded in $(step_took)"
  else
    build_missing "${pulumi_packages[@]}"
    place_pulumi
    finish "built with Go in $(cat "$go_out/took") (download not reachable)"
  fi
}

# The npm package downloads the CLI straight into place, where half of it would count as ready. So it goes
# elsewhere first.
download_pulumi() {
  busy "downloading"
  local stage=$pulumi_home/versions/.setup
  rm -rf "$stage"
  mkdir -p "$stage"
  PULUMI_HOME=$stage PULUMI_VERSION=$pulumi_version PULUMI_SKIP_UPDATE_CHECK=true \
    run bounded 600 node node_modules/pulumi/run.js version &&
    rm -rf "$pulumi_home/versions/$pulumi_version" &&
    mv "$stage/versions/$pulumi_version" "$pulumi_home/versions/$pulumi_version"
  rm -rf "$stage"
  has_pulumi
}

# The CLI comes last, because nothing counts as ready without it.
place_pulumi() {
  local bin
  bin=$(pulumi_bin)
  mkdir -p "$bin"
  fingerprint go.work pulumi language-nodejs >"$go_out/.built-from"
  place "$tools/language-nodejs/pulumi-resource-pulumi-nodejs" "$bin"
  place "$go_out/pulumi-language-nodejs" "$bin"
  place "$go_out/.built-from" "$bin"
  place "$go_out/pulumi" "$bin"
}

place() { # FILE FOLDER
  local name=${1##*/}
  cp "$1" "$2/.$name.new"
  mv -f "$2/.$name.new" "$2/$name"
}

docker_plugin() {
  begin "Docker plugin $docker_plugin_version" plugin
  if has_docker_plugin; then
    finish "ready"
  elif can_download && download_docker_plugin; then
    finish "downloaded in $(step_took)"
  else
    build_missing "${docker_plugin_packages[@]}"
    place_docker_plugin
    finish "built with Go in $(cat "$go_out/took") (download not reachable)"
  fi
}

download_docker_plugin() {
  busy "downloading"
  rm -rf "$(docker_plugin_folder)"
  PULUMI_SKIP_UPDATE_CHECK=true \
    run bounded 600 "$(pulumi_bin)/pulumi" plugin install resource docker "v$docker_plugin_version" &&
    has_docker_plugin
}

place_docker_plugin() {
  local folder stage
  folder=$(docker_plugin_folder)
  stage=$(plugin_home)/plugins/.setup
  rm -rf "$stage"
  mkdir -p "$stage"
  fingerprint go.work docker-provider >"$stage/.built-from"
  cp "$go_out/pulumi-resource-docker" "$stage/"
  rm -rf "$folder"
  mv "$stage" "$folder"
  rm -f "$folder.partial"
}
