#!/usr/bin/env bash
# Installs what is missing (Debian, Ubuntu), builds the examples and the tests, and runs the tests. Those of headers and
# packages as other projects see them take as long again, nearly all of it the compiler's: .ci/run has them.
set -euo pipefail
cd "$(dirname "$0")/.."

.ci/install g++ cmake ninja-build catch2 libcli11-dev libeigen3-dev libjpeg-dev libstb-dev nlohmann-json3-dev pkg-config
# Hardly optimized, but for the kernels: the compiler takes longer than the tests.
cmake --preset release -DCMAKE_CXX_FLAGS_RELEASE='-O1 -DNDEBUG'
cmake --build --preset release -j "$(nproc)"
ctest --preset release -j "$(nproc)" -E '^(compile|package):'
