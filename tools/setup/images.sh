# shellcheck shell=bash disable=SC2154 # sourced by setup.sh
# The images of the example. If Docker Hub cannot be reached, stand-ins are built under the same names from
# Debian packages and Go modules, because an image that is there is not pulled.

haproxy=haproxy:3.2
podinfo=stefanprodan/podinfo:6.9.2
podinfo_module=github.com/stefanprodan/podinfo
podinfo_packages=("$podinfo_module/cmd/podinfo" "$podinfo_module/cmd/podcli")
debian=forky # the Debian release with HAProxy 3.2 and Prometheus 3
built_from=balancer.built-from

has_podinfo_image() { has_image "$podinfo" images/podinfo podinfo go.work; }

haproxy_image() { image_of_debian haproxy "$haproxy"; }

# Gets an image that holds one Debian package. The package and the folder in images/ have one name.
image_of_debian() { # NAME IMAGE
  begin "image $2" "$1"
  if has_image "$2" "images/$1"; then
    finish "ready"
  elif pull "$2"; then
    finish "pulled in $(step_took)"
  else
    require_debootstrap "$2"
    debian_root "$1" "$1"
    build_image "$2" "images/$1"
    finish "built from Debian packages in $(step_took) (Docker Hub not reachable)"
  fi
}

# Makes the first half of podinfo's image while the Go build is still running.
podinfo_root() {
  begin "image $podinfo" podinfo
  if has_podinfo_image || pull "$podinfo"; then return; fi
  require_debootstrap "$podinfo"
  debian_root podinfo ca-certificates,curl,netcat-openbsd
}

podinfo_image() {
  local root=$work/tmp/podinfo/rootfs.tar
  begin "image $podinfo" podinfo
  if [ ! -e "$root" ]; then
    finish "ready"
    return
  fi
  build_missing "${podinfo_packages[@]}"
  cp "$go_out/podinfo" "$go_out/podcli" "$work/tmp/podinfo/"
  cp -r "$(cd "$tools/podinfo" && go list -m -f '{{.Dir}}' "$podinfo_module")/ui" "$work/tmp/podinfo/"
  chmod -R u+w "$work/tmp/podinfo/ui" # the module cache is read-only
  build_image "$podinfo" images/podinfo podinfo go.work
  finish "built from Debian packages and a Go module (Docker Hub not reachable)"
}

# A pulled image has no fingerprint, and a built one has that of its sources.
has_image() { # IMAGE SOURCE…
  local labels
  labels=$(docker image inspect --format '{{json .Config.Labels}}' "$1" 2>/dev/null) || return 1
  shift
  case $labels in
  *\""$built_from\":\"$(fingerprint "$@")"\"*) return 0 ;;
  *\""$built_from"\"*) return 1 ;;
  esac
}

pull() { # IMAGE
  busy "pulling"
  run bounded 600 docker pull --quiet "$1"
}

require_debootstrap() { # IMAGE
  is_debian_root ||
    fail "Docker Hub is not reachable, and only root on Debian can build it:" \
      "load it with \`docker load\` ($1)"
  if ! command -v debootstrap >/dev/null; then apt_install debootstrap; fi
}

# Puts a small Debian with some packages into a folder that does not exist yet.
unpack_debian() { # FOLDER PACKAGES
  local script=/usr/share/debootstrap/scripts/$debian mirror
  if [ ! -e "$script" ]; then script=${script%/*}/sid; fi # debootstrap is older than the release
  # This is the mirror that apt uses. If apt shows none, debootstrap takes its own default.
  # shellcheck disable=SC2016 # apt's own variable
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null |
    sed -n '/\/debian\/*$/{p;q;}')
  mkdir -p "$work/tmp/debs"
  busy "building from Debian packages"
  # In a mount namespace of its own, its mounts inside the root go when it ends, however it ends.
  run unshare --mount debootstrap --variant=minbase --cache-dir="$work/tmp/debs" --include="$2" \
    "$debian" "$1" "$mirror" "$script" ||
    fail "debootstrap did not work: is a mirror of Debian's packages reachable?"
}

# Packs a small Debian with some packages as rootfs.tar into the image's build folder.
debian_root() { # NAME PACKAGES
  local root=$work/tmp/$1-root
  mkdir -p "$work/tmp/$1"
  unpack_debian "$root" "$2"
  tar -C "$root" -cf "$work/tmp/$1/rootfs.tar" \
    --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' \
    --exclude='./usr/share/doc/*' --exclude='./usr/share/info/*' --exclude='./usr/share/locale/*' \
    --exclude='./usr/share/man/*' --exclude='./var/cache/*/*' --exclude='./var/lib/apt/lists/*' \
    --exclude='./var/log/*' .
  rm -rf "$root"
}

build_image() { # IMAGE FOLDER SOURCE…
  local image=$1 context=$work/tmp/${2##*/}
  shift
  cp "$tools/$1/"* "$context/"
  run docker build --network=none --label "$built_from=$(fingerprint "$@")" --tag "$image" "$context" ||
    fail "docker build did not work"
  rm -r "$context"
}
