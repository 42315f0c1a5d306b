#!/usr/bin/env bash
# folders.sh <folder with the programs>
# Folders as people have them: what is taken, what is left out, what results are called, and that one bad file ends
# nothing.
source "$(dirname "$0")/common.sh"
files_in() { [[ $(cd "$1" && find . -type f | sort | tr '\n' ' ') == "$2" ]] || fail "in $1: $(find "$1" -type f | sort | tr '\n' ' '), expected $2"; }
png=$data/astronaut.png jpg=$data/astronaut_degraded.jpg

# What is taken: by content, in the form of the name.
mkdir -p in/below
cp "$png" in/a.PNG
cp "$jpg" in/b.JPG
cp "$jpg" in/c.jpeg
cp "$jpg" in/d.jfif
cp "$png" in/plain
cp "$png" in/below/a.PNG
echo hello >in/notes.txt
echo x >in/._a.PNG
echo x >in/.DS_Store
: >in/broken.jpg
run 1 restore --aligned in -o out
says 'in: left out 1 file that is no image rfpp reads: notes.txt; 1 folder: below'
says 'in/broken.jpg: expected an image, found an empty file'
says '1 of 6 images failed'
silent_about '._a'
silent_about 'DS_Store'
files_in out './a.PNG ./b.JPG ./c.jpeg ./d.jpg ./plain.png '
head -c 4 out/a.PNG | grep -q PNG || fail 'a.PNG is no PNG'
[[ $(head -c 2 out/b.JPG | od -An -tx1) == ' ff d8' ]] || fail 'b.JPG is no JPEG'
rm in/broken.jpg

# Results that are there.
run 0 restore --aligned in -o out --skip-existing
says '5 results are there already'
rm out/b.JPG
run 0 restore --aligned in -o out --skip-existing
[[ $(wc -l <stdout) == 2 && -s out/b.JPG ]] || fail "--skip-existing does other than what is left: $(cat stdout)"

# Folders in folders; the results that lie among them are no inputs.
run 0 restore --aligned in -o in/results --recursive --format jpg --quality 60
files_in in/results './a.jpg ./b.JPG ./below/a.jpg ./c.jpeg ./d.jpg ./plain.jpg '
run 0 restore --aligned in/a.PNG -o fine.jpg --quality 98
(($(stat -c %s fine.jpg) > 2 * $(stat -c %s in/results/a.jpg))) || fail '--quality does not count'
run 0 restore --aligned in -o in/results --recursive --format jpg --skip-existing
says '6 results are there already'
rm -r in/results

# Names.
run 0 restore --aligned "$png" -o new/folder/one.png
[[ -s new/folder/one.png ]] || fail '-o FILE.png is not written'
run 1 restore --aligned in -o many.png
says 'many.png: --output names a file, which is for one picture'
run 1 restore --aligned "$png" -o one.gif
says 'one.gif: cannot write: expected a name that ends in .png'
run 1 restore --aligned "$png" -o one.png --format jpg
says 'one.png: is another format than --format jpg'
mkdir one two
cp "$png" one/a.png
cp "$png" two/a.png
cp "$png" two/b.bmp
cp "$png" two/b.png
run 1 restore --aligned one two -o collide
says 'two/a.png: its result would overwrite that of one/a.png, both collide/a.png; restore them into folders of their own'
run 1 restore --aligned two -o collide
says 'two/b.png: its result would overwrite that of two/b.bmp'
run 1 restore --aligned two/b.bmp two/a.png -o two
says 'two/a.png: would be overwritten by the result; choose another --output'
run 1 restore --aligned two/b.bmp -o two/b.bmp
says 'two/b.bmp: cannot write: expected a name'
[[ ! -e collide && ! -e many.png && ! -e one.gif && ! -e one.png ]] || fail 'what is refused is written'

# Sizes of aligned faces: the network's, or another; a whole photo is none.
# The network that comes with rfpp is of 256 pixels.
run 0 restore --aligned "$png" -o s64.png --size 64
run 0 restore --aligned "$png" -o s256.png
run 0 restore --aligned s64.png -o large256.png
run 0 restore --aligned s64.png -o s300.png --size 300
for picture in s64 s256 large256 s300; do
  side=${picture//[a-z]/}
  [[ $(size_of $picture.png) == "${side}x$side" ]] || fail "a face of $side pixels is $(size_of $picture.png)"
done
printf 'P6\n512 300\n255\n' >wide.ppm
head -c $((512 * 300 * 3)) /dev/zero >>wide.ppm
run 1 restore --aligned wide.ppm -o wide
says 'wide.ppm: expected an aligned face, which is square, found 512x300 pixels; leave out --aligned for a whole photo'

printf 'P6\n512 500\n255\n' >noface.ppm
head -c $((512 * 500 * 3)) /dev/zero >>noface.ppm
run 0 restore --aligned "$png" -o whole
says 'astronaut.png: warning: is a whole photo rather than an aligned face; leave out --aligned'
run 0 restore --aligned "$aligned" noface.ppm -o whole
silent_about warning

# Faces that stay as they are, and eyes given right to left.
cp "$data/astronaut.png" photo.png
face='[203.67, 101.83], [246.92, 104.08], [225, 127.5], [200.5, 139], [246, 141]'
own_side='[246.92, 104.08], [203.67, 101.83], [225, 127.5], [246, 141], [200.5, 139]'
small='[17, 8.5], [20.6, 8.7], [18.8, 10.6], [16.7, 11.6], [20.5, 11.8]'
outside='[5203.67, 5101.83], [5246.92, 5104.08], [5225, 5127.5], [5200.5, 5139], [5246, 5141]'
for name in face own_side small outside; do echo "{\"faces\": [{\"landmarks\": [${!name}]}]}" >$name.json; done
echo "{\"faces\": [{\"landmarks\": [$face]}, {\"landmarks\": [$small]}, {\"landmarks\": [$outside]}]}" >three.json
run 0 restore photo.png --landmarks three.json -o three.png
says 'photo.png: 1 face, 1 too small to restore, 1 outside the photo, '
for name in small outside; do
  run 0 restore photo.png --landmarks $name.json -o $name.png
  says 'photo.png: 0 faces, 1 '
done
run 0 restore photo.png --landmarks face.json -o face.png
silent_about warning
cmp face.png three.png || fail 'faces that stay as they are change the photo'
run 0 restore photo.png --landmarks own_side.json -o own_side.png
says 'photo.png: warning: the eyes of a face were given right to left'
cmp face.png own_side.png || fail 'eyes given right to left make another picture'

# What cannot work is refused before the network runs, so at once.
printf 'P6\n8000 3000\n255\n' >large.ppm
head -c $((8000 * 3000 * 3)) /dev/zero >>large.ppm
echo '{"faces": []}' >none.json
run 1 restore large.ppm --landmarks none.json --scale 8 -o large
says 'large.ppm: its result would be an image of 64000x24000 pixels'

# An error that memory is short names the file.
(
  ulimit -v 500000
  "$programs/rfpp-degrade" large.ppm "$png" -o narrow --only blur=2 --threads 1 >stdout 2>stderr
) && fail 'degrade does in 500 MB what takes more'
says 'large.ppm: out of memory'
says '1 pair in'

# Folders in folders, and results that are there, elsewhere.
mkdir -p tree/below
cp "$png" tree/a.png
cp "$jpg" tree/below/a.jpg
echo hello >tree/notes.txt
run 0 degrade tree -o pairs_of_tree --only blur=2 --log tree.jsonl
says 'tree: left out 1 file that is no image rfpp reads: notes.txt; 1 folder: below'
files_in pairs_of_tree './clean/a.png ./degraded/a.png '
head -c -2 "$jpg" >cut.jpg
for command in 'degrade cut.jpg -o cut_pair --only blur=2' 'codebook encode cut.jpg -o cut.codes'; do
  run 0 $command
  says 'cut.jpg: warning: truncated JPEG: no end marker'
done
run 0 degrade tree -o pairs_of_tree --only blur=2 --log tree.jsonl --recursive --skip-existing
says '1 pair is there already'
says '1 pair in'
files_in pairs_of_tree './clean/a.png ./clean/below/a.png ./degraded/a.png ./degraded/below/a.png '
[[ $(wc -l <tree.jsonl) == 2 ]] && grep -qF '"below/a.jpg"' tree.jsonl || fail "the log of both runs: $(cat tree.jsonl)"
run 0 degrade tree -o replayed_tree --recursive --replay tree.jsonl
diff -r pairs_of_tree replayed_tree || fail 'a replayed tree has other pictures'
run 1 degrade pairs_of_tree -o pairs_of_tree --recursive
says 'would lie among its results'
run 0 evaluate pairs_of_tree/degraded --truth pairs_of_tree/clean --recursive --json tree.json
says '2 pairs'
grep -q '"below/a"' tree.json || fail 'evaluate names no picture by its folder'
run 0 evaluate pairs_of_tree/degraded --truth pairs_of_tree/clean
says 'pairs_of_tree/degraded: left out 1 folder: below'
run 0 restore tree --detect --recursive
[[ -s tree/a.landmarks.json && -s tree/below/a.landmarks.json ]] || fail '--detect leaves folders out'
run 1 restore tree --detect
says 'a.landmarks.json: is there already'
run 0 restore tree --detect --recursive --skip-existing
says '2 results are there already'

# One bad file in a batch: the others are done, and the log, the tables and the run are there.
mkdir faces
for name in a b c; do cp "$png" faces/$name.png; done
echo hello >faces/notes.txt
: >faces/bad.png
run 1 degrade faces -o pairs --only blur=2 --log pairs.jsonl --grid grid.png
says 'degrade: error: faces/bad.png: '
says '1 of 4 images failed'
says '3 pairs'
files_in pairs './clean/a.png ./clean/b.png ./clean/c.png ./degraded/a.png ./degraded/b.png ./degraded/c.png '
[[ $(wc -l <pairs.jsonl) == 3 && -s grid.png ]] || fail 'degrade lost its log or its sheet'
: >pairs/degraded/b.png
run 1 evaluate pairs/degraded --truth pairs/clean --json table.json --html table.html
says 'evaluate: error: pairs/degraded/b.png: '
says '2 pairs'
grep -q '"failed"' table.json && grep -q '"psnr"' table.json || fail 'evaluate lost its table'
grep -q '1 that could not be measured: b' table.html || fail 'the report says nothing of what failed'
run 1 train trained --data faces --batch 1 --steps 1
says 'train: error: faces/bad.png: '
says '1 of the faces in faces could not be read'
says 'faces: left out 1 file that is no image rfpp reads: notes.txt'
[[ -s trained/checkpoint.safetensors && -s trained/training.csv && -s trained/validation.csv ]] || fail 'train lost its run'

# Folders of faces to train on; the run among them is none, and damaged faces are taken with a word.
mkdir -p people/ann people/bob
cp "$png" people/ann/a.png
cp "$png" people/bob/a.png
cp cut.jpg people/bob/cut.jpg
run 1 train people/run --data people --batch 1 --steps 1
says 'people: expected faces, found none, but 2 folders: ann, bob; give one of those, take all with --recursive'
for more in '--data people --recursive --batch 1 --steps 1' --resume; do
  run 0 train people/run $more
  says 'people/bob/cut.jpg: warning: truncated JPEG: no end marker'
  [[ $(wc -l <stderr) == 1 ]] || fail "train says more than one file needs: $(cat stderr)"
done
[[ -s people/run/validation.csv && -n $(find people/run/samples -name '*.png') ]] || fail 'the run among the faces has no samples'

finish
