#!/usr/bin/env bash
# Installs what is missing (Debian, Ubuntu), builds `restore`, and runs it on the sample photo.
set -euo pipefail
cd "$(dirname "$0")/.."

.ci/install g++ cmake ninja-build libcli11-dev libeigen3-dev libstb-dev nlohmann-json3-dev
cmake -S . -B build/quickstart -G Ninja -DCMAKE_BUILD_TYPE=Release -DRFPP_BUILD_TESTS=OFF
cmake --build build/quickstart --target restore
build/quickstart/examples/programs/rfpp-restore examples/data/astronaut_degraded.jpg --output restored --compare "$@"
echo "The photo and its result, side by side, are in restored/astronaut_degraded.jpg"
