# shellcheck shell=bash disable=SC2154 # sourced by setup.sh, which sets $work
# Prints one line per step. The output of a step's commands goes to a log of its own.

begin() { # NAME LOG
  step=$1
  log=$work/logs/$2.log
  step_started=$SECONDS
  : >"$log"
}

# Names what takes a while as long as it runs, if a terminal shows it.
busy() { # WHAT
  if [ -t 1 ]; then printf '\r\033[K%-34s %s …' "$step" "$1"; fi
}

finish() { # OUTCOME
  if [ -t 1 ]; then printf '\r\033[K'; fi
  printf '%-34s %s\n' "$step" "$1"
}

fail() { # WHAT TO DO…
  if [ -t 1 ]; then printf '\r\033[K'; fi
  {
    if [ -s "$log" ]; then
      echo "The last lines of $log:"
      tail -n 15 "$log" | sed 's/^/  | /'
    fi
    printf '%-34s failed: %s\n' "$step" "$*"
  } >&2
  exit 1
}

run() { # COMMAND…, its output into the log
  echo "+ $*" >>"$log"
  "$@" >>"$log" 2>&1
}

took() { # SECONDS
  if [ "$1" -ge 60 ]; then echo "$(($1 / 60)) min $(($1 % 60)) s"; else echo "$1 s"; fi
}

step_took() { took $((SECONDS - step_started)); }

bounded() { # SECONDS COMMAND…
  local limit=$1
  shift
  if command -v timeout >/dev/null; then timeout "$limit" "$@"; else "$@"; fi
}

is_root() { [ "$(id -u)" = 0 ]; }

is_debian_root() { is_root && [ -e /etc/debian_version ]; }
