#!/usr/bin/env bash
# vcpkg.sh: builds the port of the checkout and a program with it: by the vcpkg in VCPKG_ROOT, or, without one, with
# stand-ins for vcpkg's functions.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
root=$(realpath "$here/../..")
port=$root/packaging/vcpkg/rfpp
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
configuration=()
if [[ -x ${VCPKG_ROOT:-}/vcpkg ]]; then
  "$VCPKG_ROOT/vcpkg" install rfpp --overlay-ports="$root/packaging/vcpkg" --no-binarycaching \
    --x-install-root="$work/installed"
  package=$(dirname "$(find "$work/installed" -name rfppConfig.cmake | head -1)")
  configuration=(-DCMAKE_TOOLCHAIN_FILE="$VCPKG_ROOT/scripts/buildsystems/vcpkg.cmake"
                 -DVCPKG_INSTALLED_DIR="$work/installed" -DVCPKG_MANIFEST_MODE=OFF)
else
  cmake -DPORT="$port" -DPACKAGE="$work/package" -DBUILD="$work/build" -P "$here/vcpkg_port.cmake"
  package=$work/package/share/rfpp
fi
cmake -S "$here/restorer" -B "$work/consumer" -Drfpp_DIR="$package" -DWEIGHTS="$root/weights" "${configuration[@]}"
cmake --build "$work/consumer"
"$work/consumer/found"
"$work/consumer/embedded"
