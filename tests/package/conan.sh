#!/usr/bin/env bash
# conan.sh <folder of Eigen's headers> <of nlohmann_json's> <of stb's>
# Packages the checkout with Conan 2, in a cache of its own and without a server: the dependencies are what is installed
# here. The recipe's test package then restores a face. Skipped where Conan 2 is not installed.
set -euo pipefail
[[ $(conan --version 2>/dev/null) == *'version 2'* ]] || { echo 'skipped: no Conan 2'; exit 77; }
here=$(realpath "$(dirname "$0")")
recipe=$(realpath "$here/../../packaging/conan")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CONAN_HOME=$work/home
quietly() {  # <command>...: what it says is shown where it fails
  "$@" >"$work/said" 2>&1 || { cat "$work/said"; exit 1; }
}
quietly conan profile detect
quietly conan remote disable '*'
# Debug skips the optimizer, which takes most of the time.
settings=(-s compiler.cppstd=20 -s build_type=Debug)

dependency() {  # <name> <folder of its headers>: in the version that the recipe requires
  local version
  version=$(sed -n "s|.*requires(\"$1/\([^\"]*\)\".*|\1|p" "$recipe/conanfile.py")
  HEADERS=$2 quietly conan create "$here/conan_dependency" --name="$1" --version="$version" "${settings[@]}"
}
dependency eigen "$1"
dependency nlohmann_json "$2"
dependency stb "$3"
conan create "$recipe" "${settings[@]}" -c tools.build:cxxflags="['-O0', '-g0']" \
  -c tools.cmake.cmake_layout:test_folder="$work/test"
