#!/usr/bin/env bash
# Installs srgan-edge on a Raspberry Pi, or on any Debian or Ubuntu with 64 bits.
#
#   sudo ./install.sh [--wheel FILE | --source DIR] [--model FILE] [--service] [--yes] [--prefix DIR]
#
# Every version has a folder of its own, /opt/srgan-edge/versions/VERSION-TIME, and the link
# /opt/srgan-edge/current says which one is used. A new one is made, tried and written to the disk
# before that link is moved, in one step: whenever the power goes, the old or the new one works. What
# was left unfinished has no file `complete`, and is removed at the next run.
#
# Exit codes: 0 done, 1 failed while running, 2 something that you can put right.
set -Eeuo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly HERE
readonly NAME=srgan-edge
readonly NEEDED_MB=900 # a version is some 300 MB, while it is made 400; and there are its downloads

wheel="" source="" model="" service=no sure=no prefix=""

main() {
  trap 'unexpected "$LINENO" "$BASH_COMMAND"' ERR
  parse_arguments "$@"
  name_places
  find_what_to_install
  check_rights
  check_system
  check_python
  check_space
  tell_and_ask
  mkdir -p "$versions"
  take_turn
  remove_half_made
  make_version
  check_model
  switch_to_it
  put_model
  if [ "$service" = yes ]; then install_service; else restart_running_service; fi
  remove_older
  say "done: $NAME $version in $new"
}

say() { printf '%s\n' "$*"; }

# One line that says what is wrong and what to do.
fail() {
  local code=$1
  shift
  trap - ERR
  printf 'install.sh: %s\n' "$*" >&2
  exit "$code"
}

unexpected() {
  fail 1 "line $1 failed: $2; a further run starts afresh, what was installed before is untouched"
}

# --- what is asked for ---------------------------------------------------------------------------

parse_arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
      --wheel | --source | --model | --prefix)
        [ -n "${2-}" ] || fail 2 "$1 needs a name behind it"
        printf -v "${1#--}" %s "$2"
        shift
        ;;
      --service) service=yes ;;
      --yes) sure=yes ;;
      -h | --help) usage ;;
      *) fail 2 "unknown argument $1: see install.sh --help" ;;
    esac
    shift
  done
  [ -z "$wheel" ] || [ -z "$source" ] || fail 2 "give --wheel or --source, not both"
}

usage() {
  cat <<'USAGE'
Usage: sudo ./install.sh [OPTIONS]

  Install srgan-edge, or upgrade it.

  --wheel FILE   this wheel  [default: the one beside install.sh, else the checkout it is in]
  --source DIR   this checkout
  --model FILE   also a .tflite file of yours, for the service
  --service      start with the machine: a system user, a systemd unit, /etc/srgan-edge/webcam.toml
  --yes          do not ask
  --prefix DIR   everything below DIR, for tests: no root, no system user, no systemd
  --help         show this
USAGE
  exit 0
}

name_places() {
  if [ -n "$prefix" ]; then
    mkdir -p "$prefix" 2>/dev/null || fail 2 "cannot make the folder $prefix: choose another --prefix"
    prefix=$(cd "$prefix" && pwd)
  fi
  base=$prefix/opt/$NAME
  versions=$base/versions
  command=$prefix/usr/local/bin/$NAME
  configuration=$prefix/etc/$NAME
  unit=$prefix/etc/systemd/system/$NAME.service
  state=$prefix/var/lib/$NAME
  cache=$prefix/var/cache/$NAME
  log=$base/install.log
}

find_what_to_install() {
  [ -n "$wheel$source" ] || choose_by_place
  if [ -n "$wheel" ]; then
    [ -f "$wheel" ] || fail 2 "no wheel $wheel: give the file that \`make dist\` makes"
    case ${wheel##*/} in
      srgan_edge-*-*.whl) ;;
      *) fail 2 "$wheel is no wheel of $NAME: its name must be as srgan_edge-0.1.0-py3-none-any.whl" ;;
    esac
    version=${wheel##*/srgan_edge-}
    version=${version##srgan_edge-}
    version=${version%%-*}
  else
    [ -f "$source/srgan_edge/__init__.py" ] || fail 2 "$source is no checkout of $NAME: give its folder"
    version=$(sed -n 's/^__version__ = "\([^"]*\)".*/\1/p' "$source/srgan_edge/__init__.py")
  fi
  constraints=$(first_file "$HERE/constraints.txt" "$HERE/../../constraints.txt" \
    "${source:-$HERE}/constraints.txt") \
    || fail 2 "no constraints.txt, which pins the versions: put the checkout's beside install.sh"
  [ -z "$model" ] || check_model_file
  need_beside slim.py
  [ "$service" = no ] || need_beside "$NAME.service" webcam.toml
}

choose_by_place() {
  wheel=$(first_file "$HERE"/srgan_edge-*.whl) || wheel=""
  if [ -z "$wheel" ] && [ -f "$HERE/../../srgan_edge/__init__.py" ]; then
    source=$(cd "$HERE/../.." && pwd)
  fi
  [ -n "$wheel$source" ] || fail 2 "nothing to install: give --wheel FILE or --source DIR"
}

first_file() {
  local path
  for path in "$@"; do
    if [ -f "$path" ]; then
      say "$path"
      return
    fi
  done
  return 1
}

check_model_file() {
  [ -f "$model" ] || fail 2 "no model $model: give a .tflite file"
  case $model in
    *.tflite) ;;
    *) fail 2 "$model is no .tflite file: \`srgan-edge convert\` makes one" ;;
  esac
}

need_beside() {
  local file
  for file in "$@"; do
    [ -f "$HERE/$file" ] || fail 2 "there is no $file beside install.sh: copy it from the checkout"
  done
}

check_rights() {
  [ -n "$prefix" ] || [ "$(id -u)" = 0 ] || fail 2 "this needs root: sudo $0 ..."
}

# --- the machine ---------------------------------------------------------------------------------

# A file of the system; a test puts its own below the prefix.
system_file() {
  if [ -n "$prefix" ] && [ -e "$prefix$1" ]; then say "$prefix$1"; else say "$1"; fi
}

check_system() {
  local os_release bits
  machine=$(uname -m)
  bits=$(getconf LONG_BIT)
  case $machine in
    armv6*) fail 2 "no packages for $machine (Raspberry Pi 1, Zero, Zero W), and it cannot have 64 bits: a" \
      "Raspberry Pi Zero 2 W, 3, 4 or 5 is needed" ;;
  esac
  # A 32-bit system on a 64-bit kernel calls itself aarch64.
  [ "$bits" = 64 ] || fail 2 "this system has $bits bits, srgan-edge's packages need 64: install the" \
    "64-bit Raspberry Pi OS (Zero 2 W, 3, 4, 5), or by hand tflite-runtime with numpy < 2, as" \
    "docs/manual/raspberry-pi.md says"
  case $machine in
    aarch64 | arm64 | x86_64) ;;
    *) fail 2 "no packages for $machine: an aarch64 or x86_64 machine is needed" ;;
  esac
  os_release=$(system_file /etc/os-release)
  [ -f "$os_release" ] || fail 2 "no /etc/os-release here: Debian, Raspberry Pi OS or Ubuntu is needed"
  system=$(os_value "$os_release" PRETTY_NAME)
  case " $(os_value "$os_release" ID) $(os_value "$os_release" ID_LIKE) " in
    *" debian "* | *" ubuntu "* | *" raspbian "*) ;;
    *) fail 2 "$system is not Debian, Raspberry Pi OS or Ubuntu: there, pip install the wheel in an" \
      "environment of your own" ;;
  esac
  name_board
}

os_value() {
  sed -n "s/^$2=//p" "$1" | tr -d "\"'"
}

name_board() {
  local tree cpuinfo
  tree=$(system_file /proc/device-tree/model)
  cpuinfo=$(system_file /proc/cpuinfo)
  board=""
  [ ! -r "$tree" ] || board=$(tr -d '\0' <"$tree")
  [ -n "$board" ] || board=$(sed -n 's/^Model[[:space:]]*: //p' "$cpuinfo" 2>/dev/null | head -n 1 || true)
  [ -n "$board" ] || board="$machine, not a Raspberry Pi as far as it says"
}

check_python() {
  command -v python3 >/dev/null || fail 2 "no python3: apt install python3 python3-venv"
  # What somebody has set for their own programs must not reach into this.
  unset PYTHONPATH PYTHONHOME
  export PYTHONNOUSERSITE=1
  python=$(python3 -c 'import platform; print(platform.python_version())')
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
    || fail 2 "Python $python is too old, 3.10 is needed: install Raspberry Pi OS bookworm or later"
  python3 -c 'import ensurepip, venv' 2>/dev/null || fail 2 "Python's venv is missing: apt install python3-venv"
}

check_space() {
  local there=$base free
  while [ ! -d "$there" ]; do there=$(dirname "$there"); done
  free=$(df -Pm "$there" | awk 'NR == 2 { print $4 }')
  [ "$free" -ge "$NEEDED_MB" ] || fail 2 "$free MB are free at $there, $NEEDED_MB are needed: make room" \
    "(apt clean; a larger card)"
}

describe_camera() {
  local found=()
  if compgen -G '/dev/video*' >/dev/null; then
    found+=("$(compgen -G '/dev/video*' | wc -l) video devices")
  fi
  if command -v rpicam-hello >/dev/null || command -v libcamera-hello >/dev/null; then
    found+=("libcamera")
  fi
  if has_picamera2; then found+=("picamera2"); fi
  [ ${#found[@]} -gt 0 ] || found=("none found; one can come later")
  local IFS=,
  say "${found[*]}" | sed 's/,/, /g'
}

has_picamera2() {
  python3 -c 'import importlib.util as u, sys; sys.exit(u.find_spec("picamera2") is None)'
}

tell_and_ask() {
  say "machine   $board"
  say "system    $system, $machine, Python $python"
  say "camera    $(describe_camera)"
  say "install   $NAME $version from ${wheel:-$source} below $base"
  say "command   $command"
  [ -z "$model" ] || say "model     $model to $state/models"
  [ "$service" = no ] || say "service   $unit, with $configuration/webcam.toml"
  if [ "$sure" = yes ] || [ ! -t 0 ]; then return; fi
  local answer
  read -r -p "Go on? [Y/n] " answer
  case $answer in
    "" | [yY]*) ;;
    *) fail 2 "nothing was changed" ;;
  esac
}

# --- a version -----------------------------------------------------------------------------------

# One run at a time. Whoever was killed may have left pip at work, which holds the lock as well.
take_turn() {
  exec 9>"$base/lock"
  flock -n 9 || say "another run is not over: waiting for it"
  flock -w 900 9 || fail 2 "another run does not end: stop it, then start this again"
}

remove_half_made() {
  local path
  for path in "$versions"/*; do
    if [ -d "$path" ] && [ ! -e "$path/complete" ]; then
      say "removing what was left unfinished: ${path##*/}"
      rm -rf "$path"
    fi
  done
  rm -f "$base"/*.next
}

make_version() {
  new=$versions/$version-$(date -u +%Y%m%dT%H%M%S)
  while [ -e "$new" ]; do new=$new.1; done # a Raspberry Pi without network has no right time
  trap remove_unfinished EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  mkdir -p "$new/tmp" "$cache"
  # Not in /tmp, which is memory on newer systems.
  export TMPDIR=$new/tmp PIP_CACHE_DIR=$cache PIP_DISABLE_PIP_VERSION_CHECK=1
  : >"$log"
  say "making the environment"
  # picamera2 comes with the system. Everything else is the environment's own, which comes first.
  logged 1 "the environment cannot be made" python3 -m venv --system-site-packages "$new"
  install_packages
  adopt_picamera2
  try_it
  rm -rf "$new/tmp"
  unset TMPDIR
}

remove_unfinished() {
  [ -e "$new/complete" ] || rm -rf "$new"
}

install_packages() {
  say "installing the packages: some minutes"
  local given=$wheel
  if [ -z "$given" ]; then
    logged 1 "the wheel cannot be built" \
      "$new/bin/python3" -m pip wheel --no-deps --only-binary=:all: --wheel-dir "$new/tmp/wheel" "$source"
    given=$(first_file "$new"/tmp/wheel/*.whl)
  fi
  pip_install -c "$constraints" "$given"
  slim_down
}

# No compiler is needed, or used. Debian's numpy and OpenCV are left out of account: they may be
# too old, and apt changes them.
pip_install() {
  logged 1 "the packages cannot be installed (is there a network?)" \
    "$new/bin/python3" -m pip install --no-input --no-compile --only-binary=:all: --ignore-installed "$@"
}

slim_down() {
  logged 1 "the packages cannot be made smaller" "$new/bin/python3" "$HERE/slim.py" "$new"
  say "$(tail -n 1 "$log")"
}

# Runs a command whose output is for the log; the last line of it tells why it failed.
logged() {
  local code=$1 what=$2
  shift 2
  "$@" >>"$log" 2>&1 </dev/null || fail "$code" "$what: $(last_words); all of it is in $log"
}

last_words() {
  grep -iE '^(error|fatal)' "$log" | tail -n 1 | grep . || tail -n 1 "$log"
}

# Debian 12's simplejpeg, which picamera2 needs, was built for an older numpy than ours.
adopt_picamera2() {
  has_picamera2 || return 0
  ! "$new/bin/python3" -c 'import picamera2' >>"$log" 2>&1 || return 0
  "$new/bin/python3" -m pip install --no-input --only-binary=:all: --ignore-installed --no-deps simplejpeg \
    >>"$log" 2>&1 || true
  "$new/bin/python3" -c 'import picamera2' >>"$log" 2>&1 \
    || say "note: picamera2 does not work with these packages ($(last_words)); /dev/video* cameras do"
}

try_it() {
  say "trying it"
  "$new/bin/$NAME" doctor >"$new/tmp/doctor" 2>>"$log" </dev/null \
    || fail 1 "srgan-edge does not work here: $(last_words); all of it is in $log"
  cat "$new/tmp/doctor"
  compile_what_is_used
}

# What was imported once is compiled. Later nobody may write there, and every start would take longer.
compile_what_is_used() {
  "$new/bin/python3" -m compileall -q "$(package_folder)" >>"$log" 2>&1 || true
  "$new/bin/python3" -c 'import aiohttp.web, av, pygame' >>"$log" 2>&1 || true
}

check_model() {
  [ -n "$model" ] || return 0
  local said
  said=$("$new/bin/$NAME" info "$model" 2>&1) || fail 2 "$model cannot be used: ${said##*srgan-edge: }"
  [ ! -f "$(package_folder)/models/${model##*/}" ] \
    || fail 2 "a model that is embedded has the name ${model##*/}: rename yours"
}

# -I: from this environment, also where the checkout is the folder of the moment.
package_folder() {
  "$new/bin/python3" -I -c 'import os, srgan_edge; print(os.path.dirname(srgan_edge.__file__))'
}

# --- from the old one to the new one -------------------------------------------------------------

switch_to_it() {
  say "switching to it"
  # All files first, the mark after them: after a power cut, marked is whole.
  sync -f "$versions"
  : >"$new/complete"
  sync -f "$versions"
  local before
  before=$(readlink "$base/current") || before=""
  [ -z "$before" ] || point "$base/previous" "$before"
  point "$base/current" "versions/${new##*/}"
  say "it is in use"
  link_command
  sync -f "$base"
}

# A link that is moved in one step: there is always the old one or the new one.
point() {
  ln -sfn "$2" "$1.next"
  mv -T "$1.next" "$1"
}

link_command() {
  if [ -e "$command" ] && [ ! -L "$command" ]; then
    say "note: there is another $command, left alone; ours is $base/current/bin/$NAME"
    return
  fi
  mkdir -p "${command%/*}"
  point "$command" "$base/current/bin/$NAME"
}

remove_older() {
  local path keep
  keep=" $(readlink "$base/current") $(readlink "$base/previous" || true) "
  for path in "$versions"/*; do
    case $keep in
      *" versions/${path##*/} "*) ;;
      *)
        # No longer marked before it is no longer whole.
        rm -f "$path/complete"
        rm -rf "$path"
        ;;
    esac
  done
}

# --- the service ---------------------------------------------------------------------------------

put_model() {
  [ -n "$model" ] || return 0
  mkdir -p "$state/models"
  # A service that starts meanwhile sees all of it or nothing: models end with .tflite.
  install -m 644 "$model" "$state/models/.${model##*/}.next"
  sync -f "$state/models"
  mv -T "$state/models/.${model##*/}.next" "$state/models/${model##*/}"
  say "model ${model##*/}: in $state/models"
}

install_service() {
  make_user
  put_configuration
  mkdir -p "${unit%/*}"
  install -m 644 "$HERE/$NAME.service" "$unit.next"
  mv -T "$unit.next" "$unit"
  start_service
  tell_address
}

make_user() {
  mkdir -p "$state/models"
  [ -z "$prefix" ] || return 0
  local group
  # systemd starts nothing in a group that is not there.
  for group in video render; do
    getent group "$group" >/dev/null || logged 1 "no group $group" groupadd --system "$group"
  done
  getent passwd "$NAME" >/dev/null || logged 1 "no system user $NAME" \
    useradd --system --user-group --home-dir "/var/lib/$NAME" --no-create-home --shell /usr/sbin/nologin "$NAME"
  logged 1 "the system user $NAME is in no group for cameras" usermod -a -G video,render "$NAME"
  chown "$NAME:$NAME" "$state"
}

# A configuration that is there is somebody's own.
put_configuration() {
  local kept=$configuration/webcam.toml
  mkdir -p "$configuration"
  if [ ! -e "$kept" ]; then
    sed "s/^source = \"0\"\$/source = \"$(camera)\"/" "$HERE/webcam.toml" >"$kept.next"
    chmod 644 "$kept.next"
    mv -T "$kept.next" "$kept"
  elif cmp -s "$HERE/webcam.toml" "$kept"; then
    rm -f "$kept.new"
  else
    install -m 644 "$HERE/webcam.toml" "$kept.new"
    say "$kept is kept; the new defaults are in $kept.new"
  fi
}

# The one that there is, as `source` names it.
camera() {
  "$new/bin/python3" -I -m srgan_edge.sources.cameras 2>>"$log" || say 0
}

# Below a prefix it is one that a test pretends.
runs_systemd() { [ -d "$prefix/run/systemd/system" ]; }

start_service() {
  if ! runs_systemd; then
    say "systemd is not running here: the service is installed, not started"
    # An image that is being made for a card: it starts when that does.
    if [ -z "$prefix" ] && command -v systemctl >/dev/null; then
      logged 1 "the service cannot be enabled" systemctl enable "$NAME"
    fi
    return
  fi
  logged 1 "systemd does not read the unit" systemctl daemon-reload
  logged 1 "the service cannot be enabled" systemctl enable "$NAME"
  # Without --no-block it would wait for the first frame, and fail where there is no camera yet.
  logged 1 "the service cannot be started" systemctl restart --no-block "$NAME"
  wait_for_service
}

# It has started when it has shown a frame; without a camera it tries again and again.
wait_for_service() {
  local second
  say "starting the service"
  for second in {1..45}; do
    if systemctl is-active --quiet "$NAME"; then
      say "the service runs, after $second s: journalctl -u $NAME shows what it says"
      return
    fi
    sleep 1
  done
  say "note: the service has not shown a frame yet (is there a camera?): journalctl -u $NAME"
}

# Asked as the service's user, whose token it has.
tell_address() {
  local address as=()
  [ -n "$prefix" ] || as=(runuser -u "$NAME" --)
  address=$(cd "$state" && "${as[@]}" env SRGAN_EDGE_STATE="$state" "$base/current/bin/$NAME" \
    webcam --config "$configuration/webcam.toml" --print-url 2>>"$log" </dev/null) || return 0
  say "to look, open $address"
}

# It would go on with the version before.
restart_running_service() {
  if runs_systemd && [ -e "$unit" ]; then
    logged 1 "the service cannot be started" systemctl try-restart --no-block "$NAME"
  fi
}

main "$@"
