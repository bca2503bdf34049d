#!/usr/bin/env bash
# Cross-builds the program for arm64 and runs it, and the tests of the pure layers, under qemu.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

libraries="$(tools/deps.sh --paths | sed -n 's/^LIBRARIES_ARM64=//p')"
# Debian calls it qemu-aarch64-static, and qemu-aarch64 where only the static one is left.
qemu="$(command -v qemu-aarch64-static || command -v qemu-aarch64)"
# The test programs are not static: their loader and libraries are those of the cross-compiler.
export QEMU_LD_PREFIX=/usr/aarch64-linux-gnu

cmake --preset arm64 -DAZS3COPY_TESTS=ON -DCMAKE_PREFIX_PATH="$libraries" \
  -DCMAKE_CROSSCOMPILING_EMULATOR="$qemu" >/dev/null
cmake --build --preset arm64 --target azs3copy codec_test plan_test messages_test
"$qemu" build/arm64/src/hosts/azs3copy --version
for test in codec_test plan_test messages_test; do
  "$qemu" "$(find build/arm64 -type f -name "$test")" --gtest_brief=1
done
