#!/usr/bin/env bash
# bad_input.sh <folder with the programs>
# Whatever is wrong with the input: one line on stderr that says so, an exit code that is not 0, nothing half-written.
source "$(dirname "$0")/common.sh"
trap 'umount "$work/full" 2>/dev/null; rm -rf "$work"' EXIT

: >empty.png
cp "$data/astronaut.png" photo.png
echo 'this is text' >text.png
head -c 20000 "$data/astronaut.png" >truncated.png
printf 'P6\n0 0\n255\n' >zero.ppm
printf 'P6\n20000 20000\n255\n' >huge.ppm
mkdir folder
: >empty.safetensors
echo 'this is text' >text.ckpt
run 0 forward --hashed --save-weights whole.safetensors
head -c 1000000 whole.safetensors >truncated.safetensors
cp whole.safetensors nan.safetensors
printf '\377\377\377\377' | dd of=nan.safetensors bs=1 seek=200000000 conv=notrunc status=none

face=(--aligned "$aligned" -o out)
refused 'missing.png' restore --aligned missing.png -o out
refused 'folder' restore --aligned folder -o out
refused 'empty.png' restore --aligned empty.png -o out
refused 'text.png' restore --aligned text.png -o out
refused 'truncated.png' restore --aligned truncated.png -o out
refused 'zero.ppm' restore --aligned zero.ppm -o out
refused '20000x20000' restore --aligned huge.ppm -o out
refused 'text.png' restore text.png --landmarks "$data/astronaut.landmarks.json" -o out
refused 'expected all, largest, center' restore photo.png --faces both -o out
refused 'face 7 is asked for, the photo has 1' restore photo.png --faces 7 -o out
echo '{"faces": []}' >kept.landmarks.json
cp photo.png kept.png
refused 'kept.landmarks.json: is there already' restore kept.png --detect
refused 'text.png' restore text.png --detect
refused 'text.png: expected JSON' restore "$data/astronaut.png" --landmarks text.png -o out
refused 'missing.ckpt' restore "${face[@]}" --weights missing.ckpt
refused 'folder' restore "${face[@]}" --weights folder
refused 'empty file' restore "${face[@]}" --weights empty.safetensors
refused 'found text starting with "this is text' restore "${face[@]}" --weights text.ckpt
refused 'truncated.safetensors' restore "${face[@]}" --weights truncated.safetensors
refused '36 unexpected' restore "${face[@]}" --weights whole.safetensors --model restoreformer
refused 'NaN' restore "${face[@]}" --weights nan.safetensors
refused 'unknown network "nonesuch"' restore "${face[@]}" --model nonesuch
echo 'this is text' >text.pth
for option in detector parser background; do
  refused 'missing.pth' restore "$data/astronaut.png" -o out --$option missing.pth
  refused 'found text starting with "this is text' restore "$data/astronaut.png" -o out --$option text.pth
  refused 'whole.safetensors: expected the weights of a' restore "$data/astronaut.png" -o out --$option whole.safetensors
done
refused 'missing/report.json' restore "$data/astronaut.png" -o out --report missing/report.json
refused 'missing' codebook decode missing -o out.png
refused 'indices' codebook decode whole.safetensors -o out.png
refused 'text.png' codebook encode text.png -o out.codes
refused 'missing' forward --hashed --input missing --output out.safetensors
refused '"input"' forward --hashed --input whole.safetensors --output out.safetensors
refused 'text.ckpt' inspect text.ckpt
refused 'expected cpu, cuda or cuda:N' restore "${face[@]}" --device gpu
refused 'CUDA' restore "${face[@]}" --device cuda:99
refused 'CUDA' degrade "$data/astronaut.png" -o out --device cuda:99
refused 'CUDA' codebook encode "$data/astronaut.png" -o out --device cuda:99
refused '/proc/rfpp' restore --aligned "$aligned" -o /proc/rfpp
echo 'this is text' >text.jsonl
line='{"image": "astronaut.png", "stages": [{"stage": "jpeg", "quality": 0}]}'
echo "$line" >impossible.jsonl
echo '{"image": "other.png", "stages": []}' >other.jsonl
refused 'missing.png' degrade missing.png -o out
refused 'text.png' degrade text.png -o out
refused 'unknown preset "edm"' degrade "$data/astronaut.png" -o out --preset edm
refused 'text.jsonl: line 1: expected a JSON object' degrade "$data/astronaut.png" -o out --replay text.jsonl
refused 'expected a quality of 1 to 100' degrade "$data/astronaut.png" -o out --replay impossible.jsonl
refused '"other.png" is not among the inputs' degrade "$data/astronaut.png" -o out --replay other.jsonl
refused '--only sharpen=1' degrade "$data/astronaut.png" -o out --only sharpen=1
refused 'blur: expected a sigma' degrade "$data/astronaut.png" -o out --only blur=-1
refused 'expected a quality of 1 to 100' degrade "$data/astronaut.png" -o out --only jpeg=1e99
refused '/proc/rfpp' degrade "$data/astronaut.png" -o /proc/rfpp
refused 'missing/grid.png' degrade "$data/astronaut.png" -o out --grid missing/grid.png
refused 'grid.bmp' degrade "$data/astronaut.png" -o out --grid grid.bmp
refused 'missing/log' degrade "$data/astronaut.png" -o out --log missing/log
mkdir -p one two made/clean
cp "$data/astronaut.png" one
cp "$data/astronaut.png" made/clean
cp one/astronaut.png astronaut_0.png
refused 'would lie among its results' degrade made/clean -o made
echo '{"image": "astronaut.png", "stages": []}
{"image": "astronaut.png", "stages": []}
{"image": "astronaut_0.png", "stages": []}' >same.jsonl
refused 'makes astronaut_0.png too' degrade one astronaut_0.png -o out --replay same.jsonl
cp text.png two/astronaut.png
refused 'nothing to measure against' evaluate one
refused 'CUDA' evaluate one --truth one --device cuda:99
refused 'holds no image' evaluate one --truth folder
refused 'missing/out.html' evaluate one --truth one --html missing/out.html
refused 'missing/out.json' evaluate one --truth one --json missing/out.json
refused 'two/astronaut.png' evaluate two --truth one --html out.html
refused 'whole.safetensors' evaluate one --truth one --arcface whole.safetensors
refused 'no file holds the parameter' evaluate one --truth one --lpips whole.safetensors
refused 'a new run needs --data' train out
refused 'missing: expected a folder of aligned faces' train out --data missing
mkdir has_run
echo '{}' >has_run/config.json
refused 'has_run: holds a run already' train has_run --data one
refused 'config.json: expected the settings' train has_run --resume
refused 'found none' train out --data folder
refused 'text.jsonl: expected the settings' train out --data two --config text.jsonl
refused 'expected cpu, cuda or cuda:N' train out --data one --device gpu
refused 'CUDA' train out --data one --device cuda:99
refused 'unknown network "nonesuch"' train out --data one --network nonesuch
refused 'found no file' train out --resume
mkdir full
if mount -t tmpfs -o size=64k tmpfs full 2>/dev/null; then
  refused 'No space left' restore --aligned "$aligned" -o full
  umount full
else
  echo 'not run: a full disk needs the right to mount one'
fi

finish
