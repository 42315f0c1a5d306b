# kernels.sh <kernels.cpp> <compiler> <arguments>...
# Networks of the same composition need the same kernels, however deep and wide they are.
set -eu
source=$1 && shift
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

printf '%-22s %10s %10s %10s %13s\n' network stage_run emit_run convolve micro_kernel
for network in Small RestoreFormerPlusPlus Large; do
  "$@" -O0 -c "-DRFPP_NETWORK=$network" "$source" -o "$folder/network.o"
  nm -C "$folder/network.o" | grep -oE ' [TW] .*' | grep -vF '{lambda' >"$folder/symbols"
  for kernel in stage_run emit_run convolve micro_kernel; do
    grep -cE "rfpp::cpu::v0_[a-z0-9_]+::$kernel<.*\(" "$folder/symbols" || true
  done >"$folder/$network"
  printf '%-22s %10s %10s %10s %13s\n' $network $(<"$folder/$network")
done
if grep -qx 0 "$folder/Small"; then
  echo "a kernel was not found: has it been renamed?"
  exit 1
fi
cmp -s "$folder/Small" "$folder/RestoreFormerPlusPlus" && cmp -s "$folder/Small" "$folder/Large" || {
  echo "the number of kernels grows with the network"
  exit 1
}
