#!/usr/bin/env bash
# Installs what is missing (Debian, Ubuntu), builds `restore`, and runs it on the sample photo.
set -euo pipefail
cd "$(dirname "$0")/.."

.ci/install g++ cmake ninja-build libcli11-dev libeigen3-dev libstb-dev nlohmann-json3-dev
# Not optimized: for one photo the compiler's time counts, not the program's.
cmake -S . -B build/quickstart -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE='-O0 -DNDEBUG' \
  -DRFPP_BUILD_TESTS=OFF
cmake --build build/quickstart --target restore
build/quickstart/examples/programs/rfpp-restore examples/data/astronaut_degraded.jpg --output restored --compare "$@"
echo "The photo and its result, side by side, are in restored/astronaut_degraded.jpg"
