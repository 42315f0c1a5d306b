# examples.sh <folder>
# The examples are seven, and each is read on one screen.
set -eu
cd "$1"
count=0
for example in 0*.cpp; do
  lines=$(wc -l <"$example")
  ((lines <= 60)) || { echo "$example has $lines lines; expected at most 60"; exit 1; }
  ((count += 1))
done
((count == 7)) || { echo "expected seven examples, found $count"; exit 1; }
