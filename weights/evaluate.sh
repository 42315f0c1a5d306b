#!/usr/bin/env bash
# evaluate.sh <programs> <faces> [work folder]
# What the shipped weights do to the validation faces of a folder with a faces.csv: a table, and a sheet of 24.
set -euo pipefail
programs=$(realpath "$1")
faces=$(realpath "$2")
weights=$(realpath "$(dirname "$0")")
mkdir -p "${3:-evaluation}"
cd "${3:-evaluation}"

mkdir -p faces
python3 - "$faces" <<'PYTHON'
import csv, os, sys
for row in csv.DictReader(open(f"{sys.argv[1]}/faces.csv")):
    if row["split"] == "val" and not os.path.lexists(f"faces/{row['file']}"):
        os.symlink(f"{sys.argv[1]}/images/{row['file']}", f"faces/{row['file']}")
PYTHON
measure() {
  "$programs/rfpp-evaluate" "$1" --truth "$2"
  "$programs/rfpp-evaluate" "$1" --truth "$2" --dictionary "$weights/rohqd-medium.safetensors" | grep Frechet
}

for preset in code hard; do
  "$programs/rfpp-degrade" faces -o "$preset" --preset "$preset" --seed 7 --log "$preset.jsonl"
  "$programs/rfpp-restore" --aligned "$preset/degraded" -o "$preset/restored" >restore.log
  echo "== $preset: degraded"
  measure "$preset/degraded" "$preset/clean"
  echo "== $preset: restored"
  measure "$preset/restored" "$preset/clean"
  python3 "$weights/sheet.py" "$preset" "$preset.jpg"
done

"$programs/rfpp-restore" --aligned code/clean --model rohqd-medium -o code/reproduced >restore.log
echo '== rohqd-medium: clean faces, reproduced'
measure code/reproduced code/clean
