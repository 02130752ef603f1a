# shellcheck shell=bash disable=SC2154 # sourced by setup.sh
# Brings what only the tests need: a Prometheus that scrapes, a browser that looks at the stats page, and the
# nginx and PostgreSQL of examples/.

prometheus=prom/prometheus:v3.5.3 # the default of prometheusImage in Pulumi.yaml
nginx=nginx:stable   # as in examples/Pulumi.nginx.yaml
postgresql=postgres:18 # as in examples/Pulumi.guestbook.yaml
browsers="chromium-headless-shell chromium google-chrome" # as in test/harness/browser.ts

prometheus_image() { image_of_debian prometheus "$prometheus"; }

nginx_image() { image_of_debian nginx "$nginx"; }

postgresql_image() { image_of_debian postgresql "$postgresql"; }

browser() {
  begin "Chromium" chromium
  local browser
  if browser=$(installed_browser); then
    finish "ready, $browser"
    return
  fi
  is_debian_root || fail "there is no Chromium on the PATH: install one (looked for: $browsers)"
  apt_install chromium-headless-shell
  browser=$(installed_browser) || fail "Chromium is installed, but not on the PATH"
  finish "installed in $(step_took), $browser"
}

# `command -v` would also find a function or an alias, which is no browser.
installed_browser() {
  local browser
  for browser in $browsers; do
    if type -P "$browser"; then return 0; fi
  done
  return 1
}
