#!/usr/bin/env bash
# Tests of the deployment's templates: tests/deploy/run.sh [ARGUMENT OF PYTEST...]
#
#   templates alone: linters, Terraform's own tests, comparison ----------------- their Python, beside the other
#   applied stack: apply --> read back --> the chain of functions --> destroy --- the servers' Python
#
# Without the program terraform its tests are skipped, unless AZS3COPY_TEST_TERRAFORM=required. The chain runs
# the program of AZS3COPY_TEST_PROGRAM, with the bootstrap beside it; without it both are built.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
here="$root/tests/deploy"

has_terraform=yes
command -v terraform >/dev/null || has_terraform=no
if [ "$has_terraform" = yes ]; then
  "$root/tools/deps.sh" deploy servers
elif [ "${AZS3COPY_TEST_TERRAFORM:-}" = required ]; then
  echo "tests/deploy: there is no program terraform (1.11 or later) on the PATH" >&2
  exit 1
else
  "$root/tools/deps.sh" deploy-python python
fi
paths="$("$root/tools/deps.sh" --paths)"
path_of() { sed -n "s/^$1=//p" <<<"$paths"; }
AZS3COPY_TEST_AZURE_SCHEMAS="$(path_of AZURE_SCHEMAS)"
export AZS3COPY_TEST_AZURE_SCHEMAS
# Third-party deprecations are not ours to mend.
export PYTHONWARNINGS=ignore
pytest=(-m pytest -q -p no:cacheprovider --timeout 900)
on_a_stack=("$here/test_apply.py" "$here/test_chain.py" "$here/test_destroy.py")

# Everything may be deselected in one of the two.
unless_empty() { "$@" || [ $? -eq 5 ]; }

templates() {
  unless_empty "$(path_of DEPLOY_PYTHON)" "${pytest[@]}" "$@" "${on_a_stack[@]/#/--ignore=}" "$here"
}

stack() {
  if [ -z "${AZS3COPY_TEST_PROGRAM:-}" ]; then
    "$root/tools/build.sh" debug azs3copy bootstrap fake_clouds
    export AZS3COPY_TEST_PROGRAM="$root/build/debug/src/hosts/azs3copy"
  fi
  # A report of its own: deploy.xml --> deploy-stack.xml
  unless_empty "$here/../servers/run.sh" --only moto-auth,azurite-tls,entra,versitygw-tls \
    "$(path_of PYTHON)" "${pytest[@]}" "${@/%.xml/-stack.xml}" "${on_a_stack[@]}"
}

if [ "$has_terraform" = no ]; then
  templates "$@"
  exit
fi
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
templates "$@" >"$log" 2>&1 &
status=0
stack "$@" || status=1
wait $! || status=1
cat "$log"
exit "$status"
