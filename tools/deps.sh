#!/usr/bin/env bash
# Installs what the build, the tests, the demo and the benchmarks need. Safe to repeat, quick when all is there.
#
#   tools/deps.sh STEP...        steps are listed by: tools/deps.sh --help
#
# Debian's packages go into the system (root or sudo). Everything else is pinned in tools/deps.list and kept in
# ${XDG_CACHE_HOME:-$HOME/.cache}/azs3copy, one folder per name and version, so that another clone finds it there.
# A folder gets its final name only when it is whole, so an interrupted run leaves nothing half done behind.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/azs3copy"
jobs="$(nproc)"
mkdir -p "$cache"

# shellcheck source=/dev/null
. /etc/os-release
codename="${VERSION_CODENAME:-}"
distribution="${ID:-}"

say() { printf 'deps: %s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# Everything long runs with its output in a log, which is shown only when it fails.
logged() {
  local name="$1" log="$cache/log/$1.log"
  shift
  mkdir -p "$cache/log"
  if ! "$@" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    die "$name failed; the whole log is $log"
  fi
}

# with_lock NAME COMMAND...: two clones may run this script at once; the second waits and then finds the work done.
with_lock() {
  local lock="$cache/.lock.$1"
  shift
  (
    flock 9
    "$@" 9>&-
  ) 9>"$lock"
}

pinned_version() {
  awk -v name="$1" '$1 == name { print $2; found = 1 } END { exit !found }' "$here/deps.list" ||
    die "$1 is not in tools/deps.list"
}

# ---------------------------------------------------------------------------------------------- Debian's packages

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    sudo -- "$@"
  fi
}

is_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

has_candidate() {
  apt-cache show --no-all-versions "$1" >/dev/null 2>&1
}

apt_update_once() {
  [ -z "${apt_updated:-}" ] || return 0
  say "apt-get update"
  logged apt-update as_root apt-get -o DPkg::Lock::Timeout=900 -o APT::Update::Error-Mode=any update
  apt_updated=1
}

# install_packages PACKAGE...: 'a|b' means the first of them that this distribution has.
install_packages() {
  local wanted name missing=() choices
  for wanted in "$@"; do
    IFS='|' read -ra choices <<<"$wanted"
    for name in "${choices[@]}"; do
      is_installed "$name" && continue 2
    done
    missing+=("$wanted")
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    die "packages are missing, and there is neither root nor sudo. As root run:
  apt-get update && apt-get install --no-install-recommends ${missing[*]%%|*}"
  fi
  apt_update_once
  local chosen=()
  for wanted in "${missing[@]}"; do
    IFS='|' read -ra choices <<<"$wanted"
    for name in "${choices[@]}"; do
      if has_candidate "$name"; then
        chosen+=("$name")
        continue 2
      fi
    done
    die "this distribution (${PRETTY_NAME:-unknown}) has no package ${wanted//|/ or }; Debian 12 and 13 have"
  done
  say "apt-get install ${chosen[*]}"
  logged apt-install as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=900 \
    install -y --no-install-recommends "${chosen[@]}"
}

step_apt() { # compiler, build tools and the libraries of the program
  install_packages ca-certificates clang-19 lld-19 llvm-19 cmake ninja-build ccache libc6-dev \
    'libboost1.81-dev|libboost1.83-dev|libboost-dev' libpugixml-dev libcli11-dev libfmt-dev \
    libtomlplusplus-dev libhowardhinnant-date-dev
}

step_apt_test() { # libraries of the tests and benchmarks, and the sanitizers' run-time
  step_apt
  install_packages libclang-rt-19-dev libgtest-dev libgmock-dev librapidcheck-dev libbenchmark-dev
}

step_apt_lint() { # formatters and linters
  install_packages clang-format-19 clang-tidy-19 shellcheck
}

step_apt_arm64() { # headers, C and C++ libraries of arm64, and qemu to run what was built
  step_apt_test
  install_packages g++-aarch64-linux-gnu qemu-user-static
}

# -------------------------------------------------------------------------------------------------------- OpenSSL

# The mirror that this machine already uses for the given suite ("" or "-security"): no address is written here.
mirror_of() {
  # shellcheck disable=SC2016 # the $(...) are apt's
  apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
    awk -v want="^($codename|stable|oldstable|testing)$1\$" '$1 ~ want { print $2; exit }'
}

# A sources list of its own, so that the machine's is left alone and nothing of the newer suite can be installed.
openssl_apt() {
  local tool="$1"
  shift
  "$tool" -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=- \
    -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root \
    -o APT::Update::Error-Mode=any "$@"
}

# Both suites hold OpenSSL 3.5 LTS as a source package, with Debian's or Ubuntu's security fixes.
openssl_sources_list() {
  local suite keyring suffix uri
  case "$distribution" in
    ubuntu) suite=resolute keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg ;;
    *) suite=trixie keyring=/usr/share/keyrings/debian-archive-keyring.gpg ;;
  esac
  # Early releases of Debian 12 came without the keys of 13: the distribution's own update brings them.
  if [ "$distribution" = debian ] && [ ! -e /usr/share/keyrings/debian-archive-trixie-automatic.gpg ]; then
    apt_update_once
    say "apt-get install debian-archive-keyring"
    logged apt-keyring as_root apt-get install -y --no-install-recommends debian-archive-keyring
  fi
  [ -r "$keyring" ] || die "no keyring $keyring to check OpenSSL's source package with"
  for suffix in "" -security; do
    uri="$(mirror_of "$suffix")"
    [ -z "$uri" ] || echo "deb-src [signed-by=$keyring] $uri $suite$suffix main"
  done >"$work/sources.list"
  [ -s "$work/sources.list" ] || die "no mirror of $codename found in this machine's apt sources"
}

fetch_openssl() {
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  openssl_sources_list
  openssl_apt apt-get update
  openssl_apt apt-cache showsrc openssl | awk '$1 == "Version:" { print $2 }' | sort -Vr >"$work/versions"
  # A mirror in the middle of its own update lists versions whose files it does not have yet: take the next older.
  local version
  while read -r version; do
    (cd "$work" && openssl_apt apt-get source --download-only "openssl=$version") && return 0
    echo "the mirror lists OpenSSL $version but cannot send it"
  done <"$work/versions"
  return 1
}

# $1: x86_64 or aarch64. Static, without anything that would load another file at run time: the program is linked
# with -static, and a host's openssl.cnf may name modules that such a program cannot load.
build_openssl() {
  local arch="$1" source="$work/source" prefix="$2" target tools=()
  case "$arch" in
    x86_64) target=linux-x86_64 tools=(CC=clang-19) ;;
    aarch64) target=linux-aarch64 tools=(--cross-compile-prefix=aarch64-linux-gnu- CC=gcc) ;;
  esac
  rm -rf "$source"
  dpkg-source --no-check -x "$work"/openssl_*.dsc "$source"
  cd "$source"
  ./Configure "$target" "${tools[@]}" --prefix="$prefix" --libdir=lib --openssldir=/usr/lib/ssl no-shared no-tests \
    no-docs no-apps no-legacy no-engine no-dso no-module no-autoload-config no-ui-console no-quic
  make -j"$jobs" build_libs
  make install_dev DESTDIR="$work/root"
  mkdir -p "$(dirname "$prefix")"
  mv "$work/root$prefix" "$prefix"
}

# The work folder must not outlive this, and sits outside of the cache: it is 150 MB.
make_openssl() {
  local arch="$1" link="$cache/openssl-$1" dsc version prefix
  [ ! -e "$link/lib/libssl.a" ] || return 0
  install_packages ca-certificates dpkg-dev make perl xz-utils
  work="$(mktemp -d)"
  trap 'rm -rf "$work"' EXIT
  chmod 755 "$work"
  say "downloading OpenSSL $(pinned_version openssl) (source package, signature checked by apt)"
  logged "openssl-$arch-download" fetch_openssl
  dsc="$(ls "$work"/openssl_*.dsc)"
  version="$(awk '$1 == "Version:" { print $2; exit }' "$dsc")"
  case "$version" in
    "$(pinned_version openssl)".*) ;;
    *) die "the suite holds OpenSSL $version, wanted $(pinned_version openssl).x" ;;
  esac
  prefix="$cache/openssl-$version-$arch"
  rm -rf "$prefix"
  say "building OpenSSL $version for $arch (about 3 minutes on 2 cores)"
  logged "openssl-$arch-build" build_openssl "$arch" "$prefix"
  ln -sfn "openssl-$version-$arch" "$link"
}

system_openssl_is_new() {
  local version
  version="$(dpkg-query -W -f='${Version}' libssl-dev 2>/dev/null)" && dpkg --compare-versions "$version" ge 3.5
}

step_openssl() { # OpenSSL 3.5 LTS, static; the system's libssl-dev where it is 3.5 or later
  case "$codename" in
    bookworm) ;;
    *) install_packages libssl-dev ;;
  esac
  system_openssl_is_new || with_lock openssl-x86_64 make_openssl x86_64
}

step_openssl_arm64() { # the same for arm64
  install_packages g++-aarch64-linux-gnu
  with_lock openssl-aarch64 make_openssl aarch64
}

# ----------------------------------------------------------------------------------------------------------- main

usage() {
  sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  echo "steps:"
  sed -n 's/^step_\([a-z0-9_]*\)() { # \(.*\)/\1|\2/p' "${BASH_SOURCE[0]}" | tr _ - |
    awk -F'|' '{ printf "  %-14s %s\n", $1, $2 }'
}

case "${1:---help}" in
  -h | --help) usage; exit 0 ;;
esac
for step in "$@"; do
  declare -F "step_${step//-/_}" >/dev/null || { usage >&2; die "no step $step"; }
done
for step in "$@"; do
  "step_${step//-/_}"
done
