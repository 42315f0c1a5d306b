#!/usr/bin/env bash
# pkg_config.sh <folder of the installed .pc files> <compiler>
# Programs built with what pkg-config says: one of headers alone, one with the compiled front door.
set -euo pipefail
export PKG_CONFIG_PATH=$1
compiler=$2
here=$(realpath "$(dirname "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

eval "$compiler -O1 '$here/small.cpp' -o small $(pkg-config --cflags --libs rfpp)"
./small
eval "$compiler -O1 '$here/restorer/found.cpp' -o found $(pkg-config --cflags --libs rfpp-restorer)"
./found
