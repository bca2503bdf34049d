#!/usr/bin/env bash
# Configures and builds a preset, all of it or the named targets: tools/build.sh PRESET [TARGET...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset="$1"
shift
mkdir -p build
log="build/$preset-configure.log"
if ! cmake --preset "$preset" >"$log" 2>&1; then
  cat "$log" >&2
  echo "build: configuring the preset $preset failed" >&2
  exit 1
fi
targets=()
[ $# = 0 ] || targets=(--target "$@")
cmake --build --preset "$preset" "${targets[@]}"
