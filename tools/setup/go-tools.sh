# shellcheck shell=bash disable=SC2154 # sourced by setup.sh
# Builds with Go the programs whose download cannot be reached. The modules form a workspace (go.work) and are
# built by one command, so the dependencies that they share are compiled once.

go_out=$work/tmp/go
early_build=

# The Go build takes longest by far, so it starts before everything else and runs beside it.
start_early_build() {
  local packages=()
  if ! has_pulumi; then packages+=("${pulumi_packages[@]}"); fi
  if ! has_docker_plugin; then packages+=("${docker_plugin_packages[@]}"); fi
  if [ ${#packages[@]} = 0 ] || can_download; then return; fi
  if ! has_podinfo_image; then packages+=("${podinfo_packages[@]}"); fi
  begin "Pulumi $pulumi_version" go
  require_go
  go_build "${packages[@]}" &
  early_build=$!
}

wait_for_early_build() {
  if [ -z "$early_build" ]; then return; fi
  local job=$early_build step_log=$log
  early_build=
  log=$work/logs/go.log
  wait "$job" || fail "the Go build did not work: is a Go module proxy reachable?"
  log=$step_log
}

stop_early_build() {
  if [ -n "$early_build" ]; then
    pkill -P "$early_build" 2>/dev/null || true
    kill "$early_build" 2>/dev/null || true
  fi
}

require_go() {
  command -v go >/dev/null ||
    fail "$download_host is not reachable, and there is no Go to build with: install Go 1.21 or newer"
  local version
  version=$(cd / && go env GOVERSION)
  case $version in
  go1.[0-9] | go1.[0-9].* | go1.1[0-9]* | go1.20*)
    fail "$download_host is not reachable, and $version is too old to build with: install Go 1.21 or newer"
    ;;
  esac
}

# Builds what the early build did not, because nobody could know then that it would be needed.
build_missing() { # PACKAGE…
  busy "building with Go, the first time takes some minutes"
  wait_for_early_build
  local package
  for package in "$@"; do
    if [ ! -x "$go_out/$(program_name "$package")" ]; then
      require_go
      (go_build "$@") || fail "the Go build did not work: is a Go module proxy reachable?"
      return
    fi
  done
}

# go build names a program after the last part of its package's import path.
program_name() { # PACKAGE
  case $1 in
  ./language-nodejs) echo pulumi-language-nodejs ;;
  ./docker-provider) echo pulumi-resource-docker ;;
  *) echo "${1##*/}" ;;
  esac
}

# Without debugging information there is an eighth less to compile.
go_build() { # PACKAGE…
  local started=$SECONDS version_variable=github.com/pulumi/pulumi/sdk/v3/go/common/version.Version
  cd "$tools" &&
    CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=$tools/go.work \
      run go build -buildvcs=false -trimpath -gcflags=all=-dwarf=false \
      -ldflags "-s -w -X $version_variable=$pulumi_version -X main.version=$docker_plugin_version" \
      -o "$go_out/" "$@" &&
    took $((SECONDS - started)) >"$go_out/took"
}

# Names the state of some sources, so a result of an older state is recognised.
fingerprint() { # PATH…
  (cd "$tools" && find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 cat | cksum | tr ' ' -)
}
