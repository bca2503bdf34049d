#!/usr/bin/env bash
# Measures what a copy by the six Lambda functions costs, and writes bench/lambda_cost.md: bench/lambda.sh [--quick]
# Makes cgroups, so it wants root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tools/deps.sh test
tools/build.sh bench bootstrap azs3copy fake_clouds
python="$(tools/deps.sh --paths | sed -n 's/^PYTHON=//p')"
exec "$python" bench/lambda_cost.py "$@"
