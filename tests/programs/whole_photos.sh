#!/usr/bin/env bash
# whole_photos.sh <folder with the programs>
# Photos in, photos out: whose detector finds the faces, what is drawn and reported, and what enlarges the rest.
source "$(dirname "$0")/common.sh"
reports() { grep -qF -- "$2" "$1" || fail "expected in $1 \"$2\", found: $(cat "$1")"; }

cp "$data/astronaut.png" photo.png

# A detector's file: that of the one that comes with rfpp finds the same.
run 0 restore photo.png -o default.png
run 0 restore photo.png -o given.png --detector "$weights/centerface.safetensors"
cmp default.png given.png || fail 'the same detector, named, makes another picture'
run 0 restore photo.png --detect --detector "$weights/centerface.safetensors"
says 'photo.png: 1 face -> photo.landmarks.json'
rm photo.landmarks.json

# Faces drawn in: found ones, and those of a file; where nobody mistakes the picture for a restored one.
run 0 restore photo.png --draw
says 'photo.png: 1 face -> drawn/photo.png'
[[ $(size_of drawn/photo.png) == 512x512 ]] || fail "the photo drawn on is $(size_of drawn/photo.png)"
cmp -s drawn/photo.png photo.png && fail 'nothing is drawn'
face='[203.67, 101.83], [246.92, 104.08], [225, 127.5], [200.5, 139], [246, 141]'
small='[17, 8.5], [20.6, 8.7], [18.8, 10.6], [16.7, 11.6], [20.5, 11.8]'
outside='[5203.67, 5101.83], [5246.92, 5104.08], [5225, 5127.5], [5200.5, 5139], [5246, 5141]'
echo "{\"faces\": [{\"landmarks\": [$face]}, {\"landmarks\": [$small]}, {\"landmarks\": [$outside]}]}" >three.json
run 0 restore photo.png --draw --landmarks three.json -o three.png
says 'photo.png: 1 face, 1 too small to restore, 1 outside the photo -> three.png'
cmp -s three.png drawn/photo.png && fail 'landmarks that are given are not those drawn'

# The report says what became of every face and photo, and the last line sums it up.
mkdir photos
cp photo.png photos/a.png
cp photo.png photos/b.png
cp photo.png photos/c.png
cp three.json photos/a.landmarks.json
echo '{"faces": []}' >photos/b.landmarks.json
: >photos/broken.png
mkdir out
: >out/c.png
run 1 restore photos -o out --report report.json --skip-existing
says '4 photos: 1 face, 1 too small to restore, 1 outside the photo; 1 photo without a face; 1 skipped; 1 failed; '
says '1 of 3 images failed'
cmp photos/b.png out/b.png || fail 'a photo without faces is not copied'
reports report.json '"photo": "photos/a.png"'
reports report.json '"result": "out/a.png"'
reports report.json '"fate": "restored"'
reports report.json '"fate": "too small to restore"'
reports report.json '"fate": "outside the photo"'
reports report.json '"skipped": "its result is there already"'
reports report.json '"error": "photos/broken.png: expected an image, found an empty file"'
[[ $(grep -c '"photo":' report.json) == 4 && $(grep -c '"number":' report.json) == 3 ]] || fail "the report: $(cat report.json)"
run 0 restore photo.png -o one.png --faces 1 --landmarks three.json --report one.json
says 'photo.png: 1 face, 2 not chosen, '
reports one.json '"fate": "not chosen"'
run 1 restore missing.png -o missing --report failed.json
reports failed.json '"error": "missing.png: '
rm failed.json
run 1 restore photo.png -o one.png --report missing/report.json
says 'missing/report.json'

# An upscaler for what is around the faces, which adds nothing to the nearest pixel: parameters that are all zero.
header= size=0
parameter() { # <name> <shape> <bytes>
  header+="${header:+,}\"params.$1\":{\"dtype\":\"F32\",\"shape\":[$2],\"data_offsets\":[$size,$((size + $3))]}"
  size=$((size + $3))
}
convolution() { # <number> <out> <in>
  parameter "body.$1.weight" "$2,$3,3,3" $((4 * $2 * $3 * 9))
  parameter "body.$1.bias" "$2" $((4 * $2))
}
convolution 0 64 3
parameter body.1.weight 64 256
for ((i = 2; i < 34; i += 2)); do
  convolution $i 64 64
  parameter body.$((i + 1)).weight 64 256
done
convolution 34 48 64
header="{$header}"
{
  printf "\\x$(printf %x $((${#header} % 256)))\\x$(printf %x $((${#header} / 256)))\\0\\0\\0\\0\\0\\0"
  printf %s "$header"
  head -c $size /dev/zero
} >nearest.safetensors
printf 'P6\n2 1\n255\n\1\2\3\144\145\146' >two.ppm
run 0 restore two.ppm -o two.png --background nearest.safetensors
says 'two.ppm: 0 faces, '
[[ $(size_of two.png) == 8x4 ]] || fail "four times 2x1 is $(size_of two.png)"
# Samples of two bytes stay that: the depth in a PNG's header.
printf 'P6\n2 1\n65535\n\1\2\3\4\5\6\144\145\146\147\150\151' >deep.ppm
run 0 restore deep.ppm -o deep.png --background nearest.safetensors
[[ $(size_of deep.png) == 8x4 && $(od -An -j24 -N1 -tu1 deep.png) -eq 16 ]] || fail 'a photo of 16 bits does not stay one'
run 0 restore two.ppm -o same.png --scale 4
cmp -s two.png same.png && fail 'the upscaler makes what interpolation makes'
run 0 restore photo.png -o twice.png --background nearest.safetensors --scale 2
says 'photo.png: 1 face, '
[[ $(size_of twice.png) == 1024x1024 ]] || fail "twice 512x512 is $(size_of twice.png)"

finish
