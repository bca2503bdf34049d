#!/usr/bin/env bash
# Shows a whole copy on one machine: builds azs3copy, starts an Azure emulator (Azurite) and a strict S3
# server (versitygw), both over https, makes a sample container, copies it, checks it, and copies again.
# Leaves nothing running; what it built and the last report stay. Safe to repeat.
#
#   ./demo.sh --lambda    the same copy by the six Lambda functions, with moto for SNS, SQS and Secrets Manager
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

program="$PWD/build/release/src/hosts/azs3copy"
export AZS3COPY_STATE_DIR="${XDG_STATE_HOME:-$HOME/.local/state}/azs3copy-demo"

title() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

# Shows a command as one would type it, and runs it.
run() {
  printf '$ azs3copy'
  printf ' %q' "$@"
  printf '\n'
  "$program" "$@"
}

prepare() {
  title "Install and build"
  tools/deps.sh demo
  tools/build.sh release azs3copy
  rm -rf "$AZS3COPY_STATE_DIR"
  mkdir -p "$AZS3COPY_STATE_DIR"
  title "Start Azurite and versitygw over https"
  tests/servers/run.sh --only azurite-tls,versitygw-tls "$PWD/demo.sh" --with-servers
}

# The servers are up; their addresses and keys stand in AZS3COPY_TEST_*.
copy_and_check() {
  local source="$AZS3COPY_TEST_AZURITE_TLS_URL/sample" target=s3://demo/from-azure versitygw
  local s3=(--endpoint-url "$AZS3COPY_TEST_VERSITYGW_TLS_URL" --region "$AZS3COPY_TEST_S3_REGION"
    --ca-bundle "$AZS3COPY_TEST_CA")
  export AZURE_STORAGE_ACCOUNT="$AZS3COPY_TEST_AZURITE_ACCOUNT" AZURE_STORAGE_KEY="$AZS3COPY_TEST_AZURITE_KEY"
  export AWS_ACCESS_KEY_ID="$AZS3COPY_TEST_S3_ACCESS_KEY" AWS_SECRET_ACCESS_KEY="$AZS3COPY_TEST_S3_SECRET_KEY"

  title "Make a bucket and a sample container"
  local ca="$AZS3COPY_TEST_CA"
  versitygw="$(tools/deps.sh --paths | sed -n 's/^VERSITYGW=//p')"
  SSL_CERT_FILE="$ca" ADMIN_ACCESS_KEY="$AWS_ACCESS_KEY_ID" \
    ADMIN_SECRET_KEY="$AWS_SECRET_ACCESS_KEY" ADMIN_ENDPOINT_URL="$AZS3COPY_TEST_VERSITYGW_TLS_URL" \
    "$versitygw" admin create-bucket --bucket demo --owner "$AWS_ACCESS_KEY_ID"
  /usr/bin/python3 tools/sample.py "$source" "$ca"

  # The program warns of variables of its prefix that it does not know.
  unset "${!AZS3COPY_TEST_@}"

  title "Copy it"
  local started="$EPOCHREALTIME" seconds report
  run copy "$source" "$target" "${s3[@]}" --progress
  seconds="$(awk -v from="$started" -v to="$EPOCHREALTIME" 'BEGIN { print to - from }')"
  report="$(echo "$AZS3COPY_STATE_DIR"/runs/*)"
  title "Check that both sides are equal"
  run check "$source" "$target" "${s3[@]}"
  title "Copy again: everything is unchanged"
  run copy "$source" "$target" "${s3[@]}" --progress

  title "The demo's result"
  /usr/bin/python3 tools/demo_result.py "$report" "$seconds"
}

# The chain of the six functions.
show_lambda() {
  title "Install and build"
  tools/deps.sh demo-lambda
  tools/build.sh release azs3copy bootstrap
  title "Start Azurite, versitygw, a token server and moto"
  local python
  python="$(tools/deps.sh --paths | sed -n 's/^PYTHON=//p')"
  tests/servers/run.sh --only azurite-tls,versitygw-tls,entra,moto \
    "$python" tools/demo_lambda.py "$program" "${program%/*}/bootstrap"
}

case "${1:-}" in
  "") prepare ;;
  --lambda) show_lambda ;;
  --with-servers)
    copy_and_check
    exit
    ;;
  *) echo "usage: ./demo.sh [--lambda]" >&2; exit 2 ;;
esac
echo "Copied, checked and found unchanged; nothing is left running. It took $SECONDS s."
