#!/usr/bin/env bash
# Makes what Lambda is given: azs3copy-lambda01.zip to 06, one a function, and azs3copy-lambda.zip for all six.
# Each holds the one program, bootstrap; the function's handler says which of the six it is.
#
#   tools/package.sh [arm64|x86-64]...    both without an argument; into build/package/<architecture>
#
# The same sources give the same bytes in any folder, for any user, with ccache or without.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

[ $# -gt 0 ] || set -- arm64 x86-64
for architecture in "$@"; do
  case "$architecture" in
    x86-64)
      preset=release
      tools/deps.sh build
      ;;
    arm64)
      preset=arm64
      tools/deps.sh package
      libraries="$(tools/deps.sh --paths | sed -n 's/^LIBRARIES_ARM64=//p')"
      export CMAKE_PREFIX_PATH="$libraries"
      ;;
    *) echo "usage: tools/package.sh [arm64|x86-64]..." >&2; exit 2 ;;
  esac
  tools/build.sh "$preset" bootstrap
  /usr/bin/python3 tools/package.py "build/$preset/src/hosts/bootstrap" "build/package/$architecture"
done
