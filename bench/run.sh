#!/usr/bin/env bash
# Measures azs3copy against rclone and the relay floor, in one interleaved run over TLS against fast local servers, and
# writes bench/results.md: bench/run.sh [--rounds N] [--quick]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tools/deps.sh bench
tools/build.sh bench azs3copy bench_azure bench_s3 bench_relay
exec /usr/bin/python3 bench/run.py "$@"
