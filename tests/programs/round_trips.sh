#!/usr/bin/env bash
# round_trips.sh <folder with the programs> <folder with test data>
# What one program writes another reads; the options do what they say.
set -euo pipefail
programs=$(realpath "$1")
data=$(realpath "$2")
face=$(realpath "$(dirname "$0")/../../examples/data/astronaut.png")
aligned=$data/astronaut.png
weights=$(realpath "$(dirname "$0")/../../weights")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fail() {
  echo "FAILED: $*"
  exit 1
}

"$programs/rfpp-forward" --hashed --input "$data/input_64.safetensors" --output a.safetensors --all --save-weights w.safetensors
"$programs/rfpp-forward" --weights w.safetensors --input "$data/input_64.safetensors" --output b.safetensors --all --threads 1
cmp a.safetensors b.safetensors || fail 'saved weights or another number of threads give another result'
"$programs/rfpp-inspect" a.safetensors >list
for name in output indices codebook_loss latent hs.in hs.block_0 hs.block_4 hs.block_5_atten hs.mid_atten hs.out; do
  grep -q "^$name " list || fail "forward --all wrote no $name"
done
"$programs/rfpp-inspect" w.safetensors | grep -q '^fits restoreformer++$' || fail 'inspect does not see what the weights fit'
"$programs/rfpp-inspect" w.safetensors --convert half.safetensors --half >/dev/null
(($(stat -c %s half.safetensors) * 2 < $(stat -c %s w.safetensors) + 200000)) || fail 'float16 is not half the size'
"$programs/rfpp-forward" --weights half.safetensors --input "$data/input_64.safetensors" --output c.safetensors

"$programs/rfpp-codebook" encode "$face" -o face.codes --map map.png
"$programs/rfpp-codebook" decode face.codes -o decoded.png
(($(stat -c %s face.codes) < 2500)) || fail 'the indices take more than two bytes each'
# From here on a picture without a color profile: restore would keep it, indices do not.
"$programs/rfpp-codebook" encode decoded.png -o second.codes
"$programs/rfpp-codebook" decode second.codes -o second.png
"$programs/rfpp-restore" --aligned decoded.png --model rohqd-medium -o out
cmp out/decoded.png second.png || fail 'decoded indices are not what the autoencoder shows'
"$programs/rfpp-restore" --aligned "$face" --strength 0 -o kept
"$programs/rfpp-restore" --aligned kept/astronaut.png --strength 0 -o again
cmp kept/astronaut.png again/astronaut.png || fail 'strength 0 changes the picture'
"$programs/rfpp-restore" "$face" --weights w.safetensors --scale 2 -o photo >report
grep -q '1 face' report || fail 'restore does not report the faces'
# The small network from here on: what is compared does not depend on which it is.
cp "$weights/restoreformer++-medium.safetensors" m.safetensors
cp "$face" found.png
printf 'P6\n64 48\n255\n%9216s' '' >nobody.ppm
"$programs/rfpp-restore" found.png nobody.ppm --detect >report
grep -q 'found.png: 1 face ' report || fail 'restore --detect does not find the face'
grep -q '"score":0.9.*"box":.*"landmarks":' found.landmarks.json || fail 'a found face has no score, box or landmarks'
"$programs/rfpp-restore" found.png --weights m.safetensors -o given
rm found.landmarks.json nobody.landmarks.json
"$programs/rfpp-restore" found.png --weights m.safetensors -o found --faces largest >report
grep -q '1 face,' report || fail 'restore does not find the face'
"$programs/rfpp-codebook" decode face.codes -o nobody.png
"$programs/rfpp-restore" nobody.png --min-face 400 --weights m.safetensors -o nobody >report
grep -q '0 faces' report || fail 'restore does not report a photo without faces'
cmp nobody.png nobody/nobody.png || fail 'a photo without faces is not copied'
"$programs/rfpp-restore" --aligned "$aligned" --weights m.safetensors -o direct 2>report
"$programs/rfpp-restore" --aligned "$aligned" --weights m.safetensors --cache -o packing 2>report
grep -q 'packed weights are kept in m.safetensors' report || fail 'restore does not say where it keeps packed weights'
"$programs/rfpp-restore" --aligned "$aligned" --weights m.safetensors --cache -o cached 2>report
[[ ! -s report ]] || fail 'the second start with --cache does not use the cache'
"$programs/rfpp-restore" --aligned "$aligned" --weights m.safetensors --low-memory -o small
mkdir faces
for i in 1 2 3; do cp "$aligned" "faces/$i.png"; done
"$programs/rfpp-restore" --aligned faces --weights m.safetensors -o many >report
(($(grep -c ' -> ' report) == 3)) && tail -n 1 report | grep -q '^3 photos: 3 faces' || fail 'restore does not report every picture of a folder'
for picture in packing/astronaut.png cached/astronaut.png many/1.png many/3.png; do
  cmp direct/astronaut.png "$picture" || fail "$picture is not what the checkpoint gives"
done

mkdir one
cp "$face" one/face.png
"$programs/rfpp-degrade" one -o pairs --count 3 --seed 5 --log pairs.jsonl --grid grid.png
"$programs/rfpp-degrade" one -o replayed --replay pairs.jsonl --log again.jsonl --threads 1
diff -r pairs replayed || fail 'a replayed log makes other pictures'
cmp pairs.jsonl again.jsonl || fail 'a replayed log is another log'
"$programs/rfpp-degrade" one -o three --count 4 --seed 5
cmp pairs/degraded/face_2.png three/degraded/face_2.png || fail 'an image depends on how many are made'
"$programs/rfpp-degrade" one -o only --only blur=2 --only noise=5 --only jpeg=70
"$programs/rfpp-evaluate" only/degraded --truth only/clean --json only.json --html only.html | grep -q '^psnr ' ||
  fail 'evaluate prints no PSNR'
grep -q 'data:image/jpeg;base64' only.html || fail 'the report has no pictures'
"$programs/rfpp-evaluate" pairs/degraded --truth pairs/clean >/dev/null
rm pairs/degraded/face_1.png
"$programs/rfpp-evaluate" pairs/degraded --truth pairs/clean 2>missing >/dev/null
grep -q 'no restored image for face_1' missing || fail 'evaluate is silent about a missing image'
cp pairs/degraded/face_0.png pairs/degraded/other.png
"$programs/rfpp-evaluate" pairs/degraded --truth pairs/clean 2>missing >/dev/null
grep -q 'no ground truth for other' missing || fail 'evaluate is silent about an image without ground truth'
echo 'ok'
