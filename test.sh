#!/usr/bin/env bash
# Installs what is needed, builds, and runs every test: ctest's (unit, contract) and pytest's (the program
# end to end), against the real servers of tests/servers. Safe to repeat.
#
#   ./test.sh --quick                                 leaves out the tests that take minutes
#   AZS3COPY_TEST_DEPLOY=no ./test.sh                 leaves out those of the deployment's templates
#   AZS3COPY_TEST_ALLOW_MISSING=moto,... ./test.sh    goes on without the named servers, and says so
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

which="full or not full"
which_deploy="terraform or not terraform"
left_out=()
case "${1:-}" in
  "") ;;
  --quick)
    which="not full" which_deploy="not terraform"
    left_out+=("the tests that take minutes, Terraform's among them")
    ;;
  *) echo "usage: ./test.sh [--quick]" >&2; exit 2 ;;
esac

preset=debug
results="build/test-results"

tools/deps.sh test
tools/build.sh "$preset"
rm -rf "$results"
mkdir -p "$results"

# Both kinds run even if the first fails; the summary below decides.
status=0
tests/servers/run.sh ctest --preset "$preset" --no-tests=error --parallel "$(nproc)" --timeout 300 \
  --output-junit "$PWD/$results/ctest.xml" || status=1

export AZS3COPY_TEST_PROGRAM="$PWD/build/$preset/src/hosts/azs3copy"
python="$(tools/deps.sh --paths | sed -n 's/^PYTHON=//p')"
tests/servers/run.sh "$python" -m pytest -q -p no:cacheprovider --timeout 900 -m "$which" \
  --junitxml "$PWD/$results/pytest.xml" tests/e2e || status=1

if [ "${AZS3COPY_TEST_DEPLOY:-}" = no ]; then
  left_out+=("the tests of the deployment's templates (AZS3COPY_TEST_DEPLOY=no)")
else
  tests/deploy/run.sh -m "$which_deploy" --junitxml "$PWD/$results/deploy.xml" || status=1
  command -v terraform >/dev/null || left_out+=("Terraform's side of the deployment: no program terraform on the PATH")
fi

[ -z "${AZS3COPY_TEST_ALLOW_MISSING:-}" ] || left_out+=("the servers $AZS3COPY_TEST_ALLOW_MISSING")
for what in "${left_out[@]}"; do
  echo "Left out: $what"
done
/usr/bin/python3 tools/test_summary.py "$results"/*.xml || status=1
exit "$status"
