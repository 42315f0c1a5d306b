#!/usr/bin/env bash
# conan.sh: builds and packages the checkout with Conan 2, in a cache of its own; skipped where that is not there.
set -euo pipefail
command -v conan >/dev/null && conan --version | grep -q 'version 2' || { echo 'skipped: no Conan 2'; exit 77; }
root=$(realpath "$(dirname "$0")/../..")
CONAN_HOME=$(mktemp -d)
export CONAN_HOME
trap 'rm -rf "$CONAN_HOME"' EXIT
conan profile detect >/dev/null
conan remote list | grep -q . && conan search stb -r conancenter >/dev/null 2>&1 || { echo 'skipped: no Conan Center'; exit 77; }
conan create "$root/packaging/conan" --build=missing -s compiler.cppstd=20
