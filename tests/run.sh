#!/usr/bin/env bash
# Installs what is missing (Debian, Ubuntu), builds the examples and the tests, and runs the tests.
set -euo pipefail
cd "$(dirname "$0")/.."

.ci/install g++ cmake ninja-build catch2 libcli11-dev libeigen3-dev libjpeg-dev libstb-dev nlohmann-json3-dev pkg-config
# Kernels are written as vectors: -O3 takes longer to compile, and the tests see no difference.
cmake --preset release -DCMAKE_CXX_FLAGS_RELEASE='-O2 -DNDEBUG'
cmake --build --preset release -j "$(nproc)"
ctest --preset release -j "$(nproc)"
