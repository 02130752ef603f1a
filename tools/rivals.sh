#!/usr/bin/env bash
# Builds the programs that `npm run bench -- --only rivals` measures Balancer next to, from the sources that a
# Go module proxy has of them, with the dependencies that these pin. One that is there is not built again.
set -euo pipefail

checkout=$(dirname "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)")
out=$checkout/.setup/rivals
sources=$(mktemp -d)
trap 'rm -rf "$sources"' EXIT

main() {
  mkdir -p "$out"
  build kamal-proxy github.com/basecamp/kamal-proxy@v0.9.2 ./cmd/kamal-proxy
  build docker-compose github.com/docker/compose/v2@v2.40.3 ./cmd
  build traefik github.com/traefik/traefik/v3@v3.6.12 ./cmd/traefik
}

build() { # PROGRAM MODULE PACKAGE
  local program=$1 module=$2 package=$3 folder source=$sources/$1
  if [ -x "$out/$program" ]; then
    printf '%-16s ready\n' "$program"
    return
  fi
  printf '%-16s building %s\n' "$program" "$module"
  folder=$(cd / && go mod download -json "$module" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
  cp -R "$folder" "$source"
  chmod -R u+w "$source"
  # Traefik's pages are not in its module, and its program does not compile without any.
  if [ -e "$source/webui/embed.go" ]; then
    mkdir -p "$source/webui/static"
    touch "$source/webui/static/none"
  fi
  (cd "$source" && GOWORK=off CGO_ENABLED=0 go build -buildvcs=false -trimpath -gcflags=all=-dwarf=false \
    -ldflags "-s -w" -o "$out/$program" "$package")
}

main
