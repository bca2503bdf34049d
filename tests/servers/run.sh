#!/usr/bin/env bash
# Runs a command with the real test servers up: tests/servers/run.sh [--only NAME,NAME] COMMAND [ARGUMENT...]
set -euo pipefail
exec /usr/bin/python3 "$(dirname "${BASH_SOURCE[0]}")/servers.py" "$@"
