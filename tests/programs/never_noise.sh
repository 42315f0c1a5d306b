#!/usr/bin/env bash
# never_noise.sh <folder with the programs>
# A network without weights is an error, never noise; where weights that come with rfpp are looked for.
source "$(dirname "$0")/common.sh"
unset RFPP_WEIGHTS_DIR
refuses() {
  refused "$@"
  [[ ! -e out ]] || fail "$*: leaves a folder"
}

refuses 'no weights for restoreformer:' restore --aligned "$aligned" -o out --model restoreformer
refuses 'no weights for restoreformer:' restore --aligned "$aligned" -o out --model RestoreFormer
refuses "restoreformer.safetensors in one of $programs, $programs/weights, ${programs%/*}/share/rfpp, " \
  restore --aligned "$aligned" -o out --model restoreformer
run 0 restore --aligned "$aligned" -o noise --hashed --model RestoreFormer++-Medium
[[ -s noise/astronaut.png && ! -s stderr ]] || fail '--hashed writes nothing, or is not silent'
run 0 codebook encode "$aligned" -o face.codes
sed 's/"rohqd-medium"/"rohqd"       /' face.codes >large.codes
refuses 'no weights for rohqd:' codebook decode large.codes -o out

# In which order it looks: each place in turn gets a file that is no checkpoint, and the error names it.
mkdir -p prefix/bin/weights prefix/share/rfpp named
cp "$programs/rfpp-restore" prefix/bin
[[ ! -e $programs/rfpp-restore.x86-64 ]] || cp "$programs"/rfpp-restore.x86-64* prefix/bin
for place in prefix/share/rfpp prefix/bin/weights prefix/bin named; do
  : >"$place/restoreformer++-medium.safetensors"
  found=$place/restoreformer++-medium.safetensors
  RFPP_WEIGHTS_DIR=$work/named programs=prefix/bin refuses "$found: not a checkpoint" restore --aligned "$aligned" -o out
done

finish
