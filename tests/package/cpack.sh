#!/usr/bin/env bash
# cpack.sh <build folder>
# The archive and the Debian package hold the programs and the weights, and what is unpacked restores a face.
set -euo pipefail
build=$(realpath "$1")
face=$(realpath "$(dirname "$0")/../../examples/data/astronaut.png")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fail() {
  echo "FAILED: $*"
  exit 1
}

generators=TGZ
! command -v dpkg-shlibdeps >/dev/null || generators+=';DEB'
cpack --config "$build/CPackConfig.cmake" -G "$generators" -B . >/dev/null
mkdir archive package
tar -xzf rfpp-*.tar.gz -C archive
if [[ $generators == *DEB ]]; then
  dpkg-deb -x ./*.deb package
  needed=$(dpkg-deb -f ./*.deb Depends)
  [[ $needed == *libc6* ]] || fail "the package depends on: $needed"
  linked=$(ldd package/usr/bin/rfpp-restore*)
  for codec in webp heif tiff; do
    [[ $linked != *lib$codec* || $needed == *lib$codec* ]] ||
      fail "the package needs lib$codec and does not say so: $needed"
  done
fi
unset RFPP_WEIGHTS_DIR
for root in archive package; do
  program=$(find "$root" -name rfpp-restore)
  [[ -n $program ]] || { [[ $root == package && $generators == TGZ ]] && continue; fail "no rfpp-restore in the $root"; }
  for name in inspect codebook degrade evaluate train forward; do
    [[ -x ${program%restore}$name ]] || fail "no rfpp-$name in the $root"
  done
  [[ -e $(dirname "$program")/../share/rfpp/centerface.safetensors ]] || fail "no weights in the $root"
  # Weights that only this installation has: the network that it names is not among those of the sources.
  mv "$(dirname "$program")/../share/rfpp/rohqd-medium.safetensors" "$(dirname "$program")/../share/rfpp/rohqd.safetensors"
  "$program" --aligned "$face" -o "$root/restored"
  [[ -s $root/restored/astronaut.png ]] || fail "the $root restores nothing"
  "$program" --aligned "$face" --model rohqd -o "$root/other" 2>message && fail 'small weights fit a large network'
  grep -qF "share/rfpp/rohqd.safetensors" message || fail "other weights are used: $(<message)"
done
