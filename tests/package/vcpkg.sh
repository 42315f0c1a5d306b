#!/usr/bin/env bash
# vcpkg.sh: builds the port of the checkout with the vcpkg in VCPKG_ROOT; skipped where that is not there.
set -euo pipefail
[[ -x ${VCPKG_ROOT:-}/vcpkg ]] || { echo 'skipped: no vcpkg in VCPKG_ROOT'; exit 77; }
root=$(realpath "$(dirname "$0")/../..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$VCPKG_ROOT/vcpkg" install rfpp --overlay-ports="$root/packaging/vcpkg" --x-install-root="$work/installed"
[[ -e $(find "$work/installed" -name rfppConfig.cmake | head -1) ]]
