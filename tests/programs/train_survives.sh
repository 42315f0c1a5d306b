#!/usr/bin/env bash
# train_survives.sh <folder with the programs> [kills]
# Training that is killed at random moments resumes every time, and ends with the bits of a run that was not.
set -euo pipefail
programs=$(realpath "$1")
kills=${2:-3}
face=$(realpath "$(dirname "$0")/../../examples/data/astronaut.png")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fail() {
  echo "FAILED: $*"
  exit 1
}

mkdir faces
for i in $(seq 10 29); do cp "$face" "faces/$i.png"; done
steps=$((kills * 3 + 4))
"$programs/rfpp-train" first --data faces --batch 1 --steps 1 --seed 3 >first.log
sed -e "s/\"steps\": 1,/\"steps\": $steps,/" -e 's/"discriminator_start": [0-9]*/"discriminator_start": 1/' \
  -e 's/"checkpoint_every": [0-9]*/"checkpoint_every": 1/' -e 's/"log_every": [0-9]*/"log_every": 1/' \
  -e 's/"samples_every": [0-9]*/"samples_every": 2/' -e 's/"validate_every": [0-9]*/"validate_every": 2/' \
  -e 's/"crop": 0/"crop": 64/' \
  first/config.json >config.json
"$programs/rfpp-train" whole --config config.json >whole.log
"$programs/rfpp-train" killed --config config.json >killed.log 2>&1 &
for kill in $(seq "$kills"); do
  sleep "$((RANDOM % 3)).$((RANDOM % 900 + 100))"
  kill -9 $! 2>/dev/null || true
  wait $! 2>/dev/null || true
  "$programs/rfpp-train" killed --resume >killed.log 2>&1 &
done
wait $! || fail "a killed run does not resume: $(tail -1 killed.log)"
cmp whole/checkpoint.safetensors killed/checkpoint.safetensors || fail 'a killed run ends with other bits'
cmp whole/validation.csv killed/validation.csv || fail 'a killed run has another table'
[[ -z $(find killed -name '*.tmp') ]] || fail 'what was being written is still there'

"$programs/rfpp-train" asked --config config.json >asked.log &
sleep 3
kill -INT $! && wait $! || fail 'an interrupted run ends with an error'
[[ -s asked/checkpoint.safetensors ]] || fail 'an interrupted run leaves no checkpoint'
"$programs/rfpp-train" asked --resume >asked.log
cmp whole/checkpoint.safetensors asked/checkpoint.safetensors || fail 'an interrupted run ends with other bits'
echo "ok, $kills kills"
