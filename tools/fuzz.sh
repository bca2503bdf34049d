#!/usr/bin/env bash
# Runs every fuzz target of a build for AZS3COPY_FUZZ_SECONDS (60), two at a time: tools/fuzz.sh BUILD_FOLDER
# A finding is left in BUILD_FOLDER/fuzz-findings. Seeds come from tests/fuzz/corpus/TARGET, where there are
# any.
set -euo pipefail

build="$1"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
export seconds="${AZS3COPY_FUZZ_SECONDS:-60}" findings="$PWD/$build/fuzz-findings"
export seeds="$here/tests/fuzz/corpus"
mkdir -p "$findings"

fuzz_one() {
  set -euo pipefail
  local target="$1" name log corpus inputs
  name="$(basename "$target")"
  log="$findings/$name.log" corpus="$findings/$name-corpus"
  mkdir -p "$corpus"
  inputs=("$corpus")
  [ ! -d "$seeds/$name" ] || inputs+=("$seeds/$name")
  if ! "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$findings/$name-" "${inputs[@]}" >"$log" 2>&1; then
    tail -n 60 "$log"
    echo "fuzz: $name FAILED; the input lies in $findings"
    return 1
  fi
  echo "fuzz: $name passed, $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs in $seconds s"
}
export -f fuzz_one

mapfile -t targets < <(find "$build" -type f -name 'fuzz_*' -executable | sort)
[ ${#targets[@]} -gt 0 ] || { echo "fuzz: no target in $build" >&2; exit 1; }
# shellcheck disable=SC2016 # $1 is the inner shell's
printf '%s\0' "${targets[@]}" | xargs -0 -P 2 -I{} bash -c 'fuzz_one "$1"' fuzz {}
