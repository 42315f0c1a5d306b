#!/usr/bin/env bash
# never_noise.sh <folder with the programs>
# A network without weights is an error, never noise; where weights that come with rfpp are looked for.
set -uo pipefail
programs=$(realpath "$1")
face=$(realpath "$(dirname "$0")/../data/programs/astronaut.png")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
unset RFPP_WEIGHTS_DIR
failures=0

# refused <text that the message holds> <command>...: exit code not 0, one line, nothing written
refused() {
  local expected=$1
  shift
  rm -rf out
  "$@" >stdout 2>message </dev/null
  local code=$?
  if ((code == 0 || code >= 126)) || [[ $(wc -l <message) != 1 ]] || ! grep -qF -- "$expected" message || [[ -e out ]]; then
    echo "FAILED: $*: exit code $code, expected \"$expected\", found:"
    cat message
    failures=$((failures + 1))
  fi
}

refused 'no weights for restoreformer:' "$programs/rfpp-restore" --aligned "$face" -o out --model restoreformer
refused 'no weights for restoreformer:' "$programs/rfpp-restore" --aligned "$face" -o out --model RestoreFormer
refused "restoreformer.safetensors in one of $programs, $programs/weights, ${programs%/*}/share/rfpp, " \
  "$programs/rfpp-restore" --aligned "$face" -o out --model restoreformer
"$programs/rfpp-restore" --aligned "$face" -o noise --hashed --model RestoreFormer++-Small >/dev/null 2>message ||
  { echo 'FAILED: --hashed'; failures=$((failures + 1)); }
[[ -s noise/astronaut.png && ! -s message ]] || { echo 'FAILED: --hashed writes nothing, or is not silent'; failures=$((failures + 1)); }
"$programs/rfpp-codebook" encode "$face" -o face.codes >/dev/null || failures=$((failures + 1))
sed 's/"rohqd-small"/"rohqd"      /' face.codes >large.codes
refused 'no weights for rohqd:' "$programs/rfpp-codebook" decode large.codes -o out

# In which order it looks: each place in turn gets a file that is no checkpoint, and the error names it.
mkdir -p prefix/bin/weights prefix/share/rfpp named
cp "$programs/rfpp-restore" prefix/bin
[[ ! -e $programs/rfpp-restore.x86-64 ]] || cp "$programs"/rfpp-restore.x86-64* prefix/bin
for place in prefix/share/rfpp prefix/bin/weights prefix/bin named; do
  : >"$place/restoreformer++-small.safetensors"
  found=$place/restoreformer++-small.safetensors
  RFPP_WEIGHTS_DIR=$work/named refused "$found: not a checkpoint" prefix/bin/rfpp-restore --aligned "$face" -o out
done

echo "$failures failures"
exit $((failures > 0))
