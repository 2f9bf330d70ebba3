#!/usr/bin/env bash
# Removes what install.sh has installed.
#
#   sudo ./uninstall.sh [--purge] [--yes] [--prefix DIR]
#
# Recordings, models and the configuration stay unless you say otherwise.
#
# Exit codes: 0 done, 1 failed while running, 2 something that you can put right.
set -Eeuo pipefail

readonly NAME=srgan-edge

purge=no sure=no prefix=""

main() {
  trap 'unexpected "$LINENO" "$BASH_COMMAND"' ERR
  parse_arguments "$@"
  name_places
  [ -n "$prefix" ] || [ "$(id -u)" = 0 ] || fail 2 "this needs root: sudo $0 ..."
  confirm "Remove $NAME from this machine?" yes || fail 2 "nothing was changed"
  stop_service
  remove_program
  remove_belongings "$configuration" "the configuration"
  remove_belongings "$state" "recordings, models and the token"
  remove_user
  say "done: $NAME is removed"
}

say() { printf '%s\n' "$*"; }

fail() {
  local code=$1
  shift
  trap - ERR
  printf 'uninstall.sh: %s\n' "$*" >&2
  exit "$code"
}

unexpected() {
  fail 1 "line $1 failed: $2; start it again"
}

parse_arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
      --prefix)
        [ -n "${2-}" ] || fail 2 "$1 needs a name behind it"
        prefix=$2
        shift
        ;;
      --purge) purge=yes ;;
      --yes) sure=yes ;;
      -h | --help) usage ;;
      *) fail 2 "unknown argument $1: see uninstall.sh --help" ;;
    esac
    shift
  done
}

usage() {
  cat <<'USAGE'
Usage: sudo ./uninstall.sh [OPTIONS]

  Remove srgan-edge. Recordings and configuration are asked about, and kept where nobody answers.

  --purge        remove them as well, and the system user
  --yes          do not ask
  --prefix DIR   what was installed below DIR, for tests
  --help         show this
USAGE
  exit 0
}

name_places() {
  if [ -n "$prefix" ]; then
    [ -d "$prefix" ] || fail 2 "no folder $prefix: give what install.sh was given"
    prefix=$(cd "$prefix" && pwd)
  fi
  base=$prefix/opt/$NAME
  command=$prefix/usr/local/bin/$NAME
  configuration=$prefix/etc/$NAME
  unit=$prefix/etc/systemd/system/$NAME.service
  state=$prefix/var/lib/$NAME
  cache=$prefix/var/cache/$NAME
}

# Asks a person; the second argument is what counts where nobody answers.
confirm() {
  local answer=$2
  if [ "$sure" = no ] && [ -t 0 ]; then
    read -r -p "$1 [y/N] " answer
  fi
  case $answer in
    [yY]*) ;;
    *) return 1 ;;
  esac
}

# Below a prefix it is one that a test pretends.
runs_systemd() { [ -d "$prefix/run/systemd/system" ]; }

stop_service() {
  [ -e "$unit" ] || return 0
  if runs_systemd; then
    systemctl disable --now --quiet "$NAME" || fail 1 "the service does not stop: systemctl status $NAME"
  elif [ -z "$prefix" ] && command -v systemctl >/dev/null; then
    systemctl disable --quiet "$NAME" 2>/dev/null || true
  fi
  rm -f "$unit"
  [ "$purge" = no ] || rm -rf "$unit.d" # what `systemctl edit` made
  if runs_systemd; then systemctl daemon-reload; fi
}

remove_program() {
  # Only our own link: another program may have the name.
  [ "$(readlink "$command" || true)" != "$base/current/bin/$NAME" ] || rm -f "$command"
  # The link first: what is half removed is not used.
  rm -f "$base/current"
  rm -rf "$base" "$cache"
}

remove_belongings() {
  local folder=$1 what=$2
  [ -d "$folder" ] || return 0
  if [ "$purge" = yes ] || confirm "Remove $what in $folder?" no; then
    rm -rf "$folder"
  else
    say "kept: $what in $folder"
  fi
}

# As long as there are files of that user, somebody else must not get its number.
remove_user() {
  if [ -n "$prefix" ] || [ -d "$state" ] || ! getent passwd "$NAME" >/dev/null; then return 0; fi
  userdel "$NAME" 2>/dev/null || fail 1 "the system user $NAME cannot be removed: userdel $NAME"
}

main "$@"
