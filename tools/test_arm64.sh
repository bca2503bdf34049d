#!/usr/bin/env bash
# Cross-builds the programs for arm64 and runs them, and the tests of the pure layers, under qemu.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

libraries="$(tools/deps.sh --paths | sed -n 's/^LIBRARIES_ARM64=//p')"
# Debian calls it qemu-aarch64-static, and qemu-aarch64 where only the static one is left.
qemu="$(command -v qemu-aarch64-static || command -v qemu-aarch64)"
# The test programs are not static: their loader and libraries are those of the cross-compiler.
export QEMU_LD_PREFIX=/usr/aarch64-linux-gnu

cmake --preset arm64 -DAZS3COPY_TESTS=ON -DCMAKE_PREFIX_PATH="$libraries" \
  -DCMAKE_CROSSCOMPILING_EMULATOR="$qemu" >/dev/null
cmake --build --preset arm64 --target azs3copy bootstrap codec_test plan_test messages_test
"$qemu" build/arm64/src/hosts/azs3copy --version
# Lambda's program has nobody to ask for work here: it must say so, and end with 2.
status=0
said="$(env -u AWS_LAMBDA_RUNTIME_API "$qemu" build/arm64/src/hosts/bootstrap download 2>&1)" || status=$?
printf '%s\n' "$said"
if [ "$status" != 2 ] || [[ "$said" != *AWS_LAMBDA_RUNTIME_API* ]]; then
  echo "arm64: bootstrap ended with $status instead of 2, or did not name AWS_LAMBDA_RUNTIME_API" >&2
  exit 1
fi
# Lambda's system may be older than this one: the program must need nothing of it. (qemu stands for the machine.)
root="$(mktemp -d)"
trap 'rm -rf "$root"' EXIT
cp "$qemu" "$root/qemu"
cp build/arm64/src/hosts/bootstrap "$root/bootstrap"
alone=(chroot "$root")
[ "$(id -u)" = 0 ] || alone=(unshare --user --map-root-user chroot "$root")
status=0
"${alone[@]}" /qemu /bootstrap download >/dev/null 2>&1 || status=$?
[ "$status" = 2 ] || { echo "arm64: in an empty root bootstrap ended with $status instead of 2" >&2; exit 1; }
/usr/bin/python3 tools/package.py build/arm64/src/hosts/bootstrap build/package/arm64

for test in codec_test plan_test messages_test; do
  "$qemu" "$(find build/arm64 -type f -name "$test")" --gtest_brief=1
done
